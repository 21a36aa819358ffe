//! What dpkg has. Source: dpkg(1), "PACKAGE STATES"; apt's extended_states.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use debian_control::stanza::{Stanza, StanzaError, StanzaReader};
use resolver::request::{Hold, Mark};

use super::{System, SystemError, files, key, marks};
use crate::installed::{InstalledPackage, State};
use rootless::PackageKey;

/// What dpkg's database says.
#[derive(Debug, Default)]
pub(super) struct Database {
    pub(super) packages: Vec<InstalledPackage>,
    /// Packages of which nothing but configuration files is left.
    pub(super) leftovers: Vec<PackageKey>,
}

pub(super) fn read(system: &System) -> Result<Database, SystemError> {
    let automatic = marks::read(system)?;
    let mut stanzas: BTreeMap<PackageKey, String> = BTreeMap::new();
    let mut database = Database::default();
    for path in status_files(system)? {
        let text = files::read_text(&path)?;
        let mut reader = StanzaReader::new(&text);
        while let Some((text, first)) = reader.next_text() {
            let stanza = Stanza::of_index(text).map_err(|error| {
                let line = first + error.line - 1;
                SystemError::invalid(&path, &StanzaError { line, ..error })
            })?;
            check_status(&stanza).map_err(|why| SystemError::invalid(&path, &why))?;
            stanzas.insert(key::of_stanza(&stanza), text.to_owned());
        }
    }
    for (key, text) in stanzas {
        add(&mut database, key, text, &automatic)
            .map_err(|error| SystemError::invalid(&system.below(STATUS), &error))?;
    }
    Ok(database)
}

const STATUS: &str = "var/lib/dpkg/status";

/// Returns the status file and what dpkg wrote beside it since, in the order in which they count: one that was cut off has not yet
/// brought the latter into the former.
fn status_files(system: &System) -> Result<Vec<std::path::PathBuf>, SystemError> {
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
    key: PackageKey,
    text: String,
    automatic: &BTreeSet<PackageKey>,
) -> Result<(), StanzaError> {
    let stanza = Stanza::of_index(&text)?;
    let [want, flag, state] = words(&stanza).expect("the status was checked when it was read");
    let state = match (flag, state) {
        (_, "not-installed") => return Ok(()),
        (_, "config-files") => {
            // dpkg knows one for all architectures by no other.
            let architecture = stanza.line("Architecture").unwrap_or_default().to_owned();
            database.leftovers.push(PackageKey { architecture, ..key });
            return Ok(());
        }
        ("reinstreq", state) | (_, state @ "half-installed") => State::Damaged(state.to_owned()),
        (_, "installed") => State::Installed,
        (_, state) => State::Unconfigured(state.to_owned()),
    };
    let versioned = stanza.line("Version").map(str::to_owned);
    let text_of = |name| stanza.line(name).unwrap_or_default().to_owned();
    let package = InstalledPackage {
        name: text_of("Package"),
        // dpkg writes no version of a package whose first unpacking was cut off: any one is newer.
        version: versioned.clone().unwrap_or_else(|| NO_VERSION.to_owned()),
        architecture: text_of("Architecture"),
        mark: if automatic.contains(&key) {
            Mark::Automatic
        } else {
            Mark::Manual
        },
        hold: if want == "hold" { Hold::Held } else { Hold::Free },
        state,
        stanza: match versioned {
            Some(_) => text.clone(),
            None => format!("{}\nVersion: {NO_VERSION}\n", text.trim_end()),
        },
    };
    database.packages.push(package);
    Ok(())
}

/// A version before every other.
const NO_VERSION: &str = "0~";

/// Returns the paths of a package's files, in the order in which dpkg has them.
pub(super) fn files_of(
    system: &System,
    name: &str,
    architecture: Option<&str>,
) -> Result<Option<Vec<String>>, SystemError> {
    let packages = read(system)?.packages;
    let is_meant = |package: &&InstalledPackage| {
        package.name == name && architecture.is_none_or(|wanted| package.architecture == wanted)
    };
    let Some(package) = packages.iter().find(is_meant) else {
        return Ok(None);
    };
    // Those of `Multi-Arch: same` may be there several times.
    let info = system.below("var/lib/dpkg/info");
    let plain = info.join(format!("{name}.list"));
    let qualified = info.join(format!("{name}:{}.list", package.architecture));
    let text = files::read_text(if qualified.exists() { &qualified } else { &plain })?;
    Ok(Some(text.lines().map(str::to_owned).collect()))
}

/// Returns the architectures besides its own that dpkg may install: what `dpkg --print-foreign-architectures` prints.
pub(super) fn foreign_architectures(system: &System) -> Result<Vec<String>, SystemError> {
    let path = system.below("var/lib/dpkg/arch");
    let text = files::read_text_if_any(&path)?;
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
    let names = names.filter(|name| *name != crate::machine::architecture());
    Ok(names.map(str::to_owned).collect())
}
