//! Reconstructs a lost catalog from the published tree: `dists/`, `snapshots/` and `pool/`.
//!
//! Nothing on disk is believed that a Release with a signature of the archive's key does not name by its digest, and
//! what a package says is read from its file. Accounts, and which identities were taken once, come back from a backup
//! only.
//!
//! A catalog that is there, and older than what is served, is brought up to it: it was restored from a backup.

mod error;
mod packages;
mod replace;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use openpgp_policy::Keyring;
use rustix::fs::FlockOperation;

use crate::archive::{Archive, suite_dists};
use crate::behind;
use crate::config::Suite;
use crate::live_release::LiveRelease;
use crate::location::ArchiveLocation;
use crate::publish::{self, SuiteLease};
use crate::published_tree::{PublishedTree, read_tree};
use crate::served_snapshots::{served_snapshots, unknown_snapshots};
use crate::verify;
use archive_catalog::{
    CountedState, DatabaseUrl, Epoch, Pin, Publication, PublishedFile, Retained, RetainedState, Selection,
    Snapshot, SnapshotId, SnapshotPackage, SqlCatalog,
};
use archive_storage::STATE;
use archive_storage::store::StoreError;

pub use crate::published_tree::TreeProblem;
pub use error::RebuildError;
use error::failed;
use replace::{beside, parts, put_in_place, remove, set_aside};

/// What was made again.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// Each suite: packages that it holds, and pinned states.
    pub suites: Vec<RebuiltSuite>,
    /// What could not be made again.
    pub problems: Vec<TreeProblem>,
    /// How many files of the pool no index names. They are left as they are.
    pub unnamed: usize,
    /// Where a catalog that cannot be read was moved to.
    pub set_aside: Option<PathBuf>,
}

/// A suite that was made again.
#[derive(Debug)]
pub struct RebuiltSuite {
    /// Codename.
    pub codename: SuiteName,
    /// Packages that it holds.
    pub packages: u64,
    /// Pinned states.
    pub pinned: u64,
}

/// Makes the catalog of an archive again, or brings one that is older than what is served up to it; an error when there is one that
/// knows all that is served.
pub fn rebuild(location: &ArchiveLocation, keyring: &Keyring, now: i64) -> Result<Rebuilt, RebuildError> {
    let (root, catalog) = (location.local(), &location.catalog);
    // One that cannot be opened, for want of a right or while another program has it, is not lost.
    let exists = match catalog {
        DatabaseUrl::Sqlite(path) => path.exists() && SqlCatalog::damage(path)?.is_none(),
        DatabaseUrl::Postgres(_) => SqlCatalog::is_in_use(catalog)?,
    };
    if exists {
        return bring_up(location, keyring, now);
    }
    // On a new machine it is not there yet.
    let state = root.join(STATE);
    archive_storage::permissions::private_folder(&state).map_err(|source| failed("make", &state, source))?;
    // Made under another name, so that one that was cut off is not taken for the whole.
    let unfinished = match catalog {
        DatabaseUrl::Sqlite(path) => beside(path, "rebuilding"),
        DatabaseUrl::Postgres(_) => state.join("catalog.db.rebuilding"),
    };
    for part in parts(&unfinished) {
        remove(&part)?;
    }
    let url = DatabaseUrl::Sqlite(unfinished.clone());
    drop(SqlCatalog::create(&url)?);
    let mut rebuilt = {
        let archive = Archive::open(&ArchiveLocation {
            catalog: url.clone(),
            ..location.clone()
        })?;
        let _lock = archive
            .lock("pool.lock", FlockOperation::LockExclusive)
            .map_err(|source| failed("lock", &state.join("pool.lock"), source))?;
        fill(&archive, keyring, now)?
    };
    // Revisions begin anew, and what the site was written from is of the old ones.
    publish::forget_site(root).map_err(|source| failed("delete", &state.join("site"), source))?;
    match catalog {
        DatabaseUrl::Sqlite(path) => {
            rebuilt.set_aside = set_aside(path, now)?;
            put_in_place(&unfinished, path)?;
        }
        DatabaseUrl::Postgres(_) => {
            SqlCatalog::migrate(catalog)?;
            SqlCatalog::open(&url)?.copy_into(&SqlCatalog::open(catalog)?)?;
            for part in parts(&unfinished) {
                remove(&part)?;
            }
        }
    }
    Ok(rebuilt)
}

