//! Snapshots of a suite: naming, pinning, comparing, and rolling back.
//!
//! Every publish is such a state for as long as retention keeps it; it is rows of the catalog and no files. A pinned
//! one stays until it is deleted, and is served as a tree of its own.

mod differences;
mod view;

use std::fs::File;

use debian_control::name::SuiteName;
use rustix::fs::FlockOperation;

use crate::archive::Archive;
use crate::check::Uninstallable;
use crate::config::{Gate, Suite};
use crate::publish::{Clock, Gated, PublishError};
use crate::sign::Signer;
use archive_catalog::audit::Actor;
use archive_catalog::{
    CatalogError, CountedState, Pin, Retained, RetainedState, ShownFile, SnapshotId, SnapshotPackage,
};
use archive_storage::store::StoreError;

pub use differences::{Difference, DifferenceCounts, Differences, SnapshotChange};
pub use view::{DifferenceView, StateView};

/// How many names near an unknown one an error suggests.
const NEAR: usize = 4;

/// Why a state was not pinned, deleted or restored.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The tree of a pinned state cannot be written or deleted.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A state is pinned, and its tree is not there in full.
    #[error("snapshot `{id}` is pinned, but its tree is not complete")]
    Unfinished {
        /// The state.
        id: SnapshotId,
        /// The cause.
        source: Box<PublishError>,
    },
    /// The store of the archive's files cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pool cannot be kept from being pruned meanwhile.
    #[error("cannot lock the pool")]
    Lock(#[source] std::io::Error),
    /// There is nothing to pin.
    #[error("suite `{0}` was never published")]
    NeverPublished(SuiteName),
    /// No state has that name.
    #[error("no snapshot `{id}` of {of}")]
    Unknown {
        /// What was asked for.
        id: SnapshotId,
        /// Of what.
        of: String,
        /// Names near it, oldest first.
        near: Vec<SnapshotId>,
    },
    /// Only pinned states have something to delete.
    #[error("snapshot `{0}` is not pinned: `repogen prune` removes it when its retention period ends")]
    NotPinned(SnapshotId),
    /// The suite's gate blocks, and packages of the state cannot be installed that can be now.
    #[error("suite `{suite}` was not rolled back: {broken}")]
    Gated {
        /// Codename.
        suite: SuiteName,
        /// What cannot be installed, and why.
        broken: Gated,
    },
    /// Files of the state are not in the pool.
    #[error(
        "snapshot `{id}` cannot be restored: {count} of its files are missing from the pool, the first is `{first}`"
    )]
    FilesMissing {
        /// The state.
        id: SnapshotId,
        /// How many.
        count: usize,
        /// One of them, below the root.
        first: String,
    },
}

/// Who pins a state, and what its tree is signed with.
#[derive(Clone, Copy)]
pub struct Pinning<'a> {
    /// Signs the tree.
    pub signer: &'a dyn Signer,
    /// Dates signatures and rows.
    pub clock: &'a dyn Clock,
    /// Who asked; `None`: whoever has a shell on this machine, which is not recorded.
    pub by: Option<&'a Actor>,
}

impl Archive {
    /// Pins what is published of `suites` now under one name: the newest of their Dates.
    ///
    /// What is pinned already keeps its name.
    pub fn pin_published(
        &self,
        suites: &[&Suite],
        pinning: Pinning<'_>,
    ) -> Result<SnapshotId, SnapshotError> {
        let lock = self.no_prune()?;
        let mut live = Vec::new();
        for suite in suites {
            let publication = self
                .catalog()
                .snapshot(&suite.codename, suite.pool_tree(), None)?
                .state()
                .publication
                .clone()
                .ok_or_else(|| SnapshotError::NeverPublished(suite.codename.clone()))?;
            live.push((*suite, publication.revision, publication.date));
        }
        let newest = live.iter().map(|(.., date)| *date).max();
        let mut named = newest.expect("an archive has at least one suite");
        // A name never changes what it stands for.
        while self.stands_for_another(&SnapshotId::of(named), &live)? {
            named += 1;
        }
        let id = SnapshotId::of(named);
        let pins = live.into_iter().map(|(suite, revision, date)| {
            let id = id.clone();
            (suite, Pin { id, revision, date })
        });
        let pins = self.pin_rows(pins.collect(), pinning)?;
        drop(lock);
        self.pin_trees(&pins, pinning)?;
        Ok(id)
    }

