//! apt's preferences: which versions an administrator wants rather than others, or never.
//!
//! Source: apt_preferences(5). A record that is not understood is reported and counts for nothing.

mod pattern;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use apt_client::lists::Index;
use debian_control::stanza::{Stanza, StanzaError, StanzaReader, index_text};

pub use pattern::{Pattern, PatternError};

/// The priority of the release that is asked for. Source: apt_preferences(5), "The Effect of APT Preferences".
const TARGET_RELEASE: i32 = 990;

/// The records of all files, in the order in which they count.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    records: Vec<Record>,
    /// Records that are not understood, each with what is wrong.
    pub ignored: Vec<String>,
}

#[derive(Debug, Clone)]
struct Record {
    packages: Packages,
    pin: PriorityPin,
    priority: i32,
}

/// Which packages a record is for.
#[derive(Debug, Clone)]
enum Packages {
    /// `*` alone: those of whole releases.
    All,
    Some(Vec<Packaged>),
}

/// What of a package is matched.
#[derive(Debug, Clone)]
enum Packaged {
    Name(Pattern),
    /// Its name and architecture, with a colon between them.
    NameAndArchitecture(Pattern),
    /// The name of its source.
    Source(Pattern),
}

#[derive(Debug, Clone)]
enum PriorityPin {
    Version(Pattern),
    Release(Vec<ReleaseField>),
    /// The host of an archive; empty for what comes over no network.
    Origin(Pattern),
}

/// What of a Release is matched.
#[derive(Debug, Clone)]
enum ReleaseField {
    /// A field by its letter.
    Letter(String, Pattern),
    /// Its suite or codename.
    SuiteOrCodename(Pattern),
    /// Its version.
    Version(Pattern),
}

/// A version of a package, as preferences see it.
#[derive(Clone, Copy)]
pub struct Candidate<'c> {
    /// Its name.
    pub name: &'c str,
    /// Its architecture.
    pub architecture: &'c str,
    /// Its version.
    pub version: &'c str,
    /// Returns the name of its source; asked only where a record is for one.
    pub source: &'c dyn Fn() -> Option<String>,
    /// The indexes that have it.
    pub indexes: &'c [&'c Index],
}

/// Why preferences cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreferencesError {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has no records.
    #[error("`{}` is not a file of preferences", path.display())]
    Stanza {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StanzaError,
    },
}

impl Preferences {
    /// Reads those of a system: `/etc/apt/preferences` before the files in `/etc/apt/preferences.d`.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(root: &Path) -> Result<Self, PreferencesError> {
        let mut preferences = Self::default();
        for path in files(root)? {
            let bytes = match fs::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                bytes => bytes.map_err(|source| PreferencesError::Read {
                    path: path.clone(),
                    source,
                })?,
            };
            preferences
                .add(&index_text(bytes))
                .map_err(|source| PreferencesError::Stanza { path, source })?;
        }
        Ok(preferences)
    }

    /// Adds the records of one file; those that are not understood are listed in `ignored`.
    ///
    /// # Errors
    /// When it does not consist of stanzas.
    pub fn add(&mut self, text: &str) -> Result<(), StanzaError> {
        // Lines of comments stand anywhere.
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let text: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
        for stanza in StanzaReader::new(&text) {
            let stanza = stanza?;
            match record(&stanza) {
                Ok(record) => self.records.push(record),
                Err(why) => self.ignored.push(why),
            }
        }
        Ok(())
    }

    /// Prefers a release to all others, but for packages with records of their own, as `--target-release` wants it: a suite, a
    /// codename, or fields of a Release such as `a=testing`.
    ///
    /// Returns whether any of the indexes is of it.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn prefer_release(&mut self, release: &str, indexes: &[Index]) -> Result<bool, String> {
        let pin = PriorityPin::Release(release_fields(release)?);
        let is_known = indexes.iter().any(|index| pin.is_of("", &[index]));
        let record = Record {
            packages: Packages::All,
            pin,
            priority: TARGET_RELEASE,
        };
        self.records.insert(0, record);
        Ok(is_known)
    }

    /// Says whether nothing is preferred.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the priority of a version of a package; `None` where nothing says anything about it.
    ///
    /// The first record for its name counts; else the records for whole releases, of the indexes the one with the highest.
    pub fn priority(&self, candidate: Candidate<'_>) -> Option<i32> {
        let specific = self
            .records
            .iter()
            .find(|record| record.names(candidate) && record.pin.is_of(candidate.version, candidate.indexes));
        if let Some(record) = specific {
            return Some(record.priority);
        }
        let general = |index: &&Index| self.general(candidate.version, index);
        candidate.indexes.iter().map(general).max()
    }

    /// Returns the priority of an index for packages that no record names.
    pub fn of_index(&self, index: &Index) -> i32 {
        self.general("", index)
    }

    fn general(&self, version: &str, index: &Index) -> i32 {
        let record = self
            .records
            .iter()
            .find(|record| matches!(record.packages, Packages::All) && record.pin.is_of(version, &[index]));
        record.map_or(index.priority(), |record| record.priority)
    }
}

