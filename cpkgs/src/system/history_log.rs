//! What apt writes into /var/log/apt/history.log of each change, written for ours, too: who looks there for what happened finds it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use debian_control::version::Version;
use rootless::{Change, Configuration, PackageKey};

use super::{System, SystemError, key};
use crate::installed::InstalledPackage;

const FOLDER: &str = "var/log/apt";

/// Where apt keeps it, below the root.
pub(super) const FILE: &str = "var/log/apt/history.log";

/// Who makes a change, and when.
pub struct Author<'a> {
    /// What was typed.
    pub command_line: String,
    /// The user who became root for it, with their number, as `ada (1000)`.
    pub requested_by: Option<String>,
    /// Returns the local time, as apt writes it: `2026-11-27  19:48:24`.
    pub clock: &'a dyn Fn() -> String,
}

/// The log, with the beginning of a change in it.
pub(super) struct Entry<'a> {
    file: File,
    author: &'a Author<'a>,
}

impl<'a> Entry<'a> {
    /// Notes what begins. Nothing is changed whose beginning cannot be noted.
    pub(super) fn begin(
        system: &System,
        author: &'a Author<'a>,
        change: &Change,
        before: &[InstalledPackage],
    ) -> Result<Self, SystemError> {
        let file = open(&system.below(FOLDER), &system.below(FILE))
            .map_err(|source| SystemError::file(&system.below(FILE), source))?;
        let mut entry = Self { file, author };
        let mut text = format!(
            "\nStart-Date: {}\nCommandline: {}\n",
            (author.clock)(),
            escaped(&author.command_line)
        );
        if let Some(by) = &author.requested_by {
            text.push_str(&format!("Requested-By: {}\n", escaped(by)));
        }
        for (field, packages) in changes(change, before) {
            if !packages.is_empty() {
                text.push_str(&format!("{field}: {}\n", escaped(&packages.join(", "))));
            }
        }
        entry
            .write(&text)
            .map_err(|source| SystemError::file(&system.below(FILE), source))?;
        Ok(entry)
    }

    /// Notes how it ended. What was done stands whether this can be written or not.
    pub(super) fn end<T>(mut self, outcome: &Result<T, SystemError>) {
        let error = outcome.as_ref().err();
        let error = error.map_or(String::new(), |error| {
            format!("Error: {}\n", escaped(&error.to_string()))
        });
        let text = format!("{error}End-Date: {}\n", (self.author.clock)());
        let _ = self.write(&text);
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())
    }
}

fn open(folder: &Path, path: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o644)
        .open(path)
}

/// Returns the fields of a change, and the packages of each.
fn changes(change: &Change, before: &[InstalledPackage]) -> [(&'static str, Vec<String>); 6] {
    let installed = |key: &PackageKey| {
        let mut found = before.iter();
        found.find(|one| key::of(&one.name, &one.architecture) == *key)
    };
    let [
        mut install,
        mut reinstall,
        mut upgrade,
        mut downgrade,
        mut remove,
        mut purge,
    ] = [const { Vec::new() }; 6];
    for add in &change.add {
        let Ok(stanza) = Stanza::of_index(&add.stanza) else {
            continue;
        };
        let key = key::of_stanza(&stanza);
        let name = format!("{}:{}", key.name, key.architecture);
        let new = stanza.line("Version").unwrap_or_default();
        match installed(&key).map(|one| one.version.as_str()) {
            None => {
                let automatic = if add.automatic { ", automatic" } else { "" };
                install.push(format!("{name} ({new}{automatic})"));
            }
            Some(old) if old == new => reinstall.push(format!("{name} ({new})")),
            Some(old) => {
                let [old_version, new_version] = [old, new].map(|text| Version::of_status(text).ok());
                let is_older = new_version < old_version;
                let list = if is_older { &mut downgrade } else { &mut upgrade };
                list.push(format!("{name} ({old}, {new})"));
            }
        }
    }
    for key in &change.remove {
        let key = key::of(&key.name, &key.architecture);
        let version = installed(&key).map_or("", |one| one.version.as_str());
        let list = match change.configuration {
            Configuration::Stays => &mut remove,
            Configuration::Goes => &mut purge,
        };
        list.push(format!("{}:{} ({version})", key.name, key.architecture));
    }
    [
        ("Install", install),
        ("Reinstall", reinstall),
        ("Upgrade", upgrade),
        ("Downgrade", downgrade),
        ("Remove", remove),
        ("Purge", purge),
    ]
}

#[cfg(test)]
mod tests {
    use debian_control::digest::sha256;
    use resolver::request::{Hold, Mark};
    use rootless::Add;

    use super::*;
    use crate::installed::State;

    #[test]
    fn what_dpkg_sees_as_older_is_a_downgrade_also_from_a_version_that_no_package_may_have_any_more() {
        let installed = InstalledPackage {
            name: "tool".to_owned(),
            version: "a1.0".to_owned(),
            architecture: "amd64".to_owned(),
            stanza: String::new(),
            mark: Mark::Manual,
            hold: Hold::Free,
            state: State::Installed,
        };
        let add = Add {
            stanza: "Package: tool\nVersion: 1.0\nArchitecture: amd64\n".to_owned(),
            deb: std::path::PathBuf::new(),
            sha256: sha256(b""),
            automatic: false,
            why: None,
            provenance: None,
        };
        let change = Change {
            add: vec![add],
            ..Change::default()
        };
        let noted = changes(&change, &[installed]);
        let noted = noted.into_iter().filter(|(_, packages)| !packages.is_empty());
        assert_eq!(
            noted.collect::<Vec<_>>(),
            [("Downgrade", vec!["tool:amd64 (a1.0, 1.0)".to_owned()])]
        );
    }
}
