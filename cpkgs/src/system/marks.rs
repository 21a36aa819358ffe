//! Which packages came by themselves, as apt remembers it: so that `apt autoremove` stays right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use debian_control::stanza::{Stanza, StanzaReader};

use super::database::{self, wrong};
use super::{System, SystemError};
use crate::rootless::{Change, Slot};

/// Where apt keeps it, below the root.
pub(super) const FILE: &str = "var/lib/apt/extended_states";

/// Brings apt's marks to what a change makes of them, by a rename.
pub(super) fn write(system: &System, change: &Change) -> Result<(), SystemError> {
    let path = system.below(FILE);
    let failed = |source| SystemError::file(&path, source);
    let before = if path.exists() {
        database::read_text(&path)?
    } else {
        String::new()
    };
    let marks = wanted(change)?;
    let after = changed(&before, &marks).map_err(|why| wrong(&path, &why))?;
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

/// Returns what is to be said of each package; what goes came not by itself.
fn wanted(change: &Change) -> Result<BTreeMap<Slot, bool>, SystemError> {
    let mut marks = BTreeMap::new();
    for add in &change.add {
        let stanza = Stanza::parse(&add.stanza).map_err(|error| SystemError::Database {
            path: add.deb.clone(),
            why: error.to_string(),
        })?;
        marks.insert(database::slot(&stanza), add.automatic);
    }
    marks.extend(change.remove.iter().map(|slot| (native(slot), false)));
    marks.extend(change.automatic.iter().map(|(slot, mark)| (native(slot), *mark)));
    Ok(marks)
}

fn native(slot: &Slot) -> Slot {
    let architecture = match slot.architecture.as_str() {
        "all" => crate::machine::architecture(),
        other => other,
    };
    Slot {
        name: slot.name.clone(),
        architecture: architecture.to_owned(),
    }
}

fn changed(
    before: &str,
    marks: &BTreeMap<Slot, bool>,
) -> Result<String, debian_control::stanza::StanzaError> {
    let mut after = String::new();
    let mut known = BTreeSet::new();
    let mut stanzas = StanzaReader::new(before);
    while let Some((text, _)) = stanzas.next_text() {
        let stanza = Stanza::parse(text)?;
        let Some(automatic) = marks.get(&database::slot(&stanza)) else {
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
            known.insert(database::slot(&stanza));
        }
    }
    let new = marks
        .iter()
        .filter(|(slot, automatic)| **automatic && !known.contains(slot));
    after.extend(new.map(|(slot, _)| mark(slot)));
    Ok(after)
}

fn mark(slot: &Slot) -> String {
    format!(
        "Package: {}\nArchitecture: {}\nAuto-Installed: 1\n\n",
        slot.name, slot.architecture
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(name: &str) -> Slot {
        Slot {
            name: name.to_owned(),
            architecture: "amd64".to_owned(),
        }
    }

    #[test]
    fn marks_come_and_go_and_those_of_others_stay() {
        let before = format!("{}{}", mark(&slot("kept")), mark(&slot("wanted")));
        let marks = BTreeMap::from([(slot("wanted"), false), (slot("new"), true)]);
        let after = changed(&before, &marks).unwrap();
        assert_eq!(after, format!("{}{}", mark(&slot("kept")), mark(&slot("new"))));
        assert_eq!(changed(&after, &marks).unwrap(), after);
    }
}
