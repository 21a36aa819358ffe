//! The trait that programs see the catalog by.

use debian_control::digest::Sha256;
use debian_control::name::{PackageName, SuiteName};

use crate::audit::Actor;
use crate::condemned::{CondemnedFile, CondemnedFiles, Deleters, RefusedFile, TreeFile};
use crate::conflict::Conflict;
use crate::content::{
    Content, Entry, ListPart, MisplacedFile, NewContent, PoolFile, Selection, YankedPackage,
};
use crate::error::CatalogError;
use crate::lease::{Epoch, LeaseAnswer, LeaseState};
use crate::listing::Description;
use crate::placement::{NewPlacement, PackageChange, PlacedSet, PlacementOutcome};
use crate::publication::{Progress, Publication};
use crate::retention::{PruneMode, PruneResult, Retention};
use crate::snapshot::Snapshot;
use crate::snapshot_id::{CountedState, Pin, RetainedState, SnapshotId};

/// The catalog of an archive.
///
/// Every method is one transaction. What a writing method answered is on disk.
pub trait Catalog: Send + Sync {
    /// Makes a row for each codename that has none.
    fn ensure_suites(&self, codenames: &[SuiteName]) -> Result<(), CatalogError>;

    /// Returns the content of these bytes and the pool file that holds it in `tree`, where they are known.
    fn find(&self, sha256: &Sha256, tree: &str)
    -> Result<Option<(NewContent, Option<String>)>, CatalogError>;

    /// Says of each placement what it would meet with, were it the only one, without doing it.
    fn check_placements(
        &self,
        wishes: &[NewPlacement],
    ) -> Result<Vec<Result<PlacementOutcome, Box<Conflict>>>, CatalogError>;

    /// Returns the quota that a set would exceed if it were placed now, as the conflict that placing it would answer with.
    fn exceeded_quota(&self, set: &[NewPlacement]) -> Result<Option<Box<Conflict>>, CatalogError>;

    /// Places sets of contents, all in one transaction. Of a set all are placed, or none where one is refused; a set
    /// that is refused leaves no trace, and the others do not depend on it.
    fn place(&self, sets: &[Vec<NewPlacement>], now: i64) -> Result<Vec<PlacedSet>, CatalogError>;

    /// Does the same and, where no set is refused, what goes with it. Where one is, nothing is done.
    fn place_and_change(
        &self,
        sets: &[Vec<NewPlacement>],
        change: &PackageChange,
        now: i64,
    ) -> Result<Vec<PlacedSet>, CatalogError>;

    /// Takes out of their suites what `selections` mean, each of them something else, in one step, and returns it; recorded in the
    /// audit log when it is `by` somebody.
    fn remove(
        &self,
        selections: &[Selection],
        by: Option<&Actor>,
        now: i64,
    ) -> Result<Vec<Entry>, CatalogError>;

    /// Takes packages out of their suites as [`Catalog::remove`] does, for a reason, and keeps their files for good.
    fn yank(
        &self,
        selections: &[Selection],
        reason: &str,
        by: Option<&Actor>,
        now: i64,
    ) -> Result<Vec<Entry>, CatalogError>;

    /// Returns what was yanked from a suite and has not come back, by name, version and architecture.
    fn yanked(&self, suite: &SuiteName) -> Result<Vec<YankedPackage>, CatalogError>;

    /// Returns what stands in suites, ordered by name, version, architecture.
    fn list(&self, selection: &Selection) -> Result<Vec<Entry>, CatalogError>;

    /// Returns the part of such a list that has the next `names` names after one, or the first.
    fn list_part(
        &self,
        selection: &Selection,
        after: Option<&PackageName>,
        names: u32,
    ) -> Result<ListPart, CatalogError>;

    /// Opens a state of a suite, whose files are in `tree` of the pool: that of a revision, or what it holds now.
    fn snapshot(
        &self,
        suite: &SuiteName,
        tree: &str,
        revision: Option<i64>,
    ) -> Result<Box<dyn Snapshot + '_>, CatalogError>;

    /// Returns how far each suite is published.
    ///
    /// Cheap enough to be asked again and again: it reads one row or two for a suite.
    fn progress(&self) -> Result<Vec<Progress>, CatalogError>;

    /// Returns what a suite says of a content besides its .deb, or said when it last had it, up to a revision.
    fn metadata(
        &self,
        suite: &SuiteName,
        content: &Sha256,
        revision: Option<i64>,
    ) -> Result<Description, CatalogError>;

    /// Returns the suites with changes that are not published, and since when the oldest of these has waited, in Unix seconds.
    fn unpublished_since(&self) -> Result<Vec<(SuiteName, i64)>, CatalogError>;

    /// Returns how the leases stand that were ever taken; empty where the catalog is a file.
    fn leases(&self) -> Result<Vec<LeaseState>, CatalogError>;

