//! From what was typed to what is meant: suites, components, `NAME=VERSION`.

use std::str::FromStr;

use debian_archive::archive::Archive;
use debian_archive::config::{Config, Suite};
use debian_archive::ingest::VulnerablePolicy;
use debian_control::name::{Component, PackageName, SuiteName};
use debian_control::version::Version;

use super::exit::{Failure, which_suite};

/// `NAME` or `NAME=VERSION`.
#[derive(Debug, Clone)]
pub(super) struct PackageArg {
    pub(super) name: PackageName,
    pub(super) version: Option<Version>,
}

impl FromStr for PackageArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, version) = match text.split_once('=') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        Ok(Self {
            name: name.parse().map_err(|error| format!("{error}"))?,
            version: version
                .map(|version| version.parse().map_err(|error| format!("{error}")))
                .transpose()?,
        })
    }
}

impl std::fmt::Display for PackageArg {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.version {
            Some(version) => write!(formatter, "{}={version}", self.name),
            None => self.name.fmt(formatter),
        }
    }
}

/// Returns the suite that `name` stands for; left out, the only one.
pub(super) fn suite<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Suite, Failure> {
    match (name, config.suites.as_slice()) {
        (Some(name), _) => named(config, name),
        (None, [suite]) => Ok(suite),
        (None, suites) => Err(which_suite(
            &suites.iter().map(|suite| &suite.codename).collect::<Vec<_>>(),
        )),
    }
}

/// Returns the codename that `name` stands for; left out, the only one.
///
/// For what asks the catalog alone: packages of a suite that is no longer configured can be seen, copied and removed.
pub(super) fn codename(archive: &Archive, name: Option<&str>) -> Result<SuiteName, Failure> {
    let config = archive.config();
    if let Some(name) = name
        && config.suite(name).is_none()
        && let Some(known) = archive
            .catalog()
            .progress()?
            .into_iter()
            .find(|progress| progress.suite.as_str() == name)
    {
        return Ok(known.suite);
    }
    suite(config, name).map(|suite| suite.codename.clone())
}

/// Returns the suites that `names` stand for; left out, all of them.
pub(super) fn suites<'a>(config: &'a Config, names: &[String]) -> Result<Vec<&'a Suite>, Failure> {
    if names.is_empty() {
        return Ok(config.suites.iter().collect());
    }
    let mut suites: Vec<&Suite> = Vec::new();
    for name in names {
        let suite = named(config, name)?;
        if !suites.iter().any(|other| other.codename == suite.codename) {
            suites.push(suite);
        }
    }
    Ok(suites)
}

/// Returns the component that `name` stands for; left out, the suite's first.
pub(super) fn component<'a>(suite: &'a Suite, name: Option<&str>) -> Result<&'a Component, Failure> {
    let Some(name) = name else {
        return Ok(suite.default_component());
    };
    suite
        .components
        .iter()
        .find(|component| component.as_str() == name)
        .ok_or_else(|| {
            let listed = suite
                .components
                .iter()
                .map(Component::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            Failure::usage(format_args!(
                "no component `{}` in suite `{}`",
                name.escape_debug(),
                suite.codename
            ))
            .hint(format_args!("it has {listed}"))
        })
}

fn named<'a>(config: &'a Config, name: &str) -> Result<&'a Suite, Failure> {
    config.suite(name).ok_or_else(|| {
        let listed = config
            .suites
            .iter()
            .map(|suite| suite.codename.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        Failure::usage(format_args!("no suite `{}` in repogen.toml", name.escape_debug()))
            .hint(format_args!("it has {listed}"))
    })
}

/// Returns what happens to packages with known vulnerabilities that their suite does not take.
pub(super) fn vulnerable(is_allowed: bool) -> VulnerablePolicy {
    if is_allowed {
        VulnerablePolicy::Accept
    } else {
        VulnerablePolicy::Refuse
    }
}
