//! Release files. Source: the Debian wiki, DebianRepository/Format; apt-secure(8).

mod date;

use std::fmt::Write as _;

use crate::digest::Sha256;
use crate::stanza::{Stanza, StanzaError};

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
    /// `Architectures`.
    pub architectures: Vec<String>,
    /// `Components`.
    pub components: Vec<String>,
    /// `Description`.
    pub description: Option<String>,
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

/// A text that is no Release file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// It is no stanza.
    #[error(transparent)]
    Stanza(#[from] StanzaError),
    /// A time that is none.
    #[error("field `{field}`: `{value}`, expected a time such as `Thu, 01 Jan 1970 00:00:00 UTC`")]
    Date {
        /// The field.
        field: &'static str,
        /// What was found.
        value: String,
    },
    /// A line of the list that is not a digest, a size and a path.
    #[error("field `SHA256`: `{0}`, expected a digest, a size and a path below the folder")]
    Line(String),
}

impl Release {
    /// Returns the text, with a line break at its end.
    ///
    /// Line breaks in values, which nothing here has, are written as blanks: a value never makes a field.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                let value = value.replace(['\n', '\r'], " ");
                writeln!(text, "{name}: {}", value.trim_matches([' ', '\t'])).expect("writing to a string");
            }
        };
        let yes = |is: bool| is.then_some("yes");
        let list = |items: &[String]| (!items.is_empty()).then(|| items.join(" "));
        add("Origin", self.origin.as_deref());
        add("Label", self.label.as_deref());
        add("Suite", self.suite.as_deref());
        add("Version", self.version.as_deref());
        add("Codename", self.codename.as_deref());
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
        add("Architectures", list(&self.architectures).as_deref());
        add("Components", list(&self.components).as_deref());
        add("Description", self.description.as_deref());
        let mut files: Vec<&IndexFile> = self.sha256.iter().collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        text.push_str("SHA256:\n");
        for file in files {
            writeln!(text, " {} {:>10} {}", file.sha256, file.size, file.path).expect("writing to a string");
        }
        text
    }

    /// Parses the text of a Release file; fields that are not known are passed over.
    pub fn parse(text: &str) -> Result<Self, ReleaseError> {
        let stanza = Stanza::parse(text)?;
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
        let words = |name: &str| -> Vec<String> {
            let value = stanza.get(name).map(|field| field.value()).unwrap_or_default();
            value
                .split([' ', '\t', '\n'])
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let date = |field: &'static str| match stanza.line(field) {
            None => Ok(None),
            Some(value) => parse_date(value).map(Some).ok_or_else(|| ReleaseError::Date {
                field,
                value: crate::name::shown(value),
            }),
        };
        let lines = stanza
            .get("SHA256")
            .into_iter()
            .flat_map(|field| field.continuation());
        Ok(Self {
            origin: text("Origin"),
            label: text("Label"),
            suite: text("Suite"),
            version: text("Version"),
            codename: text("Codename"),
            date: date("Date")?,
            valid_until: date("Valid-Until")?,
            not_automatic: yes("NotAutomatic"),
            but_automatic_upgrades: yes("ButAutomaticUpgrades"),
            acquire_by_hash: yes("Acquire-By-Hash"),
            no_support_for_architecture_all: text("No-Support-for-Architecture-all"),
            snapshots: text("Snapshots"),
            architectures: words("Architectures"),
            components: words("Components"),
            description: text("Description"),
            sha256: lines.map(index_file).collect::<Result<_, _>>()?,
        })
    }
}

fn index_file(line: &str) -> Result<IndexFile, ReleaseError> {
    let parse = || {
        let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let (digest, size, path) = (words.next()?, words.next()?, words.next()?);
        let is_below = |path: &str| {
            !path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        };
        if words.next().is_some() || !is_below(path) || !size.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(IndexFile {
            path: path.to_owned(),
            sha256: digest.parse().ok()?,
            size: size.parse().ok()?,
        })
    };
    parse().ok_or_else(|| ReleaseError::Line(crate::name::shown(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        Release {
            origin: Some("Example".into()),
            label: Some("Example".into()),
            suite: Some("stable".into()),
            codename: Some("bookworm".into()),
            date: Some(1_700_000_000),
            valid_until: Some(1_700_086_400),
            acquire_by_hash: true,
            not_automatic: true,
            architectures: vec!["all".into(), "amd64".into()],
            components: vec!["main".into()],
            sha256: vec![IndexFile {
                path: "main/binary-amd64/Packages".into(),
                sha256: Sha256::from_bytes([1; 32]),
                size: 0,
            }],
            ..Release::default()
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(Release::parse(&release().render()), Ok(release()));
    }

    #[test]
    fn a_value_never_makes_a_field() {
        let text = Release {
            origin: Some("A\nSuite: evil".into()),
            ..release()
        }
        .render();
        assert_eq!(Release::parse(&text).unwrap().suite.as_deref(), Some("stable"));
    }

    #[test]
    fn a_release_of_debians_own_shape_is_read() {
        let text = "Origin: Debian\nLabel: Debian\nSuite: oldstable\nVersion: 12.9\nCodename: bookworm\nChangelogs: https://x/@CHANGEPATH@\nDate: Sat, 11 Jan 2025 10:23:04 UTC\nAcquire-By-Hash: yes\nNo-Support-for-Architecture-all: Packages\nArchitectures: all amd64\nComponents: main contrib\nDescription: Debian 12.9 Released 11 January 2025\nMD5Sum:\n 0ed6d4c8891eb86358b94bb35d9e4da4  1484322 contrib/Contents-all\nSHA256:\n d6c9c82f4e61b4662f9ba16b9ebb379c57b4943f8b7813091d1f637325ddfb79  1484322 contrib/Contents-all\n";
        let release = Release::parse(text).unwrap();
        assert_eq!(release.date, Some(1_736_590_984));
        assert_eq!(release.sha256[0].size, 1_484_322);
        assert_eq!(release.components, ["main", "contrib"]);
    }

    #[test]
    fn lines_that_lead_out_of_the_folder_are_refused() {
        let digest = "0".repeat(64);
        for line in [
            "0 1 a",
            &format!("{digest} -1 a"),
            &format!("{digest} 1 ../a"),
            &format!("{digest} 1 /a"),
            &format!("{digest} 1"),
            &format!("{digest} 1 a b"),
            &format!("{digest} 1 a//b"),
        ] {
            assert!(
                Release::parse(&format!("Suite: a\nSHA256:\n {line}\n")).is_err(),
                "{line}"
            );
        }
    }
}
