//! `.changes` files: which files an upload is made of. Source: Debian Policy 5.5.
//!
//! A signature around it is taken off and not checked: who uploads shows that otherwise.

use std::fmt;
use std::str::FromStr;

use crate::digest::{DigestError, Sha256};
use crate::inrelease::{self, EnvelopeError};
use crate::name::{self, NameError, PackageName};
use crate::stanza::{Stanza, StanzaError};

/// How many files one upload may have.
const MAX_FILES: usize = 512;
/// What a signed file begins with.
const SIGNED: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

/// The name of a file of an upload: letters, digits and `.+~_-`, the first one a letter or digit, at most 255 bytes.
///
/// Safe to build a path from. Source: the names that dpkg-deb(1) and dpkg-genbuildinfo(1) give.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Box<str>);

/// A text that is no [`FileName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid file name `{0}`: expected letters, digits and `.+~_-`, the first one a letter or digit, at most 255 bytes"
)]
pub struct FileNameError(String);

impl FileName {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileName {
    type Err = FileNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let right = (1..=255).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".+~_-".contains(&byte));
        right
            .then(|| Self(text.into()))
            .ok_or_else(|| FileNameError(name::shown(text)))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// One file of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangesFile {
    /// Its name.
    pub name: FileName,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Sha256,
}

/// What a `.changes` file says of an upload, as far as it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The source package.
    pub source: PackageName,
    /// Its files, in the order of `Checksums-Sha256`; never none.
    pub files: Vec<ChangesFile>,
}

/// Why a text is no `.changes` file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangesError {
    /// The signature around it is broken off, or something stands beside it.
    #[error("it is signed, but not as one message: {0}")]
    Envelope(#[from] EnvelopeError),
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It is no stanza.
    #[error(transparent)]
    Stanza(#[from] StanzaError),
    /// A field that has to be there is not.
    #[error("it has no field `{0}`")]
    Missing(&'static str),
    /// The name of the source package is invalid.
    #[error(transparent)]
    Source(#[from] NameError),
    /// A line of a list of files is malformed.
    #[error("`{field}` has the line `{line}`: expected {expected}")]
    Line {
        /// The field.
        field: &'static str,
        /// The line.
        line: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A digest is malformed.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// A file name is invalid.
    #[error(transparent)]
    FileName(#[from] FileNameError),
    /// A file is listed twice.
    #[error("`{field}` lists `{name}` twice")]
    Twice {
        /// The field.
        field: &'static str,
        /// The file.
        name: FileName,
    },
    /// The two lists of files do not agree.
    #[error("`Files` and `Checksums-Sha256` do not agree on `{0}`")]
    Differ(FileName),
    /// There are too many files.
    #[error("it lists more than {MAX_FILES} files")]
    TooMany,
}

impl Changes {
    /// Parses the bytes of a `.changes` file, signed or not.
    ///
    /// # Errors
    /// Where it is not one stanza, lacks `Source`, `Files` or `Checksums-Sha256`, or these do not name the same files
    /// with the same sizes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ChangesError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ChangesError::NotUtf8)?;
        if bytes.starts_with(SIGNED) {
            return Self::parse_text(&inrelease::split(bytes)?.text);
        }
        Self::parse_text(text)
    }

    fn parse_text(text: &str) -> Result<Self, ChangesError> {
        let stanza = Stanza::parse(text)?;
        let source = stanza.line("Source").ok_or(ChangesError::Missing("Source"))?;
        // A binNMU names the version of its source: `Source: hello (1.0-1)`.
        let source: PackageName = source.split(' ').next().unwrap_or_default().parse()?;
        source.check_policy()?;
        let files = checksums(&stanza)?;
        let mut sizes = files_field(&stanza)?;
        for file in &files {
            match sizes.iter().position(|(name, _)| *name == file.name) {
                Some(at) if sizes.swap_remove(at).1 == file.size => {}
                _ => return Err(ChangesError::Differ(file.name.clone())),
            }
        }
        match sizes.pop() {
            Some((name, _)) => Err(ChangesError::Differ(name)),
            None => Ok(Self { source, files }),
        }
    }
}

/// Reads `Checksums-Sha256`.
pub(crate) fn checksums(stanza: &Stanza<'_>) -> Result<Vec<ChangesFile>, ChangesError> {
    const FIELD: &str = "Checksums-Sha256";
    let mut files: Vec<ChangesFile> = Vec::new();
    for words in lines(stanza, FIELD)? {
        let [sha256, size, name] = words.as_slice() else {
            return Err(line(FIELD, &words, "a digest, a size and a name"));
        };
        let file = ChangesFile {
            name: name.parse()?,
            size: size
                .parse()
                .map_err(|_| line(FIELD, &words, "a size in bytes after the digest"))?,
            sha256: sha256.parse()?,
        };
        if files.iter().any(|known| known.name == file.name) {
            return Err(ChangesError::Twice {
                field: FIELD,
                name: file.name,
            });
        }
        files.push(file);
    }
    Ok(files)
}

/// Reads `Files`: digest, size, section, priority, name. Only what two readers could disagree on is asked of it.
fn files_field(stanza: &Stanza<'_>) -> Result<Vec<(FileName, u64)>, ChangesError> {
    const FIELD: &str = "Files";
    let mut files: Vec<(FileName, u64)> = Vec::new();
    for words in lines(stanza, FIELD)? {
        let [_, size, _, _, name] = words.as_slice() else {
            return Err(line(
                FIELD,
                &words,
                "a digest, a size, a section, a priority and a name",
            ));
        };
        let name: FileName = name.parse()?;
        let size = size
            .parse()
            .map_err(|_| line(FIELD, &words, "a size in bytes after the digest"))?;
        if files.iter().any(|(known, _)| *known == name) {
            return Err(ChangesError::Twice { field: FIELD, name });
        }
        files.push((name, size));
    }
    Ok(files)
}

/// Returns the words of each line of a list, of which there is one at least.
fn lines<'a>(stanza: &Stanza<'a>, field: &'static str) -> Result<Vec<Vec<&'a str>>, ChangesError> {
    let list = stanza.get(field).ok_or(ChangesError::Missing(field))?;
    let lines: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split([' ', '\t']).filter(|word| !word.is_empty()).collect())
        .filter(|words: &Vec<&str>| !words.is_empty())
        .take(MAX_FILES + 1)
        .collect();
    match lines.len() {
        0 => Err(ChangesError::Missing(field)),
        count if count > MAX_FILES => Err(ChangesError::TooMany),
        _ => Ok(lines),
    }
}

fn line(field: &'static str, words: &[&str], expected: &'static str) -> ChangesError {
    ChangesError::Line {
        field,
        line: name::shown(&words.join(" ")),
        expected,
    }
}

#[cfg(test)]
mod tests;
