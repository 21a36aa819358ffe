//! Release files. Source: the Debian wiki, DebianRepository/Format; apt-secure(8).

mod date;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::digest::Sha256;
use crate::name::shown;
use crate::packages::one_line;
use crate::stanza::{Field, Stanza, StanzaError, is_field_name};

pub use date::{format_date, format_iso, parse_date};

/// What a Release file says. Times are Unix seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// `Origin`.
    pub origin: Option<String>,
    /// `Label`.
    pub label: Option<String>,
    /// `Suite`.
    pub suite: Option<String>,
    /// `Version`.
    pub version: Option<String>,
    /// `Codename`.
    pub codename: Option<String>,
    /// `Date`.
    pub date: Option<i64>,
    /// `Valid-Until`.
    pub valid_until: Option<i64>,
    /// `NotAutomatic`.
    pub not_automatic: bool,
    /// `ButAutomaticUpgrades`.
    pub but_automatic_upgrades: bool,
    /// `Acquire-By-Hash`.
    pub acquire_by_hash: bool,
    /// `No-Support-for-Architecture-all`.
    pub no_support_for_architecture_all: Option<String>,
    /// `Snapshots`.
    pub snapshots: Option<String>,
    /// `Changelogs`.
    pub changelogs: Option<String>,
    /// `Signed-By`.
    pub signed_by: Option<String>,
    /// `Architectures`.
    pub architectures: Vec<String>,
    /// `Components`.
    pub components: Vec<String>,
    /// `Description`.
    pub description: Option<String>,
    /// Fields of one line with other names, in the order of the file. Names that no field can have are not written.
    pub other: Vec<(String, String)>,
    /// `SHA256`: the index files, in the order of the file; written ordered by path.
    pub sha256: Vec<IndexFile>,
}

/// An index file that a Release lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexFile {
    /// Path below the folder of the Release.
    pub path: String,
    /// Digest.
    pub sha256: Sha256,
    /// Bytes.
    pub size: u64,
}

/// The folder, beside the usual name of an index file, of names by digest.
///
/// Source: the Debian wiki's DebianRepository/Format, `Acquire-By-Hash`.
pub const BY_HASH: &str = "by-hash/SHA256";

/// Returns the path by which a file that a Release lists is fetched by its digest, below the folder of the Release.
pub fn by_hash_path(path: &str, sha256: &Sha256) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{BY_HASH}/{sha256}"),
        None => format!("{BY_HASH}/{sha256}"),
    }
}

/// A text that is no Release file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// It is no stanza.
    #[error(transparent)]
    Stanza(#[from] StanzaError),
    /// A time that cannot be parsed.
    #[error("field `{field}`: `{value}`, expected a time such as `Thu, 01 Jan 1970 00:00:00 UTC`")]
    Date {
        /// The field.
        field: &'static str,
        /// What was found.
        value: String,
    },
    /// Two lines of the list say different things of one path.
    #[error("field `SHA256`: `{0}` stands twice, with different files")]
    Twice(String),
    /// A line of the list that is not a digest, a size and a path.
    #[error("field `SHA256`: `{0}`, expected a digest, a size and a path below the folder")]
    Line(String),
}

