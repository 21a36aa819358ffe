//! What dpkg has. Source: dpkg(1), "PACKAGE STATES"; apt's extended_states.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use debian_control::stanza::{Stanza, StanzaReader};

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
    /// How far dpkg came with it.
    pub state: State,
}

/// How far dpkg came with a package. Source: dpkg(1), "Package states" and "Package flags".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// All is done.
    Installed,
    /// It is there, and has to be configured, or its triggers to be processed; in dpkg's word.
    Unconfigured(String),
    /// Not all of it may be there: it has to be unpacked again; in dpkg's word.
    Damaged(String),
}

/// What dpkg's database says.
#[derive(Debug, Default)]
pub(super) struct Database {
    pub(super) packages: Vec<SystemPackage>,
    /// Packages of which nothing but configuration files is left.
    pub(super) leftovers: Vec<Slot>,
}

pub(super) fn read(system: &System) -> Result<Database, SystemError> {
    let automatic = automatic(system)?;
    let mut stanzas: BTreeMap<Slot, String> = BTreeMap::new();
    let mut database = Database::default();
    for path in files(system)? {
        let text = read_text(&path)?;
        let mut reader = StanzaReader::new(&text);
        while let Some((text, _)) = reader.next_text() {
            let stanza = Stanza::parse(text).map_err(|error| wrong(&path, &error))?;
            check_status(&stanza).map_err(|why| wrong(&path, &why))?;
            stanzas.insert(slot(&stanza), text.to_owned());
        }
    }
    for (slot, text) in stanzas {
        add(&mut database, slot, text, &automatic).map_err(|error| wrong(&system.below(STATUS), &error))?;
    }
    Ok(database)
}

const STATUS: &str = "var/lib/dpkg/status";

/// Returns the status file and what dpkg wrote beside it since, in the order in which they count: one that was cut off has not yet
/// brought the latter into the former.
fn files(system: &System) -> Result<Vec<std::path::PathBuf>, SystemError> {
    let folder = system.below("var/lib/dpkg/updates");
    let failed = |source| SystemError::file(&folder, source);
    let mut updates = Vec::new();
    match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        entries => {
            for entry in entries.map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
                    updates.push(path);
                }
            }
        }
    }
    updates.sort();
    let mut files = vec![system.below(STATUS)];
    files.extend(updates);
    Ok(files)
}

/// Returns the wish, the flag and the state of a package.
fn words<'s>(stanza: &Stanza<'s>) -> Option<[&'s str; 3]> {
    let mut words = stanza.line("Status")?.split_ascii_whitespace();
    let three = [words.next()?, words.next()?, words.next()?];
    words.next().is_none().then_some(three)
}

fn check_status(stanza: &Stanza<'_>) -> Result<(), String> {
    let name = stanza.line("Package").unwrap_or_default();
    match words(stanza) {
        Some(_) => Ok(()),
        None => Err(format!(
            "the status of `{name}` is `{}`: expected three words",
            stanza.line("Status").unwrap_or_default()
        )),
    }
}

fn add(
    database: &mut Database,
    slot: Slot,
    text: String,
    automatic: &BTreeSet<Slot>,
) -> Result<(), debian_control::stanza::StanzaError> {
    let stanza = Stanza::parse(&text)?;
    let [want, flag, state] = words(&stanza).unwrap_or_default();
    let state = match (flag, state) {
        (_, "not-installed") => return Ok(()),
        (_, "config-files") => {
            // dpkg knows one for all architectures by no other.
            let architecture = stanza.line("Architecture").unwrap_or_default().to_owned();
            database.leftovers.push(Slot { architecture, ..slot });
            return Ok(());
        }
        ("reinstreq", state) | (_, state @ "half-installed") => State::Damaged(state.to_owned()),
        (_, "installed") => State::Installed,
        (_, state) => State::Unconfigured(state.to_owned()),
    };
    let held = if want == "hold" { Held::Held } else { Held::Free };
    let versioned = stanza.line("Version").is_some();
    database.packages.push(SystemPackage {
        automatic: automatic.contains(&slot),
        held,
        state,
        // dpkg writes no version of a package whose first unpacking was cut off: any one is newer.
        stanza: if versioned {
            text
        } else {
            format!("{}\nVersion: 0~\n", text.trim_end())
        },
    });
    Ok(())
}

/// Returns the architectures besides its own that dpkg may install: what `dpkg --print-foreign-architectures` prints.
pub(super) fn foreign_architectures(system: &System) -> Result<Vec<String>, SystemError> {
    let path = system.below("var/lib/dpkg/arch");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text.map_err(|source| SystemError::file(&path, source))?,
    };
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
    let names = names.filter(|name| *name != crate::machine::architecture());
    Ok(names.map(str::to_owned).collect())
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