impl Record {
    /// Says whether it is for a package in particular.
    fn names(&self, candidate: Candidate<'_>) -> bool {
        let Packages::Some(packages) = &self.packages else {
            return false;
        };
        packages.iter().any(|packaged| match packaged {
            Packaged::Name(pattern) => pattern.matches(candidate.name),
            Packaged::NameAndArchitecture(pattern) => {
                pattern.matches(&format!("{}:{}", candidate.name, candidate.architecture))
            }
            Packaged::Source(pattern) => (candidate.source)().is_some_and(|source| pattern.matches(&source)),
        })
    }
}

impl PriorityPin {
    fn is_of(&self, version: &str, indexes: &[&Index]) -> bool {
        match self {
            Self::Version(pattern) => pattern.matches(version),
            Self::Release(fields) => indexes
                .iter()
                .any(|index| fields.iter().all(|field| field.is_of(index))),
            Self::Origin(host) => indexes.iter().any(|index| host.matches(host_of(&index.url))),
        }
    }
}

impl ReleaseField {
    fn is_of(&self, index: &Index) -> bool {
        match self {
            Self::SuiteOrCodename(pattern) => {
                let suite = index.suite.as_deref();
                suite.is_some_and(|suite| pattern.matches(suite)) || pattern.matches(&index.codename)
            }
            Self::Version(pattern) => {
                let version = index.version.as_deref();
                version.is_some_and(|version| pattern.matches(version))
            }
            Self::Letter(letter, pattern) => {
                release_field(index, letter).is_some_and(|value| pattern.matches(value))
            }
        }
    }
}

fn release_field<'i>(index: &'i Index, letter: &str) -> Option<&'i str> {
    match letter {
        "a" => index.suite.as_deref().or(Some(&index.codename)),
        "n" => Some(&index.codename),
        "c" => Some(&index.component),
        "o" => index.origin.as_deref(),
        "l" => index.label.as_deref(),
        "b" => Some(&index.architecture),
        _ => None,
    }
}

/// Returns the host of an address; nothing for a file.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(scheme, rest)| match scheme {
        "http" | "https" => rest,
        _ => "",
    });
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// Returns the files in the order in which apt reads them. Names with other characters or extensions are passed over.
fn files(root: &Path) -> Result<Vec<PathBuf>, PreferencesError> {
    let folder = root.join("etc/apt/preferences.d");
    let failed = |source| PreferencesError::Read {
        path: folder.clone(),
        source,
    };
    let mut files = Vec::new();
    match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        entries => {
            for entry in entries.map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .is_some_and(is_read)
                {
                    files.push(path);
                }
            }
        }
    }
    files.sort();
    files.insert(0, root.join("etc/apt/preferences"));
    Ok(files)
}

fn is_read(name: &str) -> bool {
    let sound = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let stem = name.strip_suffix(".pref").unwrap_or(name);
    !stem.is_empty() && !stem.starts_with('.') && name.chars().all(sound) && !stem.contains('.')
}

fn record(stanza: &Stanza<'_>) -> Result<Record, String> {
    let line = |name: &str| {
        stanza
            .get(name)
            .map_or("", |field| field.value())
            .trim()
            .to_owned()
    };
    let said = line("Package");
    let wrong = |what: String| format!("the preferences for `{said}` do not count: {what}");
    let priority = line("Pin-Priority");
    Ok(Record {
        packages: packages(&said).map_err(wrong)?,
        pin: pin(&line("Pin")).map_err(wrong)?,
        priority: priority
            .parse()
            .map_err(|_| wrong(format!("`{priority}` is not a priority")))?,
    })
}

fn packages(text: &str) -> Result<Packages, String> {
    let packaged = |word: &str| -> Result<Packaged, PatternError> {
        Ok(match word.strip_prefix("src:") {
            Some(source) => Packaged::Source(source.parse()?),
            None if word.contains(':') && !word.starts_with('/') => match word.strip_suffix(":any") {
                Some(name) => Packaged::Name(name.parse()?),
                None => Packaged::NameAndArchitecture(word.parse()?),
            },
            None => Packaged::Name(word.parse()?),
        })
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [] => Err("no package is named".to_owned()),
        ["*"] => Ok(Packages::All),
        words => {
            let each = words.iter().map(|word| packaged(word));
            let each = each.collect::<Result<_, _>>();
            Ok(Packages::Some(each.map_err(|error| error.to_string())?))
        }
    }
}

