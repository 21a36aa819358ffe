//! `repogen.toml`: what the archive publishes, and how.
//!
//! Read once by whoever opens an archive; never written except by `repogen init` and `repogen key`.

mod check;
mod duration;
mod edit;
mod read;
mod url;
mod vulnerabilities;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use archive_catalog::ListedPlaces;
use archive_index::Form;
use debian_control::architecture::Architecture;
use debian_control::name::{Component, PackageName, SuiteName};
use serde::Deserialize;

pub use duration::Span;
pub use edit::{Initial, SigningKeys, initial_text, with_signing_keys};
pub use read::parse_toml;
pub use url::{UrlProblem, check_url};
pub use vulnerabilities::{BlockFrom, VulnerabilitySettings};

use read::{count, parsed, parsed_list, parsed_option, some_count};

/// The name of the configuration file in the archive root.
pub const FILE_NAME: &str = "repogen.toml";

/// Why `repogen.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a key or value that is not known.
    #[error("{path}:{line}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, in one line.
        message: String,
    },
    /// The values are well formed but do not fit together.
    #[error("{path}: {message}")]
    Meaning {
        /// The file.
        path: PathBuf,
        /// What is wrong and what would be right.
        message: String,
    },
}

/// What an archive publishes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `Origin` of every Release.
    #[serde(default = "default_origin")]
    pub origin: String,
    /// `Label` of every Release.
    #[serde(default = "default_origin")]
    pub label: String,
    /// Where the root is served; `None` leaves the parts that need it out.
    pub url: Option<String>,
    /// Who signs.
    #[serde(default)]
    pub signing: Signing,
    /// The pages for people; `None` for no pages.
    pub site: Option<SiteSettings>,
    /// What packages are compared with; `None`: with nothing.
    pub vulnerabilities: Option<VulnerabilitySettings>,
    /// The suites, in the order of the file.
    #[serde(default, rename = "suite")]
    pub suites: Vec<Suite>,
}

/// Which keys sign a Release.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table `[signing]`")]
pub struct Signing {
    /// Secret key, relative to the root.
    pub key: Option<PathBuf>,
    /// A signer to run instead of a key file.
    pub command: Option<Vec<String>>,
    /// Public certificate of the signer that `command` runs; left out, the command is asked for it.
    pub certificate: Option<PathBuf>,
    /// Secret keys that sign besides.
    #[serde(default)]
    pub also: Vec<PathBuf>,
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            key: Some(PathBuf::from("keys/archive.pgp")),
            command: None,
            certificate: None,
            also: Vec::new(),
        }
    }
}

/// The pages for people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table `[site]`")]
pub struct SiteSettings {
    /// Whether they are written.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What the archive is called there; `None` for its label.
    pub title: Option<String>,
    /// What the archive is, in a sentence or more.
    pub description: Option<String>,
    /// Whether pages say how often packages were downloaded.
    #[serde(default)]
    pub downloads: bool,
}

/// One suite.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table `[[suite]]`")]
pub struct Suite {
    /// The folder under `dists/`.
    #[serde(deserialize_with = "parsed")]
    pub codename: SuiteName,
    /// The alias (`stable`), where there is one.
    #[serde(default, rename = "suite", deserialize_with = "parsed_option")]
    pub alias: Option<SuiteName>,
    /// The components; the first is the default.
    #[serde(default = "default_components", deserialize_with = "parsed_list")]
    pub components: Vec<Component>,
    /// The architectures, without `all`, which always fits.
    #[serde(default = "default_architectures", deserialize_with = "parsed_list")]
    pub architectures: Vec<Architecture>,
    /// How long after its Date a Release is valid.
    pub valid_for: Option<Span>,
    /// How many versions of a package `prune` leaves.
    #[serde(default, deserialize_with = "some_count")]
    pub keep_versions: Option<u32>,
    /// How many generations of by-hash files stay at least.
    #[serde(default = "default_keep_generations", deserialize_with = "count")]
    pub keep_generations: u32,
    /// Generations that were live within this time stay too.
    #[serde(default = "Span::hour")]
    pub keep_generations_for: Span,
    /// How long a removed .deb stays fetchable.
    #[serde(default = "Span::day")]
    pub keep_removed_for: Span,
    /// How long a publish can be restored.
    #[serde(default = "Span::week")]
    pub keep_snapshots_for: Span,
    /// When Contents indexes are rebuilt.
    #[serde(default)]
    pub contents: ContentsPolicy,
    /// Whether Translation-en carries the long descriptions.
    #[serde(default)]
    pub translations: bool,
    /// The compressed forms of Packages and Translation indexes.
    #[serde(default = "default_compressions", deserialize_with = "parsed_list")]
    pub compressions: Vec<Form>,
    /// Whether the suite is a tree of its own under `private/`.
    #[serde(default)]
    pub private: bool,
    /// `NotAutomatic` of the Release.
    #[serde(default)]
    pub not_automatic: bool,
    /// `ButAutomaticUpgrades` of the Release.
    #[serde(default)]
    pub but_automatic_upgrades: bool,
    /// What happens to a publish that would make packages uninstallable.
    #[serde(default)]
    pub gate: Gate,
    /// Packages files, relative to the root, of archives that the suite is used with: what the gate lets packages need.
    #[serde(default)]
    pub gate_base: Vec<PathBuf>,
    /// Section and Priority that win over those of the .deb.
    #[serde(default)]
    pub overrides: BTreeMap<String, Override>,
    /// Whether its pages say how often packages were downloaded: it has some, and `[site]` allows it.
    #[serde(skip)]
    pub shows_downloads: bool,
}

