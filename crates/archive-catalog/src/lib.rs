//! The catalog: which packages stand in which suite, and what was published of them.
//!
//! [`Catalog`], [`accounts::Accounts`], [`audit::Audit`], [`listing::Listing`], [`upload_queue::UploadQueue`],
//! [`webhooks::Webhooks`] and [`outbox::Outbox`] are what callers see. [`SqlCatalog`] is all
//! of them, on one SQLite file or on PostgreSQL: each statement is written once, for both. Nothing else in this program knows
//! SQL.

mod account_catalog;
pub mod accounts;
pub mod audit;
pub mod downloads;
pub mod external_identities;
pub mod security_reports;
mod snapshot_id;
pub mod listing;
mod position;
pub mod resumable_uploads;
pub mod provenance;
pub mod publishers;
pub mod quotas;
mod condemned;
mod conflict;
mod database_url;
mod error;
mod lease;
mod named;
pub mod outbox;
mod postgres;
mod postgres_url;
mod sql;
mod sql_catalog;
mod sqlite;
mod statements;
mod text_store;
mod transfer;
mod transient;
mod turn;
pub mod upload_queue;
mod watch;
pub mod webhooks;

use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName, SuiteName};
use debian_control::version::Version;

use audit::Actor;
use listing::Description;

pub use condemned::{
    Condemnation, CondemnedFile, CondemnedFiles, DELETION_SECONDS, Deleters, RefusedFile, TreeFile,
};
pub use conflict::Conflict;
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use error::CatalogError;
pub use lease::{Epoch, LEASE_SECONDS, LeaseAnswer, LeaseState};
pub use named::{NamedPackage, PastPlacement};
pub use position::{Cluster, Indexed, Position, Section};
pub use snapshot_id::{InvalidSnapshotId, Pin, Retained, RetainedState, SnapshotId, SnapshotPackage};
pub use sql_catalog::SqlCatalog;
pub use text_store::{TextChange, TextStore, TextStoreError};
pub use transient::TransientFailure;
pub use watch::CatalogWatch;

/// One .deb by its bytes.
#[derive(Debug, Clone)]
pub struct Content {
    /// Digest of the whole file; its identity.
    pub sha256: Sha256,
    /// Bytes of the whole file.
    pub size: u64,
    /// `Package`.
    pub name: PackageName,
    /// `Version`.
    pub version: Version,
    /// `Architecture`.
    pub architecture: Architecture,
    /// Name of its source package.
    pub source: PackageName,
    /// The checked control stanza.
    pub control: String,
    /// When it was first taken, in Unix seconds.
    pub created_at: i64,
}

impl Content {
    /// Returns the name of its file: `NAME_VERSION_ARCH.deb`, the version without its epoch.
    pub fn file_name(&self) -> String {
        format!(
            "{}_{}_{}.deb",
            self.name,
            self.version.without_epoch(),
            self.architecture
        )
    }
}

/// A new content with what only ingest knows.
#[derive(Debug, Clone)]
pub struct NewContent {
    /// The content.
    pub content: Content,
    /// The paths in its data member, one a line, as `paths::pack` packs them.
    pub paths: Vec<u8>,
}

/// One wish: this content in that place.
#[derive(Debug, Clone)]
pub struct NewPlacement {
    /// Codename.
    pub suite: SuiteName,
    /// Component.
    pub component: Component,
    /// Tree of the pool: empty, or the codename of a private suite.
    pub tree: String,
    /// Path of the file below the tree (`pool/...`).
    pub path: String,
    /// The content.
    pub content: NewContent,
    /// Known vulnerabilities that whoever asks takes upon themselves: for the audit log.
    pub accepted: Vec<String>,
    /// By what it was judged whether the suite takes it; `None`: the suite asks nothing of what it takes.
    pub judged: Option<Judged>,
    /// What the suite is to say of it besides the .deb, where that is something.
    pub metadata: Description,
    /// Whose wish it is, who is then said to have brought it there; `None`: that of whoever has a shell on this machine,
    /// and not recorded.
    pub by: Option<Actor>,
    /// The condemnation of the path after whose deletion the bytes were put there anew.
    pub put_after: Option<Condemnation>,
}

/// By what was known of its vulnerabilities a package was judged: a scan that reads something else has it judged again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Digest of what the last scan kept of its source package; `None`: nothing.
    pub advisory: Option<Sha256>,
}

/// What became of a [`NewPlacement`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacementOutcome {
    /// It stands in the suite now.
    Added,
    /// It was there already.
    Unchanged,
}

