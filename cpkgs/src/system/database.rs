//! What dpkg has. Source: dpkg(1), "PACKAGE STATES"; apt's extended_states.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use debian_formats::stanza::{Stanza, StanzaReader};

use super::{System, SystemError};
use crate::generation::Held;
use crate::rootless::Slot;

/// A package that dpkg has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemPackage {
    /// Its stanza in dpkg's status.
    pub stanza: String,
    /// Whether it came only because another needed it.
    pub automatic: bool,
    /// Whether it is held.
    pub held: Held,
}

pub(super) fn read(system: &System) -> Result<Vec<SystemPackage>, SystemError> {
    let automatic = automatic(system)?;
    let path = system.below("var/lib/dpkg/status");
    let text = read_text(&path)?;
    let mut packages = Vec::new();
    let mut stanzas = StanzaReader::new(&text);
    while let Some((stanza, _)) = stanzas.next_text() {
        packages.extend(package(stanza, &automatic, &path)?);
    }
    Ok(packages)
}

/// Reads one stanza; `None` when nothing of it is on the disk but its configuration.
fn package(
    text: &str,
    automatic: &BTreeSet<Slot>,
    path: &Path,
) -> Result<Option<SystemPackage>, SystemError> {
    let stanza = Stanza::parse(text).map_err(|error| wrong(path, &error))?;
    let name = stanza.line("Package").unwrap_or_default();
    let status = stanza.line("Status").unwrap_or_default();
    let mut words = status.split_ascii_whitespace();
    let (Some(want), Some(_), Some(state)) = (words.next(), words.next(), words.next()) else {
        let why = format!("the status of `{name}` is `{status}`: expected three words");
        return Err(wrong(path, &why));
    };
    match state {
        "installed" | "triggers-awaited" | "triggers-pending" => {}
        "not-installed" | "config-files" => return Ok(None),
        state => {
            return Err(SystemError::Interrupted {
                package: name.to_owned(),
                state: state.to_owned(),
            });
        }
    }
    let slot = slot(&stanza);
    Ok(Some(SystemPackage {
        stanza: text.to_owned(),
        automatic: automatic.contains(&slot),
        held: if want == "hold" { Held::Held } else { Held::Free },
    }))
}

/// Returns which package a stanza is of; those for all architectures are of the native one here, as apt writes them.
pub(super) fn slot(stanza: &Stanza<'_>) -> Slot {
    let text = |name| stanza.line(name).unwrap_or_default();
    let architecture = match text("Architecture") {
        "all" => crate::machine::architecture(),
        other => other,
    };
    Slot {
        name: text("Package").to_owned(),
        architecture: architecture.to_owned(),
    }
}

fn automatic(system: &System) -> Result<BTreeSet<Slot>, SystemError> {
    let path = system.below(super::marks::FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        text => text.map_err(|source| SystemError::file(&path, source))?,
    };
    let mut automatic = BTreeSet::new();
    for stanza in StanzaReader::new(&text) {
        let stanza = stanza.map_err(|error| wrong(&path, &error))?;
        if stanza.line("Auto-Installed") == Some("1") {
            automatic.insert(slot(&stanza));
        }
    }
    Ok(automatic)
}

pub(super) fn read_text(path: &Path) -> Result<String, SystemError> {
    fs::read_to_string(path).map_err(|source| SystemError::file(path, source))
}

pub(super) fn wrong(path: &Path, why: &impl ToString) -> SystemError {
    SystemError::Database {
        path: path.to_owned(),
        why: why.to_string(),
    }
}