/// Values that a suite sets in place of those in the .deb.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, expecting = "a table with `section`, `priority` or both")]
pub struct Override {
    /// Replaces `Section`.
    pub section: Option<String>,
    /// Replaces `Priority`.
    pub priority: Option<String>,
}

/// What happens to a publish that would make packages uninstallable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gate {
    /// It is not looked for.
    #[default]
    Off,
    /// It goes live, and they are named.
    Warn,
    /// It does not go live, and they are named.
    Block,
}

impl<'de> Deserialize<'de> for Gate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "off" => Ok(Self::Off),
            "warn" => Ok(Self::Warn),
            "block" => Ok(Self::Block),
            _ => Err(serde::de::Error::custom(format!(
                "invalid value `{text}` for `gate`: expected \"off\", \"warn\" or \"block\""
            ))),
        }
    }
}

/// When Contents indexes are rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentsPolicy {
    /// With every publish.
    Always,
    /// With the first publish after they have grown this old.
    After(Span),
    /// Never: there are none.
    Off,
}

impl Default for ContentsPolicy {
    fn default() -> Self {
        Self::After(Span::hour())
    }
}

impl<'de> Deserialize<'de> for ContentsPolicy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "always" => Ok(Self::Always),
            "off" => Ok(Self::Off),
            _ => text.parse().map(Self::After).map_err(|_| {
                serde::de::Error::custom(format!(
                    "invalid value `{text}` for `contents`: expected a time such as \"1h\", \"always\" or \"off\""
                ))
            }),
        }
    }
}

impl Config {
    /// Reads the configuration of the archive at `root`.
    pub fn read(root: &Path) -> Result<Self, ConfigError> {
        let path = root.join(FILE_NAME);
        let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Read {
            path: path.clone(),
            source,
        })?;
        Self::parse(&text, &path)
    }

    /// Parses the text of a configuration; `path` is named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = parse_toml(text, path)?;
        let site = config.site.as_ref();
        let shows_downloads = site.is_some_and(|site| site.enabled && site.downloads);
        for suite in &mut config.suites {
            suite.shows_downloads = shows_downloads && !suite.private;
        }
        config.check().map_err(|message| ConfigError::Meaning {
            path: path.to_owned(),
            message,
        })?;
        Ok(config)
    }

    /// Returns the suite with the codename or alias `name`.
    pub fn suite(&self, name: &str) -> Option<&Suite> {
        self.suites.iter().find(|suite| {
            suite.codename.as_str() == name
                || suite.alias.as_ref().is_some_and(|alias| alias.as_str() == name)
        })
    }
}

impl Suite {
    /// Returns the component that an input without one means.
    pub fn default_component(&self) -> &Component {
        self.components.first().expect("`check` refuses an empty list")
    }

    /// Returns where packages are published here.
    pub fn listed_places(&self) -> ListedPlaces {
        let all = std::iter::once(Architecture::all());
        ListedPlaces {
            components: self.components.clone(),
            architectures: all.chain(self.architectures.iter().cloned()).collect(),
        }
    }

    /// Returns whether packages of `architecture` are published here.
    pub fn takes(&self, architecture: &Architecture) -> bool {
        architecture.is_all() || self.architectures.contains(architecture)
    }

