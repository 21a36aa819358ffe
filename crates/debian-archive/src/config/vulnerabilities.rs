//! `[vulnerabilities]`: what packages are compared with.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Config, Span, Suite, check_line};

/// Shortest time between two scans, in seconds: the data changes a few times a day, and whoever offers it is asked for all of it.
const LEAST_EVERY: i64 = 600;

/// What packages are compared with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VulnerabilitySettings {
    /// A file or folder, relative to the root, or an address.
    pub source: String,
    /// How often `repogen watch` scans; `None`: never.
    pub every: Option<Span>,
    /// The release whose data each suite is compared with, by codename or alias.
    #[serde(default)]
    pub releases: BTreeMap<String, String>,
}

impl VulnerabilitySettings {
    /// Returns the release whose data a suite is compared with: the one of its codename, where nothing else is said.
    pub fn release_of<'a>(&'a self, suite: &'a Suite) -> &'a str {
        let names = std::iter::once(&suite.codename).chain(&suite.alias);
        let mut releases = names.filter_map(|name| self.releases.get(name.as_str()));
        releases.next().map_or(suite.codename.as_str(), String::as_str)
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
        Ok(())
    }
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
    fn what_cannot_be_meant_is_refused() {
        for (text, expected) in [
            ("every = \"6h\"", "source"),
            ("source = \"\"", "invalid `source`"),
            ("source = \"x\"\nevery = \"5s\"", "too short"),
            ("source = \"x\"\nreleases = { other = \"y\" }", "which is missing"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