/// What became of a set of placements: of each, in their order, or what stood against one of them and so against all.
pub type PlacedSet = Result<Vec<PlacementOutcome>, Box<Conflict>>;

/// A content in a place, as `list`, `show`, `copy` and `remove` see it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The content.
    pub content: Content,
    /// Path of its file below the root.
    pub filename: String,
    /// Where it stands: codename and component, in the order of codenames.
    pub suites: Vec<(SuiteName, Component)>,
}

/// Which placements a command means.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only this suite.
    pub suite: Option<SuiteName>,
    /// Only this package.
    pub name: Option<PackageName>,
    /// Only versions that dpkg calls equal to this one.
    pub version: Option<Version>,
    /// Only this architecture.
    pub architecture: Option<Architecture>,
}

/// A part of a list of packages.
#[derive(Debug, Clone)]
pub struct ListPart {
    /// What stands in suites under its names; may be nothing while more names follow.
    pub entries: Vec<Entry>,
    /// Its last name, after which the next part begins; `None` when there are no further names.
    pub last: Option<PackageName>,
}

/// A package that was taken out of a suite, and whose file stays.
#[derive(Debug, Clone)]
pub struct YankedPackage {
    /// The content.
    pub content: Content,
    /// The component that it stood in.
    pub component: Component,
    /// Why it was taken out.
    pub reason: String,
    /// When that was, in Unix seconds.
    pub at: i64,
}

/// Where a suite stands.
#[derive(Debug, Clone)]
pub struct SuiteState {
    /// Its revision.
    pub revision: i64,
    /// Date of its newest Release, in Unix seconds.
    pub last_date: Option<i64>,
    /// Its newest publication.
    pub publication: Option<Publication>,
}

/// How far a suite is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Codename.
    pub suite: SuiteName,
    /// Its revision.
    pub revision: i64,
    /// Its newest publication, without its files.
    pub publication: Option<Publication>,
}

impl Progress {
    /// Says whether what is live shows all that the suite holds.
    pub fn is_published(&self) -> bool {
        self.publication
            .as_ref()
            .is_some_and(|publication| publication.revision >= self.revision)
    }
}

/// One publish of one suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Revision of the suite that it shows.
    pub revision: i64,
    /// How many packages that is.
    pub packages: u64,
    /// Date of its Release, in Unix seconds.
    pub date: i64,
    /// When a later one took its place, in Unix seconds.
    pub superseded_at: Option<i64>,
    /// Digest of the settings that it was made under.
    pub settings: String,
    /// Digest of its InRelease.
    pub inrelease: Sha256,
    /// End of its validity, in Unix seconds.
    pub valid_until: Option<i64>,
    /// When the Contents indexes that it names were built, and of which revision.
    pub contents: Option<ContentsState>,
    /// The index files that it serves.
    pub files: Vec<PublishedFile>,
}

/// The age of Contents indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentsState {
    /// When they were built, in Unix seconds.
    pub at: i64,
    /// Revision that they show.
    pub revision: i64,
}

/// One index file that a Release names and the archive serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedFile {
    /// Path below `dists/CODENAME`.
    pub path: String,
    /// Digest.
    pub sha256: Sha256,
    /// Bytes.
    pub size: u64,
}

/// A file of the pool, as the catalog has it.
#[derive(Debug, Clone)]
pub struct PoolFile {
    /// Path below the root.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Digest.
    pub sha256: Sha256,
}

/// A package whose file is in another tree of the pool than its suite.
#[derive(Debug, Clone)]
pub struct MisplacedFile {
    /// The content.
    pub content: Content,
    /// Component that it stands in.
    pub component: Component,
    /// Path of its file below the root.
    pub path: String,
}

/// What is kept of a suite, at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Codename.
    pub suite: SuiteName,
    /// How many versions of a package stay; `None`: all.
    pub keep_versions: Option<u32>,
    /// How many publications stay at least.
    pub keep_generations: u32,
    /// Publications that were superseded before this, in Unix seconds, are forgotten.
    pub publications_until: i64,
    /// Packages that were removed before this, in Unix seconds, and that no publication shows, are forgotten.
    pub removed_until: i64,
}

/// Whether a prune happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PruneMode {
    /// It does.
    Done,
    /// It does not, but what it would do is told.
    DryRun,
}

/// What the catalog forgot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PruneResult {
    /// Versions that left their suite.
    pub versions: Vec<PrunedVersion>,
    /// Files that no row names any more, below the root.
    pub files: Vec<String>,
}