    /// Returns the section and priority that win over those of the package, where there are any.
    pub fn overrides_of(&self, name: &PackageName) -> Option<&Override> {
        self.overrides.get(name.as_str())
    }
}

fn yes() -> bool {
    true
}

fn default_origin() -> String {
    "Archive".into()
}

fn default_components() -> Vec<Component> {
    vec!["main".parse().expect("a valid component")]
}

fn default_architectures() -> Vec<Architecture> {
    ["amd64", "arm64"]
        .map(|name| name.parse().expect("a valid architecture"))
        .into()
}

fn default_compressions() -> Vec<Form> {
    Form::COMPRESSED.into()
}

fn default_keep_generations() -> u32 {
    3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("repogen.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_site_is_there_where_it_is_named_and_not_switched_off() {
        let enabled = |site: &str| {
            let text = format!("{site}\n[[suite]]\ncodename = \"s\"");
            parse(&text).map(|config| config.site.is_some_and(|site| site.enabled))
        };
        assert_eq!(enabled(""), Ok(false));
        assert_eq!(enabled("[site]"), Ok(true));
        assert_eq!(enabled("[site]\nenabled = false"), Ok(false));
        assert!(
            enabled("[site]\ntitle = \"a\\nb\"")
                .unwrap_err()
                .contains("invalid `title`")
        );
    }

    #[test]
    fn everything_but_the_codename_has_a_default() {
        let config = parse("[[suite]]\ncodename = \"stable\"\n").unwrap();
        let suite = config.suite("stable").unwrap();
        assert_eq!(suite.default_component().as_str(), "main");
        assert_eq!(suite.architectures.len(), 2);
        assert_eq!(suite.keep_generations, 3);
        assert_eq!(suite.keep_removed_for.seconds(), 86_400);
        assert_eq!(suite.contents, ContentsPolicy::After(Span::hour()));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = parse("origin = \"X\"\n[[suite]]\ncodename = \"stable\"\narchitecture = [\"amd64\"]\n")
            .unwrap_err();
        assert!(error.starts_with("repogen.toml:4: "), "{error}");
        assert!(error.contains("`architecture`"), "{error}");
    }

    #[test]
    fn a_name_that_stands_for_two_suites_is_an_error() {
        let error =
            parse("[[suite]]\ncodename = \"a\"\nsuite = \"b\"\n[[suite]]\ncodename = \"b\"\n").unwrap_err();
        assert!(error.contains("`b` stands for two suites"), "{error}");
    }

    #[test]
    fn names_that_would_leave_their_folder_are_refused() {
        for name in ["../x", "a/b", "", "A", "a\\nb"] {
            assert!(
                parse(&format!("[[suite]]\ncodename = \"{name}\"\n")).is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_line_break_in_the_origin_is_refused() {
        let error = parse("origin = \"A\\nSuite: x\"\n[[suite]]\ncodename = \"stable\"\n").unwrap_err();
        assert!(error.contains("invalid `origin`"), "{error}");
    }

    #[test]
    fn a_value_of_another_kind_is_told_of_without_words_of_the_parser() {
        for (line, expected) in [
            ("gate = true", "expected a string"),
            ("gate = \"on\"", "expected \"off\", \"warn\" or \"block\""),
            (
                "keep_versions = -1",
                "`-1`: expected a whole number from 0 to 4294967295",
            ),
            ("keep_generations = \"3\"", "`\"3\"`: expected a whole number"),
            (
                "overrides.hello = \"net\"",
                "expected a table with `section`, `priority` or both",
            ),
        ] {
            let error = parse(&format!("[[suite]]\ncodename = \"stable\"\n{line}\n")).unwrap_err();
            assert!(
                error.starts_with("repogen.toml:3: ") && error.contains(expected),
                "{line}: {error}"
            );
        }
        let error = parse("site = true\n[[suite]]\ncodename = \"stable\"\n").unwrap_err();
        assert!(error.contains("expected a table `[site]`"), "{error}");
    }

    #[test]
    fn a_wrong_override_is_told_by_its_package() {
        let error =
            parse("[[suite]]\ncodename = \"stable\"\noverrides.hello = { section = \"\" }\n").unwrap_err();
        assert!(
            error.contains("overrides of `hello`: invalid `section`"),
            "{error}"
        );
    }
}