/// Brings a catalog up to what is served of each suite of which it is older.
fn bring_up(location: &ArchiveLocation, keyring: &Keyring, now: i64) -> Result<Rebuilt, RebuildError> {
    let archive = Archive::open(location)?;
    let _lock = archive
        .lock("pool.lock", FlockOperation::LockExclusive)
        .map_err(|source| failed("lock", &location.local().join(STATE).join("pool.lock"), source))?;
    let mut rebuilt = Rebuilt::default();
    for suite in &archive.config().suites {
        // On a server, whoever publishes or rebuilds on another machine waits until this suite is done.
        let lease = SuiteLease::take(archive.catalog(), &suite.codename)?;
        let mut work = SuiteWork {
            archive: &archive,
            suite,
            keyring,
            now,
            epoch: lease.epoch(),
            problems: &mut rebuilt.problems,
        };
        let done = lease.during(|| work.bring_up())?;
        rebuilt.suites.extend(done);
    }
    if rebuilt.suites.is_empty() && rebuilt.problems.is_empty() {
        return Err(RebuildError::Exists(location.catalog.clone()));
    }
    let site = location.local().join(STATE).join("site");
    // It was written from revisions that the catalog has forgotten.
    publish::forget_site(location.local()).map_err(|source| failed("delete", &site, source))?;
    rebuilt.unnamed = verify::unknown_files(&archive)?;
    Ok(rebuilt)
}

fn fill(archive: &Archive, keyring: &Keyring, now: i64) -> Result<Rebuilt, RebuildError> {
    let mut rebuilt = Rebuilt::default();
    for suite in &archive.config().suites {
        let mut work = SuiteWork {
            archive,
            suite,
            keyring,
            now,
            epoch: None,
            problems: &mut rebuilt.problems,
        };
        let pinned = work.pinned(&served_snapshots(archive, suite)?)?;
        work.live()?;
        let packages = archive
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), None)?
            .count()?;
        rebuilt.suites.push(RebuiltSuite {
            codename: suite.codename.clone(),
            packages,
            pinned,
        });
    }
    rebuilt.unnamed = verify::unknown_files(archive)?;
    Ok(rebuilt)
}

/// What stays in a suite besides what a tree of it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unserved {
    /// Nothing: an older state left it.
    None,
    /// What the tree could not name: it came later, was uploaded after a backup was restored say, or belongs into no index of the tree.
    Newer,
}

/// One suite under work.
struct SuiteWork<'a> {
    archive: &'a Archive,
    suite: &'a Suite,
    keyring: &'a Keyring,
    now: i64,
    /// That of the suite's lease, where the catalog has leases.
    epoch: Option<Epoch>,
    problems: &'a mut Vec<TreeProblem>,
}