/// A version that left its suite because newer ones are enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunedVersion {
    /// Codename.
    pub suite: SuiteName,
    /// Package.
    pub name: PackageName,
    /// Version.
    pub version: Version,
    /// Architecture.
    pub architecture: Architecture,
}

/// One state of a suite, which no writer changes while it is read.
pub trait Snapshot {
    /// Returns where the suite stands now, whatever revision this is a snapshot of.
    fn state(&self) -> &SuiteState;

    /// Hands the packages of an index to `visit`, in order, from `from` on, until it answers false.
    fn indexed(
        &self,
        section: &Section<'_>,
        from: Option<&Position>,
        visit: &mut dyn FnMut(Indexed) -> bool,
    ) -> Result<(), CatalogError>;

    /// Returns the positions of an index that changed after `revision`, in order.
    fn changed_since(&self, section: &Section<'_>, revision: i64) -> Result<Vec<Position>, CatalogError>;

    /// Hands the packed path list of each package of an index to `visit`, with its qualified name.
    fn paths(
        &self,
        section: &Section<'_>,
        visit: &mut dyn FnMut(&Position, &str, &[u8]),
    ) -> Result<(), CatalogError>;

    /// Hands the path lists of an index, of all packages whose name came or went after `revision`, to `visit`: those that
    /// were shown at that revision, and those that are shown now.
    fn changed_paths(
        &self,
        section: &Section<'_>,
        revision: i64,
        visit: &mut dyn FnMut(PathList<'_>),
    ) -> Result<(), CatalogError>;

    /// Returns every package, ordered as it orders.
    fn packages(&self) -> Result<Vec<SnapshotPackage>, CatalogError>;

    /// Returns every package that the state of another revision does not show as this one does, ordered as it orders.
    fn packages_except(&self, other: i64) -> Result<Vec<SnapshotPackage>, CatalogError>;

    /// Returns the names of which something came or left, or a scan found something else, after revision `since`, or all that it holds, in order.
    fn changed_names(&self, since: Option<i64>) -> Result<Vec<PackageName>, CatalogError>;

    /// Returns what it holds of a name, the newest version first, then by architecture.
    fn named(&self, name: &PackageName) -> Result<Vec<NamedPackage>, CatalogError>;

    /// Returns what the newest scan for vulnerabilities found of the packages of a name, whatever revision this is a snapshot of.
    fn finding(&self, name: &PackageName) -> Result<Option<String>, CatalogError>;

    /// Returns what the suite held of a name up to this state, what was placed last first, at most `limit` of it.
    fn history(&self, name: &PackageName, limit: u32) -> Result<Vec<PastPlacement>, CatalogError>;

    /// Counts packages: all, and those added and removed since an earlier revision.
    fn counts(&self, since: Option<i64>) -> Result<Counts, CatalogError>;
}

/// The paths that one package ships, at one of two revisions or at both.
#[derive(Debug, Clone, Copy)]
pub struct PathList<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its control file.
    pub control: &'a str,
    /// The packed list.
    pub packed: &'a [u8],
    /// Whether the earlier revision shows it.
    pub then: bool,
    /// Whether the later one does.
    pub now: bool,
}

/// How many packages a suite holds, and what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Packages now.
    pub packages: u64,
    /// Now but not then.
    pub added: u64,
    /// Then but not now.
    pub removed: u64,
}

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

    /// Places sets of contents, all in one transaction. Of a set all are placed, or none where one is refused; a set
    /// that is refused leaves no trace, and the others do not depend on it.
    fn place(&self, sets: &[Vec<NewPlacement>], now: i64) -> Result<Vec<PlacedSet>, CatalogError>;

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

    /// Takes the right to publish a suite for [`LEASE_SECONDS`], where nobody has it; `holder` names who asks.
    fn take_lease(&self, suite: &SuiteName, holder: &str) -> Result<LeaseAnswer, CatalogError>;

    /// Lengthens a lease by [`LEASE_SECONDS`] from now, and says whether it is still held.
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

    /// Returns the states of a suite that can be gone back to, newest first.
    fn states(&self, suite: &SuiteName) -> Result<Vec<RetainedState>, CatalogError>;

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
        state: &RetainedState,
        by: Option<&Actor>,
        now: i64,
    ) -> Result<bool, CatalogError>;

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
    fn prune(
        &self,
        retentions: &[Retention],
        now: i64,
        pruning: PruneMode,
    ) -> Result<PruneResult, CatalogError>;

    /// Writes a consistent copy of the whole catalog to a new file.
    fn copy_to(&self, path: &std::path::Path) -> Result<(), CatalogError>;
}

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
