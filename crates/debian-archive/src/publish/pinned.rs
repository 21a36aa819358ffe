//! Pinned states as trees of their own: `snapshots/ID/dists/CODENAME`, made by the steps of a publish.
//!
//! A snapshot is signed like any publish but has no Valid-Until, since it is meant to be old. Its Date is that of the
//! publish it shows, so that a client sees how old.

use super::alias::AliasedSuite;
use super::apply::{self, PublishTarget, StagedRelease};
use super::clock::Clock;
use super::error::PublishError;
use super::lease::SuiteLease;
use super::mode::PublishMode;
use super::plan;
use super::steps::IndexOutput;
use super::suite_indexes::SuiteIndexes;
use super::take_down::take_snapshot_down;
use crate::archive::{Archive, suite_dists};
use crate::config::Suite;
use crate::sign::{self, Signer};
use crate::suite_release::{Dates, suite_release};
use archive_catalog::{Pin, Retained, SnapshotId};
use archive_storage::staging::Staging;

/// Where the one pool is, seen from a snapshot.
pub(crate) const POOL_LINK: &str = "../../pool";

/// What became of rendering a pinned state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rendered {
    /// It was there, signed by the keys of now.
    Unchanged,
    /// It was written.
    Written,
}

impl Archive {
    /// Returns the tree of a snapshot of a suite, below the root, with a slash at its end.
    pub fn snapshot_tree(&self, suite: &Suite, id: &SnapshotId) -> String {
        format!("{}snapshots/{id}/", suite.tree())
    }

    /// Writes the tree of a pinned state where it is missing, or signed by keys that are no longer the archive's.
    pub fn render_pinned(
        &self,
        suite: &Suite,
        pin: &Pin,
        signer: &dyn Signer,
        clock: &dyn Clock,
    ) -> Result<Rendered, PublishError> {
        // Nobody prunes the chunks and the packages meanwhile.
        self.while_unpublished(&suite.codename, |lease| {
            self.render(suite, pin, lease, (signer, clock))
        })
    }

    /// Writes the missing trees of all pinned states of a suite; the caller holds its publish lock.
    pub(super) fn render_all_pinned(
        &self,
        suite: &Suite,
        lease: &SuiteLease<'_>,
        by: (&dyn Signer, &dyn Clock),
    ) -> Result<(), PublishError> {
        for state in self.catalog().states(&suite.codename)? {
            if state.kept == Retained::Pinned {
                self.render(suite, &state.pin(), lease, by)?;
            }
        }
        Ok(())
    }

    fn render(
        &self,
        suite: &Suite,
        pin: &Pin,
        lease: &SuiteLease<'_>,
        (signer, clock): (&dyn Signer, &dyn Clock),
    ) -> Result<Rendered, PublishError> {
        let tree = self.snapshot_tree(suite, &pin.id);
        let dists = suite_dists(&tree, &suite.codename);
        let there = self.files().read_with_head(&format!("{dists}/InRelease"))?;
        if there
            .as_ref()
            .is_some_and(|(inrelease, _)| is_signed(inrelease, signer, clock.now()))
        {
            return Ok(Rendered::Unchanged);
        }
        let snapshot = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), Some(pin.revision))?;
        let staging = Staging::new(self.local())?;
        let indexes = SuiteIndexes {
            archive: self,
            suite,
            snapshot: snapshot.as_ref(),
            revision: pin.revision,
            staging: &staging,
            // What the live indexes are made of says nothing about this state.
            publishing: PublishMode::Forced,
            date: pin.date,
        }
        .build()?;
        let dates = Dates {
            date: pin.date,
            valid_until: None,
        };
        let listed = indexes.outputs.iter().map(IndexOutput::listed).collect();
        let release = suite_release(self.config(), suite, listed, dates).render();
        let signatures = sign::sign_checked(signer, &release, clock.now())?;
        let staged = StagedRelease::new(&staging, &release, &signatures, pin.date)?;
        self.files().link_folder(&format!("{tree}pool"), POOL_LINK)?;
        self.files()
            .settle(&mut [tree.trim_end_matches('/')].into_iter())?;
        let steps = plan::plan(&indexes.outputs, staged.files(), &[]);
        let target = PublishTarget {
            files: self.files(),
            dists: &dists,
            before: there.as_ref().map(|(_, head)| head),
            lease,
            suite: &suite.codename,
        };
        apply::apply(&steps, &target)?;
        let aliased = AliasedSuite {
            files: self.files(),
            lease,
            suite,
            suites: &self.config().suites,
            tree: &tree,
            outputs: &indexes.outputs,
            release: &staged,
            before: None,
            may_be_renamed: false,
        };
        aliased.follow()?;
        Ok(Rendered::Written)
    }

    /// Deletes the tree of a state, its InRelease first. A missing tree is not an error.
    pub fn delete_rendered(&self, suite: &Suite, id: &SnapshotId) -> Result<(), PublishError> {
        self.while_unpublished(&suite.codename, |_| {
            take_snapshot_down(self.files(), &self.snapshot_tree(suite, id), &suite.codename)
        })
    }
}

/// Returns whether an InRelease is signed by every key of the archive.
fn is_signed(inrelease: &[u8], signer: &dyn Signer, now: i64) -> bool {
    signer.keyring().certificates().iter().all(|certificate| {
        let mut only = openpgp_policy::Keyring::default();
        only.insert(certificate.clone());
        openpgp_policy::verify_inrelease(inrelease, &only, now).is_ok()
    })
}
