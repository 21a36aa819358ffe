//! Mending: what was cut off is undone or finished, and what was lost or damaged since is found.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Applied, RootlessError, apply, unpack};
use crate::change::Change;
use crate::conffiles;
use crate::generation::{Generations, PackageRecord};
use crate::store::Store;

/// What was found, and what of it is mended.
#[derive(Debug, Default)]
pub struct Repaired {
    /// How much was removed that a process that died had left unfinished.
    pub unfinished: usize,
    /// The generation that counts again, where none did: the newest.
    pub regained: Option<u64>,
    /// Packages that are not mended yet: see [`renew`].
    pub damaged: Vec<Damaged>,
}

/// A package that is not as it was unpacked.
#[derive(Debug)]
pub struct Damaged {
    /// The package.
    pub package: PackageRecord,
    /// What is wrong with it.
    pub why: String,
}

/// Finishes or undoes what was cut off, and looks whether every file is there that the current generation is made of.
///
/// # Errors
///
/// When something cannot be read, written or removed.
pub fn repair(install: &Path) -> Result<Repaired, RootlessError> {
    let store = Store::open(install)?;
    let generations = Generations::new(install);
    let unfinished = store.sweep()? + generations.sweep()?;
    let counts = |number: &u64| generations.plan(*number).is_ok();
    let current = generations.current().ok().flatten().filter(counts);
    let regained = match current {
        Some(_) => None,
        None => generations.all()?.into_iter().rev().find(counts),
    };
    let mut repaired = Repaired {
        unfinished,
        regained,
        ..Repaired::default()
    };
    let Some(number) = current.or(regained) else {
        return Ok(repaired);
    };
    let plan = generations.plan(number)?;
    generations.switch(number)?;
    let faults = plan.packages.iter().filter_map(|package| {
        Some(Damaged {
            why: store.fault(&package.store)?,
            package: package.clone(),
        })
    });
    repaired.damaged = faults.collect();
    if repaired.damaged.is_empty() {
        conffiles::merge(install, &store, &plan)?;
    }
    Ok(repaired)
}

/// Unpacks damaged packages anew and makes a generation with them: `change` brings them as they were.
///
/// # Errors
///
/// As [`apply`]. The old generation counts then.
pub fn renew(install: &Path, change: Change) -> Result<Applied, RootlessError> {
    let store = Store::open(install)?;
    let keys = change.add.iter().map(super::key_of);
    store.remove(&keys.collect::<Result<BTreeSet<String>, _>>()?)?;
    unpack(&store, &change)?;
    // They have further names of what is damaged.
    Generations::new(install).remove_ephemeral()?;
    apply(install, change)
}
