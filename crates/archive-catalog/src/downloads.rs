//! How often packages were fetched, by day, and which logs that is known from.

use debian_control::digest::Sha256;
use debian_control::name::{PackageName, SuiteName};

use super::CatalogError;

/// Downloads of one content on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadCount {
    /// Digest of the file.
    pub sha256: Sha256,
    /// The tree of the pool that it was fetched from: empty for the public one, or the codename of a private suite.
    pub tree: String,
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// How many.
    pub count: u64,
}

/// By what downloads are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownloadGroup {
    /// By day, in their order.
    Day,
    /// By name, the most fetched first.
    Package,
    /// By name and version, the most fetched first.
    Version,
    /// By codename, the most fetched first: a package counts in each suite that has or had it.
    Suite,
}

/// Which downloads are asked for.
#[derive(Debug, Clone)]
pub struct DownloadQuery {
    /// The first day.
    pub from: i64,
    /// The last day.
    pub to: i64,
    /// By what they are summed up.
    pub group: DownloadGroup,
    /// Of packages that one of these suites has or had, with the tree of the pool that it has.
    pub suites: Vec<(SuiteName, String)>,
    /// Of this package.
    pub name: Option<PackageName>,
    /// How many of the first sums are left out.
    pub skip: usize,
    /// How many sums, at most.
    pub limit: usize,
}

/// A sum of downloads. What the group does not tell apart is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DownloadSum {
    /// Days since 1970-01-01, UTC.
    pub day: Option<i64>,
    /// `Package`.
    pub name: Option<String>,
    /// `Version`.
    pub version: Option<String>,
    /// Codename.
    pub suite: Option<String>,
    /// How many.
    pub downloads: u64,
}

/// How far a log is counted. It is known by its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPosition {
    /// Digest of the first `head_bytes` bytes.
    pub head: Sha256,
    /// How many bytes that is.
    pub head_bytes: u64,
    /// How many bytes are counted.
    pub position: u64,
}

/// Downloads of an archive.
pub trait Downloads: Send + Sync {
    /// Adds to the counts; `now` in Unix seconds.
    fn count_downloads(&self, counts: &[DownloadCount], now: i64) -> Result<(), CatalogError>;

    /// Adds what was found in a log, and notes how far that was; both or nothing.
    ///
    /// Says whether the log was still where `before` has it, `None` for one that nobody knew: where it was not, somebody
    /// else counts it, and nothing was added.
    fn count_logged(
        &self,
        counts: &[DownloadCount],
        before: Option<&LogPosition>,
        after: &LogPosition,
        now: i64,
    ) -> Result<bool, CatalogError>;

    /// Returns the known logs, those with the longest heads first.
    fn logs(&self) -> Result<Vec<LogPosition>, CatalogError>;

    /// Returns how often each content was fetched that a suite has or had of a name, with its digest in order; contents that were not
    /// fetched from that tree of the pool are left out.
    fn downloads_of(
        &self,
        suite: &SuiteName,
        tree: &str,
        name: &PackageName,
    ) -> Result<Vec<(Sha256, u64)>, CatalogError>;

    /// Returns the names, in order, that a suite has or had and whose counts in a tree changed since a time in Unix seconds.
    fn names_downloaded(
        &self,
        suite: &SuiteName,
        tree: &str,
        since: i64,
    ) -> Result<Vec<PackageName>, CatalogError>;

    /// Sums downloads up.
    fn sum_downloads(&self, query: &DownloadQuery) -> Result<Vec<DownloadSum>, CatalogError>;
}