    /// Pins what `id` names among `suites`, and writes trees of pinned states that are missing.
    pub fn pin_kept(
        &self,
        suites: &[&Suite],
        id: &SnapshotId,
        pinning: Pinning<'_>,
    ) -> Result<(), SnapshotError> {
        let lock = self.no_prune()?;
        let states = self.states_named(suites, id)?;
        let mut counted = Vec::new();
        for (suite, _) in states {
            // Read together: prune, on another machine, takes a state and what it holds at once.
            let of_suite = self.catalog().counted_states(&suite.codename)?;
            let found = of_suite.into_iter().find(|counted| counted.state.id == *id);
            let found = found.ok_or_else(|| CatalogError::StateForgotten(suite.codename.clone()))?;
            counted.push((suite, found));
        }
        let pins = counted
            .iter()
            .map(|(suite, counted)| (*suite, counted.state.pin()));
        let pins = self.pin_rows(pins.collect(), pinning)?;
        for (suite, counted) in &counted {
            self.check_pinned_in_time(suite, counted, pinning.clock.now())?;
        }
        drop(lock);
        self.pin_trees(&pins, pinning)
    }

    /// The rows first: from then on nothing is pruned that the trees will name.
    fn pin_rows<'a>(
        &self,
        pins: Vec<(&'a Suite, Pin)>,
        pinning: Pinning<'_>,
    ) -> Result<Vec<(&'a Suite, Pin)>, SnapshotError> {
        for (suite, pin) in &pins {
            self.catalog()
                .pin(&suite.codename, pin, pinning.by, pinning.clock.now())?;
        }
        Ok(pins)
    }

