//! Pinned states as trees of their own: `snapshots/ID/dists/CODENAME`, made by the steps of a publish.
//!
//! A snapshot is signed like any publish but has no Valid-Until, since it is meant to be old. Its Date is that of the
//! publish it shows, so that a client sees how old.

use std::path::{Path, PathBuf};

use super::apply::{self, StagedRelease};
use super::clock::Clock;
use super::error::{PublishError, write_error};
use super::mode::PublishMode;
use super::plan;
use super::steps::IndexOutput;
use super::suite_indexes::SuiteIndexes;
use crate::archive::{Archive, dists_folder, suite_dists};
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
    /// Returns the folder of a snapshot of a suite.
    pub fn snapshot_folder(&self, suite: &Suite, id: &SnapshotId) -> PathBuf {
        self.tree(suite).join("snapshots").join(id.as_str())
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
        let _lock = self.publish_lock(&suite.codename)?;
        self.render(suite, pin, signer, clock)
    }

    /// Writes the missing trees of all pinned states of a suite; the caller holds its publish lock.
    pub(super) fn render_all_pinned(
        &self,
        suite: &Suite,
        signer: &dyn Signer,
        clock: &dyn Clock,
    ) -> Result<(), PublishError> {
        for state in self.catalog().states(&suite.codename)? {
            if state.kept == Retained::Pinned {
                self.render(suite, &state.pin(), signer, clock)?;
            }
        }
        Ok(())
    }

    fn render(
        &self,
        suite: &Suite,
        pin: &Pin,
        signer: &dyn Signer,
        clock: &dyn Clock,
    ) -> Result<Rendered, PublishError> {
        let folder = self.snapshot_folder(suite, &pin.id);
        let dists = suite_dists(&folder, &suite.codename);
        if is_signed(&dists, signer, clock.now()) {
            return Ok(Rendered::Unchanged);
        }
        let snapshot = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), Some(pin.revision))?;
        let staging = Staging::new(self.root())?;
        let indexes = SuiteIndexes {
            archive: self,
            suite,
            snapshot: snapshot.as_ref(),
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
        link_pool(&folder, &staging)?;
        let steps = plan::plan(&indexes.outputs, staged.files(), &[]);
        apply::apply(&steps, &dists, &staging, &|| Ok(()))?;
        apply::alias(&dists_folder(&folder), suite, &staging)?;
        Ok(Rendered::Written)
    }

    /// Deletes the tree of a state, its InRelease first. A missing tree is not an error.
    pub fn delete_rendered(&self, suite: &Suite, id: &SnapshotId) -> Result<(), PublishError> {
        let _lock = self.publish_lock(&suite.codename)?;
        let folder = self.snapshot_folder(suite, id);
        let dists = dists_folder(&folder);
        let own = dists.join(suite.codename.as_str());
        gone(&own.join("InRelease"), |path| std::fs::remove_file(path))?;
        gone(&own, |path| std::fs::remove_dir_all(path))?;
        if let Some(alias) = &suite.alias
            && std::fs::read_link(dists.join(alias.as_str()))
                .is_ok_and(|target| target == Path::new(suite.codename.as_str()))
        {
            gone(&dists.join(alias.as_str()), |path| std::fs::remove_file(path))?;
        }
        // Fails, as it should, while another suite has a state under this name.
        if std::fs::remove_dir(&dists).is_ok() {
            gone(&folder, |path| std::fs::remove_dir_all(path))?;
        }
        Ok(())
    }
}

/// Returns whether a tree exists and is signed by every key of the archive.
fn is_signed(dists: &Path, signer: &dyn Signer, now: i64) -> bool {
    std::fs::read(dists.join("InRelease")).is_ok_and(|bytes| {
        signer.keyring().certificates().iter().all(|certificate| {
            let mut only = openpgp_policy::Keyring::default();
            only.insert(certificate.clone());
            openpgp_policy::verify_inrelease(&bytes, &only, now).is_ok()
        })
    })
}

/// Makes `pool` in a snapshot the one pool, as a link that holds wherever the root is served.
fn link_pool(folder: &Path, staging: &Staging) -> Result<(), PublishError> {
    let link = folder.join("pool");
    if std::fs::read_link(&link).is_ok_and(|target| target == Path::new(POOL_LINK)) {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(|source| write_error("make", folder, source))?;
    let temporary = staging.name();
    std::os::unix::fs::symlink(POOL_LINK, &temporary)
        .and_then(|()| std::fs::rename(&temporary, &link))
        .map_err(|source| write_error("write", &link, source))?;
    for made in [
        Some(folder),
        folder.parent(),
        folder.parent().and_then(Path::parent),
    ]
    .into_iter()
    .flatten()
    {
        apply::sync(made)?;
    }
    Ok(())
}

fn gone(path: &Path, delete: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), PublishError> {
    match delete(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(write_error("delete", path, error)),
        _ => Ok(()),
    }
}
