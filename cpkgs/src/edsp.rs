//! apt's External Dependency Solver Protocol, version 0.5: apt asks, the resolver answers.
//!
//! Source: apt's own documentation of the protocol, doc/external-dependency-solver-protocol.md, and what apt's own solver does
//! behind it. The modules stand in the order in which a scenario goes through them.

mod scenario;
mod decide;
mod leftover;

use std::fmt::Write as _;
use std::io;

use debian_control::stanza::StanzaError;
use debian_control::terminal::escaped;
use resolver::refusal::Refusal;
use resolver::request::{Hold, Recommends};
use resolver::universe::{PackageId, UniverseError};

use crate::autoremovable::{AutoremovableError, Keeping, KeepingError};
use crate::phasing::Phasing;
use scenario::Scenario;

/// What an answer without a plan is about, by the identifiers that the protocol wants: each stays the same for good.
const NO_PLAN: &str = "0f2f9d4e-4d7b-4c3e-9a53-6b1c8d1f7e21";
const NOT_UNDERSTOOD: &str = "b7c1a3d8-52e6-4f0b-8f5a-2e94d06c3a77";
const NOT_READ: &str = "5d8e6f10-93ab-47c2-b1de-70a4f2c95b38";
const NOT_CONFIGURED: &str = "c3f04a92-6d1e-4b58-8a7d-1f9e52b6d0a4";

/// Why a scenario has no answer, not even a no.
#[derive(Debug, thiserror::Error)]
enum EdspError {
    /// It is no text.
    #[error("the scenario is not UTF-8 from byte {0} on")]
    Text(usize),
    /// It cannot be read.
    #[error("the scenario cannot be read: {0}")]
    Stanza(#[from] StanzaError),
    /// It does not begin with a request.
    #[error("the scenario does not begin with `Request: EDSP 0.x`, but with `{0}`")]
    NoRequest(String),
    /// It is empty.
    #[error("the scenario is empty: expected a stanza with `Request: EDSP 0.5`")]
    Empty,
    /// It names an invalid architecture.
    #[error("field `{field}` of the request: `{text}` is not a valid architecture")]
    Architecture {
        /// The field.
        field: &'static str,
        /// What stands there.
        text: String,
    },
    /// A field has neither of its two values.
    #[error("field `{field}` of {place}: expected `yes` or `no`, found `{found}`")]
    Flag {
        /// The field.
        field: &'static str,
        /// Whose.
        place: String,
        /// What stands there.
        found: String,
    },
    /// A package has no number, or that of another.
    #[error("package `{name}`: `APT-ID` is {wrong}")]
    Number {
        /// The package.
        name: String,
        /// What is wrong.
        wrong: String,
    },
    /// Two versions are installed in one place.
    #[error("`{0}` is installed twice")]
    InstalledTwice(String),
    /// A package says something that has no meaning.
    #[error("package `{name}` with `APT-ID: {id}` cannot be used: {source}")]
    Package {
        /// Its name.
        name: String,
        /// Its number.
        id: String,
        /// Why.
        source: Box<UniverseError>,
    },
    /// What is to be installed is not there.
    #[error("`{0}` is to be installed, and the scenario has no version of it that can be installed")]
    Unknown(String),
    /// It cannot be said what nothing needs.
    #[error("{0}")]
    Autoremovable(#[from] AutoremovableError),
}

/// Answers a scenario. Whatever is wrong is an answer, too.
///
/// Without `phasing`, an upgrade takes every update.
pub fn answer(
    scenario: &[u8],
    recommends: Recommends,
    keeping: &Keeping,
    phasing: Option<&Phasing>,
) -> String {
    match answered(scenario, recommends, keeping, phasing) {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => error_stanza(NO_PLAN, &text(&refusal)),
        Err(error) => error_stanza(NOT_UNDERSTOOD, &error.to_string()),
    }
}

/// Answers that the scenario did not arrive.
pub fn unread(error: &io::Error) -> String {
    error_stanza(NOT_READ, &format!("cannot read the scenario: {error}"))
}

/// Answers that it is not known what apt's configuration keeps.
pub fn unconfigured(error: &KeepingError) -> String {
    error_stanza(
        NOT_CONFIGURED,
        &format!("cannot use apt's configuration: {error}"),
    )
}

fn answered(
    scenario: &[u8],
    recommends: Recommends,
    keeping: &Keeping,
    phasing: Option<&Phasing>,
) -> Result<Result<String, Refusal>, EdspError> {
    let text = std::str::from_utf8(scenario).map_err(|error| EdspError::Text(error.valid_up_to()))?;
    let mut scenario = Scenario::read(text)?;
    let phasing = phasing.filter(|_| scenario.upgrade);
    let held = phasing.map_or_else(Vec::new, |phasing| scenario.hold_back(phasing));
    let mut found = decide::decide(&scenario, recommends);
    if found.is_err() && !held.is_empty() {
        // What is named may need an update that is not for this machine yet.
        scenario.set(&held, Hold::Free);
        found = decide::decide(&scenario, recommends);
    }
    let after = match found {
        Ok(after) => after,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let leftover = leftover::leftover(&scenario, &after, keeping)?;
    Ok(Ok(solution(&scenario, &after, &leftover)))
}

fn error_stanza(kind: &str, why: &str) -> String {
    // A stanza's lines go on with a blank, and an empty one is a dot.
    let lines: Vec<String> = why
        .trim()
        .lines()
        .map(|line| match line.trim_end() {
            "" => ".".to_owned(),
            line => escaped(line).to_string(),
        })
        .collect();
    format!("Error: {kind}\nMessage: {}\n\n", lines.join("\n "))
}

fn text(refusal: &Refusal) -> String {
    let lines = std::iter::once(&refusal.summary)
        .chain(&refusal.reasons)
        .chain(&refusal.hints);
    lines.map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// Says what to do in apt's numbers.
fn solution(scenario: &Scenario<'_>, after: &[Option<PackageId>], leftover: &[PackageId]) -> String {
    let mut answer = String::new();
    let mut say = |what: &str, package: PackageId| {
        let universe = &scenario.universe;
        let id = scenario.number(package);
        let (name, version) = (universe.name(package), universe.version(package));
        let architecture = universe.architecture(package);
        let _ = write!(
            answer,
            "{what}: {id}\nPackage: {name}\nVersion: {version}\nArchitecture: {architecture}\n\n"
        );
    };
    for (slot, after) in scenario.slots.iter().zip(after) {
        match (slot.installed.map(|installed| installed.package), *after) {
            (Some(before), None) => say("Remove", before),
            (before, Some(after)) if before != Some(after) => say("Install", after),
            (Some(before), _) if leftover.contains(&before) => say("Autoremove", before),
            _ => {}
        }
    }
    answer
}

#[cfg(test)]
mod tests;
