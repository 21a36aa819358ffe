//! `[vulnerabilities]`: what packages are compared with.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::check::check_line;
use super::{Config, Span, Suite};
use crate::severity::Severity;

/// Shortest time between two scans, in seconds: the data changes a few times a day, and whoever offers it is asked for all of it.
const LEAST_EVERY: i64 = 600;

/// What packages are compared with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VulnerabilitySettings {
    /// A file or folder, relative to the root, or an address.
    pub source: String,
    /// How often `repogen watch` scans; `None`: never.
    pub every: Option<Span>,
    /// From which severity on packages are not taken: by all suites, or by suites each, by codename or alias.
    pub block: Option<BlockFrom>,
    /// The release whose data each suite is compared with, by codename or alias.
    #[serde(default)]
    pub releases: BTreeMap<String, String>,
}

/// From which severity on which suites take no packages.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a severity (`critical`, `high`, `medium`, `low` or `unknown`), or suites with a severity each"
)]
pub enum BlockFrom {
    /// All suites.
    All(Severity),
    /// These suites.
    Suites(BTreeMap<String, Severity>),
}

impl VulnerabilitySettings {
    /// Returns from which severity on a suite takes no packages; `None`: it takes all.
    pub fn blocked_from(&self, suite: &Suite) -> Option<Severity> {
        match self.block.as_ref()? {
            BlockFrom::All(from) => Some(*from),
            BlockFrom::Suites(suites) => of_suite(suites, suite).copied(),
        }
    }

    /// Returns the release whose data a suite is compared with: the one of its codename, where nothing else is said.
    pub fn release_of<'a>(&'a self, suite: &'a Suite) -> &'a str {
        of_suite(&self.releases, suite).map_or(suite.codename.as_str(), String::as_str)
    }

    pub(super) fn check(&self, config: &Config) -> Result<(), String> {
        check_line("source", &self.source)?;
        if self.every.is_some_and(|every| every.seconds() < LEAST_EVERY) {
            return Err(
                "[vulnerabilities] `every` is too short: expected ten minutes (`10m`) or more".into(),
            );
        }
        for (suite, release) in &self.releases {
            check_line("releases", release)?;
            if config.suite(suite).is_none() {
                return Err(format!(
                    "[vulnerabilities] `releases` names suite `{suite}`, which is missing"
                ));
            }
        }
        let mut severities: Vec<Severity> = Vec::new();
        match &self.block {
            None => {}
            Some(BlockFrom::All(from)) => severities.push(*from),
            Some(BlockFrom::Suites(suites)) => {
                for (suite, from) in suites {
                    severities.push(*from);
                    if config.suite(suite).is_none() {
                        return Err(format!(
                            "[vulnerabilities] `block` names suite `{suite}`, which is missing"
                        ));
                    }
                }
            }
        }
        if severities.contains(&Severity::Unimportant) {
            return Err(
                "[vulnerabilities] `block` cannot be `unimportant`: expected `unknown` or more".into(),
            );
        }
        Ok(())
    }
}

/// Returns the value of a suite, by its codename or alias.
fn of_suite<'a, T>(values: &'a BTreeMap<String, T>, suite: &Suite) -> Option<&'a T> {
    let mut names = std::iter::once(&suite.codename).chain(&suite.alias);
    names.find_map(|name| values.get(name.as_str()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let text =
            format!("[vulnerabilities]\n{text}\n[[suite]]\ncodename = \"bookworm\"\nsuite = \"stable\"");
        Config::parse(&text, Path::new("repogen.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_suite_is_compared_with_the_release_of_its_codename_or_the_one_that_is_named() {
        let release = |text: &str| {
            let config = parse(text).unwrap();
            let settings = config.vulnerabilities.as_ref().unwrap();
            settings.release_of(&config.suites[0]).to_owned()
        };
        assert_eq!(release("source = \"x.json\""), "bookworm");
        assert_eq!(
            release("source = \"x\"\nreleases = { stable = \"Debian:12\" }"),
            "Debian:12"
        );
    }

    #[test]
    fn packages_are_blocked_in_all_suites_or_in_those_that_are_named() {
        let blocked = |text: &str| {
            let config = parse(text).unwrap();
            let settings = config.vulnerabilities.as_ref().unwrap();
            settings.blocked_from(&config.suites[0])
        };
        assert_eq!(blocked("source = \"x\""), None);
        assert_eq!(blocked("source = \"x\"\nblock = \"high\""), Some(Severity::High));
        assert_eq!(
            blocked("source = \"x\"\nblock = { stable = \"low\" }"),
            Some(Severity::Low)
        );
        assert_eq!(blocked("source = \"x\"\nblock = {}"), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, expected) in [
            ("every = \"6h\"", "source"),
            ("source = \"\"", "invalid `source`"),
            ("source = \"x\"\nevery = \"5s\"", "too short"),
            ("source = \"x\"\nblock = \"terrible\"", "expected a severity"),
            (
                "source = \"x\"\nblock = \"unimportant\"",
                "cannot be `unimportant`",
            ),
            ("source = \"x\"\nblock = { other = \"high\" }", "which is missing"),
            ("source = \"x\"\nreleases = { other = \"y\" }", "which is missing"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