    /// Takes the right to publish a suite for [`LEASE_SECONDS`](crate::LEASE_SECONDS), where nobody has it; `holder` names who asks.
    fn take_lease(&self, suite: &SuiteName, holder: &str) -> Result<LeaseAnswer, CatalogError>;

    /// Lengthens a lease by [`LEASE_SECONDS`](crate::LEASE_SECONDS) from now, and says whether it is still held.
    fn renew_lease(&self, suite: &SuiteName, epoch: Epoch) -> Result<bool, CatalogError>;

    /// Lets a lease go, where it is still held.
    fn release_lease(&self, suite: &SuiteName, epoch: Epoch) -> Result<(), CatalogError>;

    /// Records a publish, made under a lease where the catalog needs one.
    ///
    /// # Errors
    ///
    /// [`CatalogError::LeaseLost`] when another publisher has taken the suite over.
    fn published(
        &self,
        suite: &SuiteName,
        publication: &Publication,
        lease: Option<Epoch>,
        now: i64,
    ) -> Result<(), CatalogError>;

    /// Returns the publications of a suite, newest first, whose index files stay.
    fn publications(&self, suite: &SuiteName) -> Result<Vec<Publication>, CatalogError>;

    /// Returns which revision a publication of a suite shows that has this date; `None` where none is known.
    fn published_at(&self, suite: &SuiteName, date: i64) -> Result<Option<i64>, CatalogError>;

    /// Returns the states of a suite that can be gone back to, newest first. Reads nothing of what they hold.
    fn states(&self, suite: &SuiteName) -> Result<Vec<RetainedState>, CatalogError>;

    /// Returns the same with how many packages each holds.
    fn counted_states(&self, suite: &SuiteName) -> Result<Vec<CountedState>, CatalogError>;

    /// Pins a state of a suite; one that is pinned stays as it is. Recorded in the audit log when it is `by` somebody.
    fn pin(&self, suite: &SuiteName, pin: &Pin, by: Option<&Actor>, now: i64) -> Result<(), CatalogError>;

    /// Lets a pinned state go, and says whether there was one. Recorded in the audit log when it is `by` somebody.
    fn unpin(
        &self,
        suite: &SuiteName,
        id: &SnapshotId,
        by: Option<&Actor>,
        now: i64,
    ) -> Result<bool, CatalogError>;

    /// Makes a suite hold what it held in a state, which is so many packages, and says whether that changed anything; recorded in the
    /// audit log when it did and is `by` somebody.
    ///
    /// # Errors
    ///
    /// [`CatalogError::StateForgotten`] when some of them were pruned meanwhile.
    fn roll_back(
        &self,
        suite: &SuiteName,
        state: &CountedState,
        by: Option<&Actor>,
        now: i64,
    ) -> Result<bool, CatalogError>;

    /// Says whether a suite whose codename counts ever gave other bytes the file name of a content: those of another epoch, or some that
    /// were pruned since.
    fn gave_file_name(&self, content: &Content, counts: &dyn Fn(&str) -> bool) -> Result<bool, CatalogError>;

    /// Returns the path of every file of the pool, below the root, in no order.
    fn pool_paths(&self) -> Result<Vec<String>, CatalogError>;

    /// Returns every file of the pool, ordered by path.
    fn pool_files(&self) -> Result<Vec<PoolFile>, CatalogError>;

    /// Condemns those of these files, below the root, that no row names and that nobody else is deleting; returns which may be deleted.
    fn condemn(&self, paths: &[String]) -> Result<Vec<CondemnedFile>, CatalogError>;

    /// Notes that condemned files are gone.
    fn condemned_deleted(&self, files: &[CondemnedFile]) -> Result<(), CatalogError>;

    /// Forgets that a suite was published and what was pinned of it; its packages stay.
    fn unpublish(&self, suite: &SuiteName) -> Result<(), CatalogError>;

    /// Returns what a suite held after revision `since`, or ever, and `tree` of the pool has no file of.
    fn files_in_other_trees(
        &self,
        suite: &SuiteName,
        tree: &str,
        since: Option<i64>,
    ) -> Result<Vec<MisplacedFile>, CatalogError>;

    /// Records files of `tree`, and returns those that it does not record: their paths are condemned.
    fn record_pool_files(&self, tree: &str, files: &[TreeFile]) -> Result<Vec<RefusedFile>, CatalogError>;

    /// Condemns the first of the pool files that no suite needs, `limit` at most; those of the tree `left` are needed by none. Their
    /// rows end with [`Catalog::condemned_deleted`].
    fn condemn_unneeded(
        &self,
        left: Option<&str>,
        limit: usize,
        deleters: Deleters,
    ) -> Result<CondemnedFiles, CatalogError>;

    /// Forgets what the retentions let go, or with [`PruneMode::DryRun`] says what that is.
    fn prune(&self, retentions: &[Retention], now: i64, mode: PruneMode)
    -> Result<PruneResult, CatalogError>;

    /// Writes a consistent copy of the whole catalog to a new file.
    fn copy_to(&self, path: &std::path::Path) -> Result<(), CatalogError>;
}
