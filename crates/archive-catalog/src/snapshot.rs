//! One state of a suite, as publishing reads it.

use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName};
use debian_control::version::Version;

use crate::error::CatalogError;
use crate::named::{NamedPackage, PastPlacement};
use crate::position::{Indexed, Position, Section};
use crate::publication::SuiteState;
use crate::snapshot_id::SnapshotPackage;

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

    /// Returns where the files of the same packages are, in no order.
    fn files_except(&self, other: i64) -> Result<Vec<ShownFile>, CatalogError>;

    /// Returns what lies between the state of another revision and this one, each ordered as it orders.
    fn changes_from(&self, other: i64) -> Result<StateChanges, CatalogError>;

    /// Returns the versions of contents, in their order.
    fn versions(&self, contents: &[ContentKey]) -> Result<Vec<Version>, CatalogError>;

    /// Returns the names of which something came or left, or a scan found something else, after revision `since`, or all that it holds, in order.
    fn changed_names(&self, since: Option<i64>) -> Result<Vec<PackageName>, CatalogError>;

    /// Returns what it holds of a name, the newest version first, then by architecture.
    fn named(&self, name: &PackageName) -> Result<Vec<NamedPackage>, CatalogError>;

    /// Returns what the newest scan for vulnerabilities found of the packages of a name, whatever revision this is a snapshot of.
    fn finding(&self, name: &PackageName) -> Result<Option<String>, CatalogError>;

    /// Returns what the suite held of a name up to this state, what was placed last first, at most `limit` of it.
    fn history(&self, name: &PackageName, limit: u32) -> Result<Vec<PastPlacement>, CatalogError>;

    /// Returns the contents that ever were in the suite under a name, also of packages that were pruned, whatever revision this is a
    /// snapshot of.
    fn identities(&self, name: &PackageName) -> Result<Vec<Sha256>, CatalogError>;

    /// Counts what it holds.
    fn count(&self) -> Result<u64, CatalogError>;

    /// Counts packages that stand in one of these places: all, and those added and removed since an earlier revision, which was
    /// published with the same places.
    fn counts(&self, since: Option<i64>, places: &ListedPlaces) -> Result<Counts, CatalogError>;
}

/// The file of a package that a state shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownFile {
    /// Its path below the tree of the pool; `None` where it is not there any more.
    pub path: Option<String>,
    /// Its size in bytes.
    pub size: u64,
}

/// What one state of a suite shows and another one does not.
#[derive(Debug, Clone, Default)]
pub struct StateChanges {
    /// What the other one shows alone.
    pub gone: Vec<PackageOutline>,
    /// What this one shows alone.
    pub came: Vec<PackageOutline>,
}

/// What tells a package of a state from the others: tens of thousands are read in a moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageOutline {
    /// Component.
    pub component: Component,
    /// `Package`.
    pub name: PackageName,
    /// `Architecture`.
    pub architecture: Architecture,
    /// Sort key of `Version`.
    pub version_key: Vec<u8>,
    /// Its content.
    pub content: ContentKey,
    /// What stands for `Section` in the state.
    pub section: Option<String>,
    /// What stands for `Priority` in the state.
    pub priority: Option<String>,
}

/// What the catalog knows a content by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentKey(pub i64);

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

/// Where packages have to stand to be in an index of a suite: a package of another place may be left from other settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPlaces {
    /// The components.
    pub components: Vec<Component>,
    /// The architectures, `all` among them.
    pub architectures: Vec<Architecture>,
}

impl ListedPlaces {
    /// Says whether a package stands in one of them.
    pub fn list(&self, package: &SnapshotPackage) -> bool {
        self.components.contains(&package.component) && self.architectures.contains(&package.architecture)
    }
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
