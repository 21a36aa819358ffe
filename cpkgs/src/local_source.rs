//! Source packages that lie on this machine: a `.dsc` file, or a folder that one was unpacked to.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use debian_control::inrelease::{self, EnvelopeError};
use debian_control::limits::Limits;
use debian_control::name::NameError;
use debian_control::stanza::{Stanza, StanzaError, StanzaReader};
use debian_control::version::{Version, VersionError};

/// What a signed `.dsc` begins with.
const SIGNED: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

/// What a source package of this machine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalSource {
    /// Its name.
    pub name: String,
    /// Its version; a folder has it in another file, which is not read.
    pub version: Option<Version>,
    /// Its stanza.
    pub stanza: String,
}

/// Why a source package of this machine cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalSourceError {
    /// It is not there, or cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no description of a source package.
    #[error("`{}` describes no source package", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Malformed,
    },
}

/// What is wrong with a description of a source package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It is larger than any that is read.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// The signature around it is broken off, or something stands beside it.
    #[error("it is signed, but not as one message")]
    Envelope(#[from] EnvelopeError),
    /// Its first stanza is malformed.
    #[error(transparent)]
    Stanza(#[from] StanzaError),
    /// A field that has to be there is not.
    #[error("its first stanza has no field `Source`")]
    NoSource,
    /// Its name is invalid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Its version is invalid.
    #[error(transparent)]
    Version(#[from] VersionError),
}

/// Says whether a person who writes a word means a file or a folder by it, not the name of a package.
///
/// Source: apt-get(8), "build-dep".
pub fn is_path(word: &str) -> bool {
    let is_dsc = Path::new(word).extension().is_some_and(|end| end == "dsc");
    is_dsc || word.starts_with(['.', '/']) || word.ends_with('/')
}

impl LocalSource {
    /// Reads a `.dsc` file, or `debian/control` in a folder. A signature is taken off and not checked.
    ///
    /// # Errors
    /// When it cannot be read, or describes no source package.
    pub fn open(path: &Path) -> Result<Self, LocalSourceError> {
        let file = match path.is_dir() {
            true => path.join("debian/control"),
            false => path.to_owned(),
        };
        let bytes = read(&file).map_err(|source| LocalSourceError::Read {
            path: file.clone(),
            source,
        })?;
        Self::parse(&bytes).map_err(|source| LocalSourceError::Malformed { path: file, source })
    }

    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let most = Limits::default().max_control_bytes;
        if bytes.len() > most {
            return Err(Malformed::TooLarge(most));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| Malformed::NotUtf8)?;
        let text = match bytes.starts_with(SIGNED) {
            true => inrelease::split(bytes)?.text,
            false => whole.to_owned(),
        };
        // Comments stand in debian/control, also inside a field. Source: deb-src-control(5).
        let lines = text.split_inclusive('\n').filter(|line| !line.starts_with('#'));
        let text: String = lines.collect();
        let first = StanzaReader::new(&text).next_text();
        let (stanza, _) = first.ok_or(Malformed::NoSource)?;
        let read = Stanza::parse(stanza)?;
        let name = read.line("Source").ok_or(Malformed::NoSource)?;
        name.parse::<debian_control::name::PackageName>()?;
        Ok(Self {
            name: name.to_owned(),
            version: read.line("Version").map(str::parse).transpose()?,
            stanza: format!("{stanza}\n"),
        })
    }
}

/// Reads a file, and no more of it than shows that it is too large.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe is not even opened: that waits for whoever writes.
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    let most = Limits::default().max_control_bytes as u64;
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_a_control_file_are_passed_over_and_only_its_first_stanza_counts() {
        let text = "# Made by hand.\nSource: app\nBuild-Depends: a,\n# not yet: b,\n c\n\nPackage: tool\n";
        let source = LocalSource::parse(text.as_bytes()).unwrap();
        assert_eq!(source.name, "app");
        assert_eq!(source.version, None);
        assert_eq!(source.stanza, "Source: app\nBuild-Depends: a,\n c\n");
    }

    #[test]
    fn a_signed_description_is_read_without_its_signature() {
        let text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nFormat: 3.0 (native)\nSource: app\nVersion: 1:2\n\
            -----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n";
        let source = LocalSource::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (source.name.as_str(), source.version),
            ("app", "1:2".parse().ok())
        );
    }

    #[test]
    fn what_is_no_source_package_is_refused() {
        let refused = |bytes: &[u8]| LocalSource::parse(bytes).unwrap_err();
        assert!(matches!(refused(b""), Malformed::NoSource));
        assert!(matches!(refused(b"Package: a\n"), Malformed::NoSource));
        assert!(matches!(refused(b"Source: a b\n"), Malformed::Name(_)));
        assert!(matches!(
            refused(b"Source: a\nVersion: -1\n"),
            Malformed::Version(_)
        ));
        assert!(matches!(refused(b"Source: \xff\n"), Malformed::NotUtf8));
        let large = vec![b'a'; Limits::default().max_control_bytes + 1];
        assert!(matches!(refused(&large), Malformed::TooLarge(_)));
    }

    #[test]
    fn a_path_is_told_from_a_name() {
        for path in ["app_1.dsc", "./app-1", "/src/app", "app-1/", ".", "../x"] {
            assert!(is_path(path), "{path}");
        }
        for name in ["app", "app=1", "app/stable", "libc6.1"] {
            assert!(!is_path(name), "{name}");
        }
    }
}
