//! apt's preferences: which versions an administrator wants rather than others, or never.
//!
//! Source: apt_preferences(5). Names and globs of packages are read, and pins by version, release and origin; a record with a regular
//! expression, or for the packages of a source (`src:`), is reported and counts for nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use apt_client::lists::Index;
use debian_control::stanza::{Stanza, StanzaError, StanzaReader};

/// The records of all files, in the order in which they count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    records: Vec<Record>,
    /// Records that are not understood, each with what is wrong.
    pub ignored: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    /// Globs of names; `*` alone for whole releases.
    packages: Vec<String>,
    pin: Pin,
    priority: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pin {
    Version(String),
    /// Fields of a Release by their letters, each with a glob.
    Release(Vec<(String, String)>),
    /// The host of an archive; empty for what comes over no network.
    Origin(String),
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
            let text = match fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                text => text.map_err(|source| PreferencesError::Read {
                    path: path.clone(),
                    source,
                })?,
            };
            preferences
                .add(&text)
                .map_err(|source| PreferencesError::Stanza { path, source })?;
        }
        Ok(preferences)
    }

    fn add(&mut self, text: &str) -> Result<(), StanzaError> {
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

    /// Says whether nothing is preferred.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the priority of a version of a package that some indexes have; `None` where nothing says anything about it.
    ///
    /// The first record for its name counts; else the records for whole releases, of the indexes the one with the highest.
    pub fn priority(&self, name: &str, version: &str, indexes: &[&Index]) -> Option<i32> {
        let specific = self.records.iter().find(|record| {
            !record.is_general()
                && record.packages.iter().any(|glob| matches(glob, name))
                && record.pin.is_of(version, indexes)
        });
        if let Some(record) = specific {
            return Some(record.priority);
        }
        let general = |index: &&Index| {
            let mut records = self.records.iter();
            let record = records.find(|record| record.is_general() && record.pin.is_of(version, &[*index]));
            record.map_or(index.priority(), |record| record.priority)
        };
        indexes.iter().map(general).max()
    }
}

impl Record {
    fn is_general(&self) -> bool {
        self.packages == ["*"]
    }
}

impl Pin {
    fn is_of(&self, version: &str, indexes: &[&Index]) -> bool {
        match self {
            Self::Version(glob) => matches(glob, version),
            Self::Release(fields) => indexes.iter().any(|index| {
                let mut fields = fields.iter();
                fields.all(|(letter, glob)| {
                    release_field(index, letter).is_some_and(|value| matches(glob, value))
                })
            }),
            Self::Origin(host) => indexes.iter().any(|index| host_of(&index.url) == host),
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
    let packages: Vec<String> = line("Package").split_whitespace().map(str::to_owned).collect();
    let said = line("Package");
    let wrong = |what: &str| format!("the preferences for `{said}` do not count: {what}");
    if packages.is_empty() {
        return Err(wrong("no package is named"));
    }
    if packages
        .iter()
        .any(|name| name.starts_with('/') || name.starts_with("src:"))
    {
        return Err(wrong("regular expressions and `src:` are not supported"));
    }
    let priority = line("Pin-Priority");
    let priority = priority
        .parse()
        .map_err(|_| wrong(&format!("`{priority}` is not a priority")))?;
    let pin = line("Pin");
    let (kind, rest) = pin.split_once(char::is_whitespace).unwrap_or((&pin, ""));
    let rest = rest.trim();
    if rest
        .split(',')
        .any(|value| value.contains("=/") || value.starts_with('/'))
    {
        return Err(wrong("regular expressions and `src:` are not supported"));
    }
    let pin = match kind {
        "version" => Pin::Version(rest.to_owned()),
        "origin" => Pin::Origin(rest.trim_matches('"').to_owned()),
        "release" if rest == "*" => Pin::Release(Vec::new()),
        "release" => {
            let field = |part: &str| match part.trim().split_once('=') {
                Some((letter, value)) if "anclobv".contains(letter) && letter.len() == 1 => {
                    Ok((letter.to_owned(), value.trim().trim_matches('"').to_owned()))
                }
                _ => Err(wrong(&format!("`{}` is not a field of a release", part.trim()))),
            };
            Pin::Release(rest.split(',').map(field).collect::<Result<_, _>>()?)
        }
        other => return Err(wrong(&format!("`{other}` is not a kind of pin"))),
    };
    Ok(Record {
        packages,
        pin,
        priority,
    })
}

/// Says whether a text matches a glob with `*` and `?`.
fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    // Where the last star is, and how much of the text it stands for so far.
    let (mut at, mut done, mut star) = (0, 0, None);
    while let Some(letter) = text.get(done) {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, done));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == letter => {
                at += 1;
                done += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                at = place + 1;
                done = taken + 1;
            }
        }
    }
    glob.iter().skip(at).all(|rest| *rest == '*')
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

    #[test]
    fn the_first_record_for_a_name_counts_before_those_for_releases() {
        let text = "# kept away\nPackage: nginx* apache2\nPin: release o=Debian\nPin-Priority: -1\n\n\
            Package: nginx\nPin: version 1.2*\nPin-Priority: 1001\n\n\
            Package: *\nPin: release n=sid, c=main\nPin-Priority: 50\n";
        let preferences = preferences(text);
        let (sid, trixie) = (index("sid", "http://example.org/x"), index("trixie", "file:/x"));
        assert_eq!(preferences.priority("nginx-core", "2", &[&sid]), Some(-1));
        assert_eq!(preferences.priority("nginx", "1.26", &[]), Some(1001));
        assert_eq!(preferences.priority("hello", "1", &[&sid]), Some(50));
        assert_eq!(preferences.priority("hello", "1", &[&sid, &trixie]), Some(500));
        assert_eq!(preferences.priority("hello", "1", &[]), None);
        assert!(preferences.ignored.is_empty());
    }

    #[test]
    fn an_origin_is_the_host_of_an_archive() {
        let text = "Package: *\nPin: origin \"example.org\"\nPin-Priority: 700\n\n\
            Package: *\nPin: origin \"\"\nPin-Priority: 800\n";
        let preferences = preferences(text);
        let [network, file] = ["http://user@example.org:80/debian", "file:/srv"].map(|url| index("sid", url));
        assert_eq!(preferences.priority("hello", "1", &[&network]), Some(700));
        assert_eq!(preferences.priority("hello", "1", &[&file]), Some(800));
    }

    #[test]
    fn what_is_not_understood_is_named_and_counts_for_nothing() {
        for (record, why) in [
            (
                "Package: /^nginx/\nPin: version 1\nPin-Priority: 1\n",
                "regular expressions",
            ),
            ("Package: src:x\nPin: version 1\nPin-Priority: 1\n", "`src:`"),
            ("Package: x\nPin: version 1\nPin-Priority: many\n", "`many`"),
            ("Package: x\nPin: release stable\nPin-Priority: 1\n", "`stable`"),
            ("Package: x\nPin: mood good\nPin-Priority: 1\n", "`mood`"),
        ] {
            let preferences = preferences(record);
            assert!(preferences.is_empty());
            assert!(preferences.ignored[0].contains(why), "{:?}", preferences.ignored);
        }
    }

    #[test]
    fn globs_match_whole_texts() {
        for (glob, text, is_match) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c*", "abc", true),
            ("*-dev", "lib-dev-dev", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(glob, text), is_match, "{glob} {text}");
        }
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