fn pin(text: &str) -> Result<PriorityPin, String> {
    let (kind, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let pattern = |text: &str| {
        text.parse::<Pattern>()
            .map_err(|error: PatternError| error.to_string())
    };
    match kind {
        "version" => Ok(PriorityPin::Version(pattern(rest)?)),
        "origin" => Ok(PriorityPin::Origin(pattern(rest.trim_matches('"'))?)),
        "release" => Ok(PriorityPin::Release(release_fields(rest)?)),
        other => Err(format!("`{other}` is not a kind of pin")),
    }
}

/// Reads what names releases: `*`, a suite, a codename or, where it begins with a digit, a version alone, or fields by their letters.
fn release_fields(text: &str) -> Result<Vec<ReleaseField>, String> {
    if text == "*" {
        return Ok(Vec::new());
    }
    let pattern = |text: &str| {
        text.parse::<Pattern>()
            .map_err(|error: PatternError| error.to_string())
    };
    if !text.contains('=') {
        return match text.split_whitespace().count() {
            1 if text.starts_with(|letter: char| letter.is_ascii_digit()) => {
                Ok(vec![ReleaseField::Version(pattern(text)?)])
            }
            1 => Ok(vec![ReleaseField::SuiteOrCodename(pattern(text)?)]),
            _ => Err(format!("`{text}` is not a release")),
        };
    }
    let field = |part: &str| match part.trim().split_once('=') {
        Some((letter, value)) if "anclobv".contains(letter) && letter.len() == 1 => {
            let value = pattern(value.trim().trim_matches('"'))?;
            Ok(match letter {
                "v" => ReleaseField::Version(value),
                letter => ReleaseField::Letter(letter.to_owned(), value),
            })
        }
        _ => Err(format!("`{}` is not a field of a release", part.trim())),
    };
    text.split(',').map(field).collect()
}

#[cfg(test)]
mod tests {
    use debian_control::digest::sha256;

    use super::*;

    fn index(codename: &str, url: &str) -> Index {
        Index {
            url: url.to_owned(),
            roots: Vec::new(),
            asked: codename.to_owned(),
            codename: codename.to_owned(),
            suite: Some("testing".to_owned()),
            version: Some("12.1".to_owned()),
            component: "main".to_owned(),
            architecture: "amd64".to_owned(),
            origin: Some("Debian".to_owned()),
            label: None,
            date: 0,
            valid_until: None,
            not_automatic: false,
            but_automatic_upgrades: false,
            configured_priority: None,
            signers: Vec::new(),
            path: PathBuf::new(),
            sha256: sha256(b""),
            size: 0,
        }
    }

    fn preferences(text: &str) -> Preferences {
        let mut preferences = Preferences::default();
        preferences.add(text).unwrap();
        preferences
    }

    fn priority(preferences: &Preferences, name: &str, version: &str, indexes: &[&Index]) -> Option<i32> {
        preferences.priority(Candidate {
            name,
            architecture: "amd64",
            version,
            source: &|| Some(format!("{name}-source")),
            indexes,
        })
    }

    #[test]
    fn the_first_record_for_a_name_counts_before_those_for_releases() {
        let text = "# kept away\nPackage: nginx* apache2\nPin: release o=Debian\nPin-Priority: -1\n\n\
            Package: nginx\nPin: version 1.2*\nPin-Priority: 1001\n\n\
            Package: *\nPin: release n=sid, c=main\nPin-Priority: 50\n";
        let preferences = preferences(text);
        let (sid, trixie) = (index("sid", "http://example.org/x"), index("trixie", "file:/x"));
        assert_eq!(priority(&preferences, "nginx-core", "2", &[&sid]), Some(-1));
        assert_eq!(priority(&preferences, "nginx", "1.26", &[]), Some(1001));
        assert_eq!(priority(&preferences, "hello", "1", &[&sid]), Some(50));
        assert_eq!(priority(&preferences, "hello", "1", &[&sid, &trixie]), Some(500));
        assert_eq!(priority(&preferences, "hello", "1", &[]), None);
        assert!(preferences.ignored.is_empty());
    }

    #[test]
    fn packages_are_named_by_expression_source_and_architecture() {
        let text = "Package: /^ng.*x$/\nPin: version /^1\\./\nPin-Priority: 1\n\n\
            Package: src:lib*-source src:/^py/\nPin: release a=/^test/\nPin-Priority: 2\n\n\
            Package: hello:amd64 bash:i386\nPin: release testing\nPin-Priority: 3\n";
        let preferences = preferences(text);
        let sid = index("sid", "file:/x");
        let of = |name, version| priority(&preferences, name, version, &[&sid]);
        assert_eq!(of("NGinx", "1.2"), Some(1));
        assert_eq!(of("nginx", "21.2"), Some(500));
        assert_eq!(of("libc6", "2"), Some(2));
        assert_eq!(of("python3", "2"), Some(2));
        assert_eq!(of("hello", "2"), Some(3));
        assert_eq!(of("bash", "2"), Some(500));
        assert!(preferences.ignored.is_empty(), "{:?}", preferences.ignored);
    }

    #[test]
    fn a_release_is_named_by_its_version_and_a_package_of_any_architecture_by_its_name() {
        let sid = index("sid", "file:/x");
        let of = |text: &str| {
            let preferences = preferences(text);
            assert!(preferences.ignored.is_empty(), "{:?}", preferences.ignored);
            priority(&preferences, "hello", "1", &[&sid])
        };
        for (pin, expected) in [
            ("release v=12*", 990),
            ("release v=12.1, a=testing", 990),
            ("release 12*", 990),
            ("release v=1", 500),
            ("release 13", 500),
        ] {
            let text = format!("Package: *\nPin: {pin}\nPin-Priority: 990\n");
            assert_eq!(of(&text), Some(expected), "{pin}");
        }
        assert_eq!(
            of("Package: hello:any\nPin: version 1\nPin-Priority: 7\n"),
            Some(7)
        );
    }

    #[test]
    fn a_target_release_comes_before_other_releases_and_after_single_packages() {
        let mut preferences = preferences(
            "Package: *\nPin: release n=sid\nPin-Priority: 50\n\nPackage: nginx\nPin: release n=sid\nPin-Priority: -1\n",
        );
        let (sid, trixie) = (index("sid", "file:/x"), index("trixie", "file:/x"));
        assert_eq!(
            preferences.prefer_release("bookworm", std::slice::from_ref(&trixie)),
            Ok(false)
        );
        assert_eq!(
            preferences.prefer_release("sid", std::slice::from_ref(&sid)),
            Ok(true)
        );
        assert_eq!(priority(&preferences, "hello", "1", &[&sid]), Some(990));
        assert_eq!(priority(&preferences, "hello", "1", &[&trixie]), Some(500));
        assert_eq!(priority(&preferences, "nginx", "1", &[&sid]), Some(-1));
        assert!(preferences.prefer_release("x=sid", &[]).is_err());
    }

    #[test]
    fn an_origin_is_the_host_of_an_archive() {
        let text = "Package: *\nPin: origin \"example.org\"\nPin-Priority: 700\n\n\
            Package: *\nPin: origin \"\"\nPin-Priority: 800\n";
        let preferences = preferences(text);
        let [network, file] = ["http://user@example.org:80/debian", "file:/srv"].map(|url| index("sid", url));
        assert_eq!(priority(&preferences, "hello", "1", &[&network]), Some(700));
        assert_eq!(priority(&preferences, "hello", "1", &[&file]), Some(800));
    }

    #[test]
    fn what_is_not_understood_is_named_and_counts_for_nothing() {
        for (record, why) in [
            (
                "Package: /^(nginx/\nPin: version 1\nPin-Priority: 1\n",
                "not a regular expression",
            ),
            ("Package: x\nPin: version 1\nPin-Priority: many\n", "`many`"),
            (
                "Package: x\nPin: release x=stable\nPin-Priority: 1\n",
                "`x=stable`",
            ),
            ("Package: x\nPin: mood good\nPin-Priority: 1\n", "`mood`"),
        ] {
            let preferences = preferences(record);
            assert!(preferences.is_empty());
            assert!(preferences.ignored[0].contains(why), "{:?}", preferences.ignored);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_no_fault() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc/apt")).unwrap();
        let text = b"# \xe9\nExplanation: \xe9\nPackage: aa\nPin: version 1\nPin-Priority: 7\n";
        fs::write(root.path().join("etc/apt/preferences"), text).unwrap();
        let preferences = Preferences::read(root.path()).unwrap();
        assert_eq!(priority(&preferences, "aa", "1", &[]), Some(7));
    }

    #[test]
    fn files_are_read_by_apts_rules_for_names() {
        for (name, read) in [
            ("nginx", true),
            ("nginx.pref", true),
            ("nginx.bak", false),
            (".hidden", false),
            ("a b", false),
        ] {
            assert_eq!(is_read(name), read, "{name}");
        }
    }
}
