//! Installing without root: from the generation that counts and a change to the next one.
//!
//! Whoever calls this has the lock of the install folder, from before the change was decided. All is
//! made beside what there is; then one rename makes it count. Whatever ends the process before that leaves the old
//! generation, and what was left lying is swept by the next change or by `repair`.

mod error;
mod repair;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use debian_control::stanza::Stanza;

use crate::change::{Add, Change, Configuration, PackageKey};
use crate::change_stage::Listener;
use crate::conffiles;
use crate::generation::{
    self, BuildOptions, Difference, Generations, Held, Notes, PackageRecord, Plan, Purpose,
};
use crate::store::{Expected, Store};

pub use self::error::RootlessError;
pub use self::repair::{Damaged, Repaired, renew, repair};

/// What a change came to.
#[derive(Debug)]
pub struct Applied {
    /// The generation that counts now.
    pub generation: u64,
    /// What there is to say of the packages that came.
    pub notes: Notes,
    /// Configuration files that were changed here and have the package's new one beside them.
    pub kept: Vec<String>,
}

/// What was swept away.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Generations.
    pub generations: usize,
    /// Packages in the store.
    pub packages: usize,
    /// What was left unfinished by a process that died.
    pub unfinished: usize,
}

/// Makes the next generation and lets it count.
///
/// # Errors
///
/// Whatever stands against it. The old generation counts then, unless only configuration files could not be brought up to
/// date, which the next change or `repair` makes up for.
pub fn apply(install: &Path, change: Change) -> Result<Applied, RootlessError> {
    let generations = Generations::new(install);
    generations.check_place()?;
    let store = Store::open(install)?;
    store.sweep()?;
    generations.sweep()?;
    let before = generations.current_plan()?;
    // What a process that was killed after the switch did not come to.
    conffiles::merge(install, &store, &before)?;
    let added = unpack(&store, &change)?;
    let names: BTreeSet<String> = added.iter().map(|package| package.name.clone()).collect();
    let number = generations.all()?.last().copied().unwrap_or(0) + 1;
    let launcher = change.launcher.clone();
    let listener = change.listener.clone();
    let purged = match change.configuration {
        Configuration::Stays => Vec::new(),
        Configuration::Goes => change.remove.clone(),
    };
    let plan = next(before, change, added, number);
    let options = BuildOptions {
        purpose: Purpose::Numbered,
        launcher: launcher.as_deref(),
        listener: &listener,
    };
    let mut notes = generation::build(install, &store, plan, options)?;
    generations.switch(number)?;
    notes.scripts.retain(|name, _| names.contains(name));
    notes.dropped.retain(|name, _| names.contains(name));
    notes.elsewhere.retain(|name, _| names.contains(name));
    notes.outside.retain(|name, _| names.contains(name));
    notes.unlaid.retain(|name, _| names.contains(name));
    let plan = generations.plan(number)?;
    let kept = conffiles::merge(install, &store, &plan)?;
    if !purged.is_empty() {
        let mut of = BTreeSet::new();
        for number in generations.all()? {
            of.extend(conffiles_of(&generations.plan(number)?, &purged));
        }
        conffiles::purge(install, &plan, &of)?;
    }
    Ok(Applied {
        generation: number,
        notes,
        kept,
    })
}

/// Makes a generation of these packages alone, to run a command with; returns its folder. It stays for the next command with
/// the same packages, until [`collect`].
///
/// # Errors
///
/// As [`apply`].
pub fn ephemeral(install: &Path, change: Change) -> Result<PathBuf, RootlessError> {
    let store = Store::open(install)?;
    let added = unpack(&store, &change)?;
    let launcher = change.launcher.clone();
    let listener = change.listener.clone();
    let plan = next(Plan::default(), change, added, 0);
    let place = Generations::new(install).place(&plan, Purpose::Ephemeral);
    if !place.exists() {
        let options = BuildOptions {
            purpose: Purpose::Ephemeral,
            launcher: launcher.as_deref(),
            listener: &listener,
        };
        generation::build(install, &store, plan, options)?;
    }
    Ok(place)
}

/// Returns what the generation holds that [`rollback`] would go to.
///
/// # Errors
///
/// When there is none.
pub fn rollback_target(install: &Path, to: Option<u64>) -> Result<Plan, RootlessError> {
    let generations = Generations::new(install);
    let before = generations.current_plan()?;
    let first = || (before.number > 0).then_some(0);
    let to = to
        .or(before.parent)
        .or_else(first)
        .ok_or(RootlessError::NothingBefore)?;
    if to == 0 && before.number > 0 {
        return Ok(Plan::default());
    }
    Ok(generations.plan(to)?)
}

/// Lets an earlier generation count again: the one named, else the one that the current one came from. Before the first there is
/// number 0, which has nothing.
///
/// # Errors
///
/// When there is none.
pub fn rollback(install: &Path, to: Option<u64>) -> Result<(u64, Vec<String>), RootlessError> {
    let store = Store::open(install)?;
    let generations = Generations::new(install);
    let before = generations.current_plan()?;
    conffiles::merge(install, &store, &before)?;
    let to = rollback_target(install, to)?.number;
    if to == 0 && before.number > 0 && !generations.path(0).exists() {
        let nothing = Plan {
            created: before.created.clone(),
            command: "before the first".to_owned(),
            ..Plan::default()
        };
        let options = BuildOptions {
            purpose: Purpose::Numbered,
            launcher: None,
            listener: &Listener::default(),
        };
        generation::build(install, &store, nothing, options)?;
    }
    let plan = generations.plan(to)?;
    generations.switch(to)?;
    let kept = conffiles::merge(install, &store, &plan)?;
    Ok((to, kept))
}

