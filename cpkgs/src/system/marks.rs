//! Which packages came by themselves, as apt remembers it: so that `apt autoremove` stays right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use debian_control::stanza::{Stanza, StanzaReader};

use super::{System, SystemError, files, key};
use crate::installed::InstalledPackage;
use rootless::{Add, Change, PackageKey};

/// Where apt keeps it, below the root.
const FILE: &str = "var/lib/apt/extended_states";

/// Returns the packages that were installed because others needed them.
pub(super) fn read(system: &System) -> Result<BTreeSet<PackageKey>, SystemError> {
    let path = system.below(FILE);
    let text = files::read_text_if_any(&path)?;
    let mut automatic = BTreeSet::new();
    for stanza in StanzaReader::new(&text) {
        let stanza = stanza.map_err(|error| SystemError::invalid(&path, &error))?;
        if stanza.line("Auto-Installed") == Some("1") {
            automatic.insert(key::of_stanza(&stanza));
        }
    }
    Ok(automatic)
}

/// Brings apt's marks to what a change makes of those that come or stay.
pub(super) fn write(system: &System, change: &Change) -> Result<(), SystemError> {
    put(system, &wanted(change)?)
}

/// Forgets the marks of what a change took away, or did not bring: whoever installs it later asks for it.
pub(super) fn forget_absent(
    system: &System,
    change: &Change,
    installed: &[InstalledPackage],
) -> Result<(), SystemError> {
    let installed = installed.iter();
    let installed: BTreeSet<PackageKey> = installed
        .map(|package| key::of(&package.name, &package.architecture))
        .collect();
    let added = change.add.iter().filter_map(Add::key);
    let changed = added.chain(change.remove.iter().cloned());
    let changed = changed.map(|key| key::of(&key.name, &key.architecture));
    let absent = changed.filter(|key| !installed.contains(key));
    put(system, &absent.map(|key| (key, false)).collect())
}

/// Brings apt's marks of some packages to what they are now, by a rename.
fn put(system: &System, marks: &BTreeMap<PackageKey, bool>) -> Result<(), SystemError> {
    let path = system.below(FILE);
    let failed = |source| SystemError::file(&path, source);
    let before = files::read_text_if_any(&path)?;
    let after = changed(&before, marks).map_err(|why| SystemError::invalid(&path, &why))?;
    if after == before {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(&system.root);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(after.as_bytes()).map_err(failed)?;
    file.as_file()
        .set_permissions(Permissions::from_mode(0o644))
        .map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Returns what is to be said of each package that comes or stays; what goes keeps its mark until it is gone.
fn wanted(change: &Change) -> Result<BTreeMap<PackageKey, bool>, SystemError> {
    let mut marks = BTreeMap::new();
    for add in &change.add {
        let stanza = Stanza::of_index(&add.stanza).map_err(|error| SystemError::Database {
            path: add.deb.clone(),
            why: error.to_string(),
        })?;
        marks.insert(key::of_stanza(&stanza), add.automatic);
    }
    marks.extend(
        change
            .automatic
            .iter()
            .map(|(key, mark)| (key::of(&key.name, &key.architecture), *mark)),
    );
    Ok(marks)
}

fn changed(
    before: &str,
    marks: &BTreeMap<PackageKey, bool>,
) -> Result<String, debian_control::stanza::StanzaError> {
    let mut after = String::new();
    let mut known = BTreeSet::new();
    let mut stanzas = StanzaReader::new(before);
    while let Some((text, _)) = stanzas.next_text() {
        let stanza = Stanza::of_index(text)?;
        let Some(automatic) = marks.get(&key::of_stanza(&stanza)) else {
            after.push_str(text.trim_end_matches('\n'));
            after.push_str("\n\n");
            continue;
        };
        // What else may stand there is not known, and stays.
        if stanza.fields().len() > 3 {
            let value = if *automatic { "1" } else { "0" };
            for field in stanza.fields() {
                let raw = if field.is("Auto-Installed") {
                    format!(" {value}")
                } else {
                    field.raw().to_owned()
                };
                after.push_str(&format!("{}:{raw}\n", field.name()));
            }
            after.push('\n');
            known.insert(key::of_stanza(&stanza));
        }
    }
    let new = marks
        .iter()
        .filter(|(key, automatic)| **automatic && !known.contains(key));
    after.extend(new.map(|(key, _)| mark(key)));
    Ok(after)
}

fn mark(key: &PackageKey) -> String {
    format!(
        "Package: {}\nArchitecture: {}\nAuto-Installed: 1\n\n",
        key.name, key.architecture
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> PackageKey {
        PackageKey {
            name: name.to_owned(),
            architecture: "amd64".to_owned(),
        }
    }

    #[test]
    fn marks_come_and_go_and_those_of_others_stay() {
        let before = format!("{}{}", mark(&key("kept")), mark(&key("wanted")));
        let marks = BTreeMap::from([(key("wanted"), false), (key("new"), true)]);
        let after = changed(&before, &marks).unwrap();
        assert_eq!(after, format!("{}{}", mark(&key("kept")), mark(&key("new"))));
        assert_eq!(changed(&after, &marks).unwrap(), after);
    }
}