    /// Takes a pin back where prune, on another machine, was faster: from its row on nothing of the state is pruned.
    fn check_pinned_in_time(
        &self,
        suite: &Suite,
        CountedState { state, packages }: &CountedState,
        now: i64,
    ) -> Result<(), SnapshotError> {
        let held = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), Some(state.revision))?
            .count()?;
        if held == *packages {
            return Ok(());
        }
        self.catalog().unpin(&suite.codename, &state.id, None, now)?;
        Err(CatalogError::StateForgotten(suite.codename.clone()).into())
    }

    fn pin_trees(&self, pins: &[(&Suite, Pin)], pinning: Pinning<'_>) -> Result<(), SnapshotError> {
        for (suite, pin) in pins {
            self.render_pinned(suite, pin, pinning.signer, pinning.clock)
                .map_err(|source| SnapshotError::Unfinished {
                    id: pin.id.clone(),
                    source: Box::new(source),
                })?;
        }
        Ok(())
    }

    /// Keeps prune out, which takes this lock exclusively, while a state is read and then pinned or restored.
    fn no_prune(&self) -> Result<File, SnapshotError> {
        self.lock("pool.lock", FlockOperation::LockShared)
            .map_err(SnapshotError::Lock)
    }

    fn stands_for_another(
        &self,
        id: &SnapshotId,
        live: &[(&Suite, i64, i64)],
    ) -> Result<bool, SnapshotError> {
        for (suite, revision, date) in live {
            let states = self.catalog().states(&suite.codename)?;
            if states
                .iter()
                .any(|state| state.id == *id && (state.revision, state.date) != (*revision, *date))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the states that `id` names among `suites`; an error when there is none.
    pub fn states_named<'a>(
        &self,
        suites: &[&'a Suite],
        id: &SnapshotId,
    ) -> Result<Vec<(&'a Suite, RetainedState)>, SnapshotError> {
        let mut found = Vec::new();
        let mut others = Vec::new();
        for suite in suites {
            for state in self.catalog().states(&suite.codename)? {
                if state.id == *id {
                    found.push((*suite, state));
                } else {
                    others.push(state.id);
                }
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
        let names: Vec<String> = suites
            .iter()
            .map(|suite| format!("`{}`", suite.codename))
            .collect();
        Err(SnapshotError::Unknown {
            id: id.clone(),
            of: format!("suite {}", names.join(", ")),
            near: near(id, others),
        })
    }

    /// Deletes pinned states with their trees, so that prune may take what they alone hold.
    pub fn unpin(
        &self,
        states: &[(&Suite, RetainedState)],
        by: Option<&Actor>,
        now: i64,
    ) -> Result<(), SnapshotError> {
        let pinned = || states.iter().filter(|(_, state)| state.kept == Retained::Pinned);
        if let (None, Some((_, state))) = (pinned().next(), states.first()) {
            return Err(SnapshotError::NotPinned(state.id.clone()));
        }
        for (suite, state) in pinned() {
            // The tree first: what is served must have all it names.
            self.delete_rendered(suite, &state.id)?;
            self.catalog().unpin(&suite.codename, &state.id, by, now)?;
        }
        Ok(())
    }

    /// Makes a suite hold exactly what a state held, in one step, and says whether that changed anything.
    pub fn roll_back(
        &self,
        suite: &Suite,
        id: &SnapshotId,
        by: Option<&Actor>,
        now: i64,
    ) -> Result<bool, SnapshotError> {
        let _lock = self.no_prune()?;
        let state = self.restorable(suite, id)?;
        let held = self.held(suite, Some(state.revision))?;
        // Before anything changes: the suite would hold what no publish shows.
        self.refuse_to_hide(suite, || Ok(held.clone()))?;
        self.refuse_to_break(suite, state.revision)?;
        // Of what was pruned meanwhile there are fewer than the catalog counts then.
        let packages = held.len() as u64;
        let counted = CountedState { state, packages };
        Ok(self.catalog().roll_back(&suite.codename, &counted, by, now)?)
    }

    /// Refuses to go back to a state whose packages the settings would have disappear.
    fn refuse_to_hide(
        &self,
        suite: &Suite,
        held: impl FnOnce() -> Result<Vec<SnapshotPackage>, CatalogError>,
    ) -> Result<(), SnapshotError> {
        let now = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), None)?;
        Ok(self.refuse_to_drop(suite, now.state().publication.as_ref(), held)?)
    }

    /// Refuses to go back to a state that the suite's gate would not let go live.
    fn refuse_to_break(&self, suite: &Suite, revision: i64) -> Result<(), SnapshotError> {
        if suite.gate != Gate::Block {
            return Ok(());
        }
        let broken = self.broken_at(suite, revision)?;
        if broken.0.is_empty() {
            return Ok(());
        }
        Err(SnapshotError::Gated {
            suite: suite.codename.clone(),
            broken,
        })
    }

    /// Returns what the suite's gate has against a state that it held.
    fn broken_at(&self, suite: &Suite, revision: i64) -> Result<Gated, SnapshotError> {
        let then = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), Some(revision))?;
        Ok(self.gated(suite, then.as_ref())?)
    }

    /// Returns what going back to a state would change; an error where it would be refused, all but by the gate.
    pub fn roll_back_preview(
        &self,
        suite: &Suite,
        id: &SnapshotId,
    ) -> Result<Differences<'_>, SnapshotError> {
        let state = self.restorable(suite, id)?;
        self.refuse_to_hide(suite, || self.held(suite, Some(state.revision)))?;
        self.roll_back_changes(suite, id)
    }

    /// Returns the same where nothing is refused: going back looks at all the files itself.
    pub fn roll_back_changes(
        &self,
        suite: &Suite,
        id: &SnapshotId,
    ) -> Result<Differences<'_>, SnapshotError> {
        let states = self.states_named(&[suite], id)?;
        let (_, state) = states.first().expect("a name of no state is an error");
        let then = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), Some(state.revision))?;
        let now = then.state().revision;
        Ok(Differences::from(then, now)?)
    }

    /// Returns what can be installed now, and could not be after going back to a state; `None` where the suite has no gate, for which this
    /// is not looked for.
    pub fn broken_by_roll_back(
        &self,
        suite: &Suite,
        id: &SnapshotId,
    ) -> Result<Option<Vec<Uninstallable>>, SnapshotError> {
        if suite.gate == Gate::Off {
            return Ok(None);
        }
        let states = self.states_named(&[suite], id)?;
        let (_, state) = states.first().expect("a name of no state is an error");
        Ok(Some(self.broken_at(suite, state.revision)?.0))
    }

    /// Returns what a suite holds now, or held at a revision.
    pub fn held(&self, suite: &Suite, revision: Option<i64>) -> Result<Vec<SnapshotPackage>, CatalogError> {
        self.catalog()
            .snapshot(&suite.codename, suite.pool_tree(), revision)?
            .packages()
    }

    /// Returns what changed from a revision to another one, or to what the suite holds now. Reads what changed, and nothing else.
    pub fn differences_between(
        &self,
        suite: &Suite,
        before: i64,
        after: Option<i64>,
    ) -> Result<Differences<'_>, CatalogError> {
        let after = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), after)?;
        Differences::from(after, before)
    }

    /// Returns a state, where all files are in the pool that a suite would hold again.
    fn restorable(&self, suite: &Suite, id: &SnapshotId) -> Result<RetainedState, SnapshotError> {
        let states = self.states_named(&[suite], id)?;
        let (_, state) = states.into_iter().next().expect("a name of no state is an error");
        let then = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), Some(state.revision))?;
        let now = then.state().revision;
        if !self
            .missing_files(suite, &then.files_except(now)?)?
            .contains(&true)
        {
            return Ok(state);
        }
        // Which they are is read for whoever is told.
        let came = then.packages_except(now)?;
        let file = |package: &SnapshotPackage| ShownFile {
            path: package.path.clone(),
            size: package.size,
        };
        let files: Vec<ShownFile> = came.iter().map(file).collect();
        let is_missing = self.missing_files(suite, &files)?;
        let missing = came.iter().zip(is_missing).filter(|(_, is_missing)| *is_missing);
        let missing: Vec<&SnapshotPackage> = missing.map(|(package, _)| package).collect();
        let Some(first) = missing.first() else {
            // They came back meanwhile.
            return Ok(state);
        };
        Err(SnapshotError::FilesMissing {
            id: id.clone(),
            count: missing.len(),
            first: match &first.path {
                None => first.file_name(),
                Some(path) => archive_storage::pool::below_root(suite.pool_tree(), path),
            },
        })
    }

    /// Says of each file whether it is not in the pool, or has another size.
    fn missing_files(&self, suite: &Suite, files: &[ShownFile]) -> Result<Vec<bool>, StoreError> {
        let tree = suite.tree();
        // One listing costs less than a look at each of many; of a folder it is the other way round.
        let listed = match self.files().folder() {
            None if files.len() > FEW => Some(self.files().list(&format!("{tree}pool"))?),
            _ => None,
        };
        let is_missing = |file: &ShownFile| {
            let Some(path) = file.path.as_ref().map(|path| format!("{tree}{path}")) else {
                return Ok(true);
            };
            let found = match &listed {
                Some(listed) => listed.get(&path).cloned(),
                None => self.files().head(&path)?,
            };
            Ok(found.is_none_or(|found| found.size != file.size))
        };
        files.iter().map(is_missing).collect()
    }
}

/// How many files of a bucket are looked at one by one.
const FEW: usize = 50;

/// Returns the names that are nearest to `id` in time, in order.
fn near(id: &SnapshotId, mut others: Vec<SnapshotId>) -> Vec<SnapshotId> {
    others.sort();
    others.dedup();
    let at = others.partition_point(|other| other < id);
    let most = others.len().saturating_sub(NEAR);
    let start = at.saturating_sub(NEAR / 2).min(most);
    others.into_iter().skip(start).take(NEAR).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_are_told() {
        let ids = |seconds: &[i64]| seconds.iter().map(|at| SnapshotId::of(*at)).collect::<Vec<_>>();
        let all = ids(&[10, 20, 30, 40, 50, 60]);
        assert_eq!(near(&SnapshotId::of(35), all.clone()), ids(&[20, 30, 40, 50]));
        assert_eq!(near(&SnapshotId::of(5), all.clone()), ids(&[10, 20, 30, 40]));
        assert_eq!(near(&SnapshotId::of(99), all), ids(&[30, 40, 50, 60]));
        assert_eq!(near(&SnapshotId::of(99), ids(&[10])), ids(&[10]));
    }
}