impl SuiteWork<'_> {
    /// Makes the suite hold what is served, where the catalog is older, and pins states that it does not know; `None` where there is
    /// neither, or not all that is served can be read.
    fn bring_up(&mut self) -> Result<Option<RebuiltSuite>, RebuildError> {
        let (archive, suite) = (self.archive, self.suite);
        let live = LiveRelease::read(archive.files(), &suite.tree(), &suite.codename)?;
        let snapshot = self.snapshot()?;
        let is_behind = behind::behind(archive, suite, snapshot.as_ref(), &live)?.is_some();
        drop(snapshot);
        let unknown = unknown_snapshots::<RebuildError>(archive, suite)?;
        if !is_behind && unknown.is_empty() {
            return Ok(None);
        }
        let Some(tree) = self.read_whole(&self.archive.dists(self.suite)) else {
            return Ok(None);
        };
        if is_behind {
            self.record_live(&tree, Unserved::Newer)?;
        }
        let pinned = self.pin_beside(&unknown)?;
        Ok(Some(RebuiltSuite {
            codename: self.suite.codename.clone(),
            packages: self.snapshot()?.count()?,
            pinned,
        }))
    }

    /// Makes pinned states again in a suite that then holds again what it held.
    fn pin_beside(&mut self, ids: &[SnapshotId]) -> Result<u64, RebuildError> {
        let before = self.snapshot()?;
        let revision = before.state().revision;
        let packages = before.count()?;
        drop(before);
        let count = self.pinned(ids)?;
        if count > 0 {
            let state = RetainedState {
                id: SnapshotId::of(self.now),
                revision,
                date: self.now,
                kept: Retained::Live,
            };
            let held = CountedState { state, packages };
            self.archive
                .catalog()
                .roll_back(&self.suite.codename, &held, None, self.now)?;
        }
        Ok(count)
    }

    /// Makes pinned states again, oldest first, and returns how many.
    fn pinned(&mut self, ids: &[SnapshotId]) -> Result<u64, RebuildError> {
        let mut count = 0;
        for id in ids {
            let tree = self.archive.snapshot_tree(self.suite, id);
            let dists = suite_dists(&tree, &self.suite.codename);
            let Some(tree) = self.read(&dists) else { continue };
            let pin = Pin {
                id: id.clone(),
                revision: self.hold(&tree, Unserved::None)?,
                date: tree.date,
            };
            self.archive
                .catalog()
                .pin(&self.suite.codename, &pin, None, self.now)?;
            count += 1;
        }
        Ok(count)
    }

    /// Makes again what is published now.
    fn live(&mut self) -> Result<(), RebuildError> {
        let dists = self.archive.dists(self.suite);
        match self.read(&dists) {
            Some(tree) => self.record_live(&tree, Unserved::None),
            None => self.take_out(|_| Ok(true)),
        }
    }

    /// Makes the suite hold what a tree names, and records that it is published so.
    fn record_live(&mut self, tree: &PublishedTree, unserved: Unserved) -> Result<(), RebuildError> {
        let dists = self.archive.dists(self.suite);
        let revision = self.hold(tree, unserved)?;
        let held =
            self.archive
                .catalog()
                .snapshot(&self.suite.codename, self.suite.pool_tree(), Some(revision))?;
        let publication = Publication {
            revision,
            packages: held.count()?,
            date: tree.date,
            superseded_at: None,
            // Under which settings it was made nobody knows any more: the next publish makes it anew.
            settings: String::new(),
            inrelease: tree.inrelease,
            valid_until: tree.release.valid_until,
            contents: None,
            files: self.served(tree, &dists)?,
        };
        self.archive
            .catalog()
            .published(&self.suite.codename, &publication, self.epoch, self.now)?;
        self.forget_manifests()
    }

    fn read(&mut self, dists: &str) -> Option<PublishedTree> {
        read_tree(self.archive.files(), dists, self.keyring, self.now, self.problems)
            .map_err(|problem| self.problems.push(problem))
            .ok()
    }

    /// Reads a tree of which nothing is missing: what it does not name would be taken out.
    fn read_whole(&mut self, dists: &str) -> Option<PublishedTree> {
        let before = self.problems.len();
        let tree = self.read(dists)?;
        (self.problems.len() == before).then_some(tree)
    }

    /// Makes the suite hold what a tree names and returns its revision. What it holds of that stays as it is.
    fn hold(&mut self, tree: &PublishedTree, unserved: Unserved) -> Result<i64, RebuildError> {
        let named: BTreeSet<Sha256> = tree.named.iter().map(|file| file.sha256).collect();
        self.take_out(|package| {
            Ok(!named.contains(&package.sha256)
                && (unserved == Unserved::None || self.could_be_served(tree, package)?))
        })?;
        packages::place(self.archive, self.suite, &tree.named, self.now, self.problems)?;
        let snapshot = self.snapshot()?;
        Ok(snapshot.state().revision)
    }

    /// Says whether a tree would name a package if that was in the suite: it came before the tree was made, and belongs into one of its
    /// indexes.
    fn could_be_served(&self, tree: &PublishedTree, package: &SnapshotPackage) -> Result<bool, RebuildError> {
        if !behind::is_indexed(&tree.release, package) {
            return Ok(false);
        }
        let history = self.snapshot()?.history(&package.name, behind::HISTORY)?;
        let held = history
            .iter()
            .find(|past| past.removed.is_none() && past.content.sha256 == package.sha256);
        Ok(held.is_none_or(|held| held.added_at <= tree.date))
    }

    /// Takes packages out of the suite.
    fn take_out(
        &self,
        is_to_go: impl Fn(&SnapshotPackage) -> Result<bool, RebuildError>,
    ) -> Result<(), RebuildError> {
        let mut selections = Vec::new();
        for package in self.snapshot()?.packages()? {
            if is_to_go(&package)? {
                selections.push(Selection {
                    suite: Some(self.suite.codename.clone()),
                    name: Some(package.name),
                    version: Some(package.version),
                    architecture: Some(package.architecture),
                });
            }
        }
        if !selections.is_empty() {
            self.archive.catalog().remove(&selections, None, self.now)?;
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, RebuildError> {
        let (codename, tree) = (&self.suite.codename, self.suite.pool_tree());
        Ok(self.archive.catalog().snapshot(codename, tree, None)?)
    }

    /// Deletes what remembers how indexes were made: it speaks of revisions of the lost catalog.
    fn forget_manifests(&self) -> Result<(), RebuildError> {
        let folder = self
            .archive
            .local()
            .join(STATE)
            .join("indexes")
            .join(self.suite.codename.as_str());
        match std::fs::remove_dir_all(&folder) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(failed("delete", &folder, source)),
            _ => Ok(()),
        }
    }

    /// Returns the listed files of a Release that exist.
    fn served(&self, tree: &PublishedTree, dists: &str) -> Result<Vec<PublishedFile>, StoreError> {
        let there = self.archive.files().list(dists)?;
        let listed = tree.release.sha256.iter();
        let served = listed.filter(|file| there.contains_key(&format!("{dists}/{}", file.path)));
        Ok(served
            .map(|file| PublishedFile {
                path: file.path.clone(),
                sha256: file.sha256,
                size: file.size,
            })
            .collect())
    }
}