/// Removes all generations but the newest `keep` and the one that counts, and the packages that none of them has. Those that have the
/// packages of their parent, as after a hold, do not count as one of `keep`, and stay with it.
///
/// # Errors
///
/// When something cannot be removed.
pub fn collect(install: &Path, keep: usize) -> Result<Swept, RootlessError> {
    let store = Store::open(install)?;
    let generations = Generations::new(install);
    let unfinished = store.sweep()? + generations.sweep()?;
    generations.remove_ephemeral()?;
    let current = generations.current()?;
    let all = generations.all()?;
    let mut kept: BTreeSet<u64> = current.into_iter().collect();
    let mut counted = 0;
    for number in all.iter().rev().copied() {
        if counted == keep {
            break;
        }
        kept.insert(number);
        let plan = generations.plan(number)?;
        if !generations.difference(&plan)?.is_of_no_package() {
            counted += 1;
        }
    }
    let mut swept = Swept {
        unfinished,
        ..Swept::default()
    };
    for number in all.into_iter().filter(|number| !kept.contains(number)) {
        generations.remove(number)?;
        swept.generations += 1;
    }
    let mut keys = BTreeSet::new();
    for number in kept {
        let packages = generations.plan(number)?.packages;
        keys.extend(packages.into_iter().map(|package| package.store));
    }
    swept.packages = store.keep_only(&keys)?;
    Ok(swept)
}

fn unpack(store: &Store, change: &Change) -> Result<Vec<PackageRecord>, RootlessError> {
    let mut files = Vec::new();
    for add in &change.add {
        files.push((add.deb.clone(), expected(add)?));
    }
    store.add(&files, &change.listener)?;
    let record = |(add, (_, expected)): (&Add, &(PathBuf, Expected))| record_of(add, expected);
    Ok(change.add.iter().zip(&files).map(record).collect())
}

/// Returns the paths of the configuration files that some packages have in a generation.
fn conffiles_of(plan: &Plan, keys: &[PackageKey]) -> BTreeSet<String> {
    let packages = plan.packages.iter().filter(|package| {
        let mut keys = keys.iter();
        keys.any(|key| (key.name.as_str(), key.architecture.as_str()) == package.key())
    });
    packages
        .flat_map(|package| package.conffiles.keys().cloned())
        .collect()
}

/// Returns the packages of a name that are in a generation and not in the one that counts, and of which configuration files
/// are still here.
///
/// # Errors
///
/// When what is kept of a generation cannot be read.
pub fn leftovers(install: &Path, name: &str) -> Result<Vec<PackageKey>, RootlessError> {
    let generations = Generations::new(install);
    let current = generations.current_plan()?;
    let mut found = BTreeSet::new();
    for number in generations.all()? {
        let plan = generations.plan(number)?;
        for package in plan.packages.iter().filter(|package| package.name == name) {
            let is_here = |path: &String| install.join(path).symlink_metadata().is_ok();
            let is_current = current.packages.iter().any(|other| other.key() == package.key());
            if !is_current && package.conffiles.keys().any(is_here) {
                found.insert(PackageKey {
                    name: package.name.clone(),
                    architecture: package.architecture.clone(),
                });
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Puts the next plan together: pure.
fn next(before: Plan, change: Change, added: Vec<PackageRecord>, number: u64) -> Plan {
    let key = |package: &PackageRecord| PackageKey {
        name: package.name.clone(),
        architecture: package.architecture.clone(),
    };
    // A package that becomes `all` or stops being so is the same one: only twins of Multi-Arch stand beside each other.
    let replaces = |new: &PackageRecord, old: &PackageRecord| {
        new.name == old.name
            && (new.architecture == old.architecture
                || new.architecture == "all"
                || old.architecture == "all")
    };
    let stays = |package: &PackageRecord| {
        !change.remove.contains(&key(package)) && !added.iter().any(|new| replaces(new, package))
    };
    let mut packages: Vec<PackageRecord> = before
        .packages
        .iter()
        .filter(|package| stays(package))
        .cloned()
        .collect();
    for mut package in added {
        if let Some(old) = before.packages.iter().find(|old| replaces(&package, old)) {
            package.hold = old.hold;
        }
        packages.push(package);
    }
    for package in &mut packages {
        let place = key(package);
        for (_, automatic) in change.automatic.iter().filter(|(key, _)| *key == place) {
            package.automatic = *automatic;
        }
        for (_, hold) in change.holds.iter().filter(|(key, _)| *key == place) {
            package.hold = *hold;
        }
    }
    packages.sort_by(|one, other| one.key().cmp(&other.key()));
    let mut plan = Plan {
        number,
        parent: (before.number > 0).then_some(before.number),
        created: change.time,
        command: change.command,
        programs: change.programs.unwrap_or(before.programs),
        difference: None,
        packages,
    };
    plan.difference = Some(Difference::between(&before, &plan));
    plan
}

/// Returns the folder of a package in the store.
fn key_of(add: &Add) -> Result<String, RootlessError> {
    Ok(Store::key(&expected(add)?))
}

fn expected(add: &Add) -> Result<Expected, RootlessError> {
    let stanza = Stanza::of_index(&add.stanza).map_err(|source| RootlessError::Stanza { source })?;
    Ok(Expected::of(&stanza, add.sha256))
}

fn record_of(add: &Add, expected: &Expected) -> PackageRecord {
    PackageRecord {
        name: expected.name.clone(),
        version: expected.version.clone(),
        architecture: expected.architecture.clone(),
        sha256: expected.sha256.to_string(),
        store: Store::key(expected),
        automatic: add.automatic,
        hold: Held::Free,
        why: add.why.clone(),
        provenance: add.provenance.clone(),
        conffiles: Default::default(),
        stanza: add.stanza.clone(),
    }
}

#[cfg(test)]
mod tests;