impl Release {
    /// Returns the text, with a line break at its end.
    ///
    /// Fields without a value are left out. Control characters in values, which nothing here has, are written as
    /// blanks: no value makes a field, and the text can be clear-signed.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: Option<&str>| match value.map(one_line) {
            Some(value) if !value.is_empty() => text.push_str(&format!("{name}: {value}\n")),
            _ => {}
        };
        let yes = |is: bool| is.then_some("yes");
        add("Origin", self.origin.as_deref());
        add("Label", self.label.as_deref());
        add("Suite", self.suite.as_deref());
        add("Version", self.version.as_deref());
        add("Codename", self.codename.as_deref());
        add("Changelogs", self.changelogs.as_deref());
        add("Date", self.date.map(format_date).as_deref());
        add("Valid-Until", self.valid_until.map(format_date).as_deref());
        add("NotAutomatic", yes(self.not_automatic));
        add("ButAutomaticUpgrades", yes(self.but_automatic_upgrades));
        add("Acquire-By-Hash", yes(self.acquire_by_hash));
        add(
            "No-Support-for-Architecture-all",
            self.no_support_for_architecture_all.as_deref(),
        );
        add("Snapshots", self.snapshots.as_deref());
        add("Signed-By", self.signed_by.as_deref());
        add("Architectures", Some(&self.architectures.join(" ")));
        add("Components", Some(&self.components.join(" ")));
        add("Description", self.description.as_deref());
        for (name, value) in self.other.iter().filter(|(name, _)| is_other(name)) {
            add(name, Some(value));
        }
        text.push_str(&self.list());
        text
    }

    /// Returns the field of index files, ordered by path.
    fn list(&self) -> String {
        let mut files: Vec<&IndexFile> = self.sha256.iter().collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        let lines = files.iter().map(|file| {
            let path = one_line(&file.path);
            format!(" {} {:>10} {path}\n", file.sha256, file.size)
        });
        std::iter::once("SHA256:\n".to_owned()).chain(lines).collect()
    }

    /// Parses the text of a Release file.
    ///
    /// Lists of other digests, fields of several lines, and files that are not below the folder are passed over, all other fields
    /// are kept.
    ///
    /// # Errors
    /// Where it is not a stanza, a time cannot be parsed, or a line of the list is not a digest, a size and a path; and where the list has a path twice with different files.
    pub fn parse(text: &str) -> Result<Self, ReleaseError> {
        Self::parse_counting(text, &["Date", "Valid-Until"])
    }

    /// Parses the text of a Release file of which not all times count: like [`Self::parse`], but for a value that is no time in a field
    /// that is not among `counting`, which is passed over.
    ///
    /// # Errors
    /// As [`Self::parse`], but for those fields.
    pub fn parse_counting(text: &str, counting: &[&str]) -> Result<Self, ReleaseError> {
        // As apt has it, comments may stand between fields.
        let uncommented: Cow<'_, str> = match text.contains("\n#") || text.starts_with('#') {
            true => text
                .split_inclusive('\n')
                .filter(|line| !line.starts_with('#'))
                .collect(),
            false => text.into(),
        };
        let stanza = &Stanza::parse(&uncommented)?;
        let time = |field| match date(stanza, field) {
            Err(_) if !counting.contains(&field) => Ok(None),
            time => time,
        };
        let text = |name: &str| {
            stanza
                .line(name)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        let yes = |name: &str| {
            stanza
                .line(name)
                .is_some_and(|value| value.eq_ignore_ascii_case("yes"))
        };
        Ok(Self {
            origin: text("Origin"),
            label: text("Label"),
            suite: text("Suite"),
            version: text("Version"),
            codename: text("Codename"),
            date: time("Date")?,
            valid_until: time("Valid-Until")?,
            not_automatic: yes("NotAutomatic"),
            but_automatic_upgrades: yes("ButAutomaticUpgrades"),
            acquire_by_hash: yes("Acquire-By-Hash"),
            no_support_for_architecture_all: text("No-Support-for-Architecture-all"),
            snapshots: text("Snapshots"),
            changelogs: text("Changelogs"),
            signed_by: text("Signed-By"),
            architectures: words(stanza, "Architectures"),
            components: words(stanza, "Components"),
            description: text("Description"),
            other: other(stanza),
            sha256: list(stanza)?,
        })
    }
}

/// Names of the fields that [`Release`] has fields for, and of lists of digests that count for nothing beside SHA-256.
const KNOWN: [&str; 22] = [
    "Origin",
    "Label",
    "Suite",
    "Version",
    "Codename",
    "Date",
    "Valid-Until",
    "NotAutomatic",
    "ButAutomaticUpgrades",
    "Acquire-By-Hash",
    "No-Support-for-Architecture-all",
    "Snapshots",
    "Changelogs",
    "Signed-By",
    "Architectures",
    "Components",
    "Description",
    "SHA256",
    "MD5Sum",
    "SHA1",
    "SHA512",
    "SHA384",
];

/// Says whether a name is one for [`Release::other`].
fn is_other(name: &str) -> bool {
    is_field_name(name) && !KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn other(stanza: &Stanza<'_>) -> Vec<(String, String)> {
    let is_one_line = |field: &&Field<'_>| !field.raw().contains('\n') && !field.first_line().is_empty();
    let fields = stanza.fields().iter().filter(|field| is_other(field.name()));
    fields
        .filter(is_one_line)
        .map(|field| (field.name().to_owned(), field.first_line().to_owned()))
        .collect()
}

fn words(stanza: &Stanza<'_>, name: &str) -> Vec<String> {
    let value = stanza.get(name).map(|field| field.value()).unwrap_or_default();
    let words = value.split([' ', '\t', '\n']).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn date(stanza: &Stanza<'_>, field: &'static str) -> Result<Option<i64>, ReleaseError> {
    // As apt has it, a field without a value is one that is not there.
    let Some(value) = stanza.line(field).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    parse_date(value).map(Some).ok_or_else(|| ReleaseError::Date {
        field,
        value: shown(value),
    })
}

fn list(stanza: &Stanza<'_>) -> Result<Vec<IndexFile>, ReleaseError> {
    let lines = stanza.get("SHA256").into_iter().flat_map(Field::continuation);
    let files = lines.filter_map(|line| index_file(line).transpose());
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let mut paths = HashMap::with_capacity(files.len());
    for file in &files {
        if paths.insert(&file.path, file).is_some_and(|other| other != file) {
            return Err(ReleaseError::Twice(shown(&file.path)));
        }
    }
    Ok(files)
}

/// Reads a line of the list; `None` where it names what nobody can ask for, which says nothing of the others.
fn index_file(line: &str) -> Result<Option<IndexFile>, ReleaseError> {
    let parse = || {
        let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let (digest, size, path) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
        let is_below = |path: &str| {
            !path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        };
        if !size.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let size = size.parse().ok()?;
        let is_path = words.next().is_none() && is_below(path);
        Some(is_path.then(|| IndexFile {
            path: path.to_owned(),
            sha256: digest,
            size,
        }))
    };
    parse().ok_or_else(|| ReleaseError::Line(shown(line)))
}

#[cfg(test)]
mod tests;
