//! Packages as readers look for them: pages, filters, search.

use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName, SuiteName};
use debian_control::version::Version;

use super::provenance::Provenance;
use super::{CatalogError, Entry};

/// Which packages are asked for.
#[derive(Debug, Clone, Default)]
pub struct PackageQuery {
    /// In one of these suites; what others say of a package is not told.
    pub suites: Vec<SuiteName>,
    /// Where a package stands is told of these suites as well.
    pub also: Vec<SuiteName>,
    /// With this name.
    pub name: Option<PackageName>,
    /// With a version that dpkg calls equal to this one.
    pub version: Option<Version>,
    /// In this component.
    pub component: Option<Component>,
    /// For this architecture.
    pub architecture: Option<Architecture>,
    /// In this section, as the suite has it.
    pub section: Option<String>,
    /// With this in the maintainer's name or address, in any case.
    pub maintainer: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Brought by this account into one of these suites.
    pub author: Option<String>,
}

impl PackageQuery {
    /// Says whether it asks for what packages say of themselves beside name, version and architecture.
    pub(crate) fn asks_for_details(&self) -> bool {
        self.section.is_some() || self.maintainer.is_some()
    }
}

/// Where a page of a list begins: after this package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageCursor {
    /// `Package`.
    pub name: String,
    /// Sort key of `Version`.
    pub version_key: Vec<u8>,
    /// `Architecture`.
    pub architecture: String,
    /// Digest of the file.
    pub sha256: Sha256,
}

/// A word that somebody gave to a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The word.
    pub name: String,
    /// Its colour, as `#007bff`.
    pub color: String,
}

/// What the suites that were asked for say of a content besides its .deb.
///
/// Of several that say something, the first by codename counts. What others say is not in it, so that it can be shown to
/// whoever reads these suites alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// Replaces `Section`.
    pub section: Option<String>,
    /// Replaces `Priority`.
    pub priority: Option<String>,
    /// Its tags, by name.
    pub tags: Vec<Tag>,
    /// How often it was fetched.
    pub downloads: u64,
    /// When it first came into one of them, in Unix seconds.
    pub created_at: i64,
    /// When one of them last changed what it says, or let it go, in Unix seconds.
    pub updated_at: Option<i64>,
    /// Who brought it into which of them, by codename; none for what was added on the machine itself.
    pub authors: Vec<(SuiteName, String)>,
}

impl Extras {
    /// Returns who brought the content into a suite.
    pub fn author(&self, suite: &SuiteName) -> Option<&str> {
        let mut authors = self.authors.iter();
        authors
            .find(|(codename, _)| codename == suite)
            .map(|(_, author)| author.as_str())
    }
}

/// A package of a list.
#[derive(Debug, Clone)]
pub struct ListedPackage {
    /// The content and where it stands, of the suites that were asked for or are told of as well.
    pub entry: Entry,
    /// What is known besides.
    pub extras: Extras,
}

/// How much of a list is read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit {
    /// So many packages, at most.
    pub packages: usize,
    /// No further package once what is read takes so many bytes: one description may be as long as a whole list is otherwise.
    pub bytes: usize,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct PackagePage {
    /// The packages, in the list's order.
    pub packages: Vec<ListedPackage>,
    /// Whether the list goes on after them.
    pub more: bool,
}

/// What is to be changed of a package; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// Replaces `Section`.
    pub section: Option<String>,
    /// Replaces `Priority`.
    pub priority: Option<String>,
    /// All its tags.
    pub tags: Option<Vec<Tag>>,
}

impl Description {
    /// Says whether it leaves everything.
    pub fn is_empty(&self) -> bool {
        self.section.is_none() && self.priority.is_none() && self.tags.is_none()
    }
}

/// How much an archive holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Packages, by content.
    pub packages: u64,
    /// Names among them.
    pub names: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// How often they were fetched.
    pub downloads: u64,
}

/// The packages of an archive, for readers.
pub trait Listing: Send + Sync {
    /// Returns packages by name, version and architecture, those after `after`.
    fn page(
        &self,
        query: &PackageQuery,
        after: Option<&PageCursor>,
        most: PageLimit,
    ) -> Result<PackagePage, CatalogError>;

    /// Returns packages that `text` fits, best first, without the first `skip`.
    ///
    /// A hit in the name counts for more than one in the summary, and that for more than one in the description. Where
    /// few names fit, names that differ in one or two letters come after them.
    fn search(
        &self,
        query: &PackageQuery,
        text: &str,
        skip: usize,
        most: PageLimit,
    ) -> Result<PackagePage, CatalogError>;

    /// Returns the package whose digest begins with these bytes, as one of `suites` has it; where it stands is told of those of `also`
    /// as well.
    fn package(
        &self,
        digest: &[u8],
        suites: &[SuiteName],
        also: &[SuiteName],
    ) -> Result<Option<ListedPackage>, CatalogError>;

    /// Returns what is known of entries besides their files, from the suites that they name, in their order.
    fn extras(&self, entries: &[Entry]) -> Result<Vec<Extras>, CatalogError>;

    /// Returns how a content came into each of these suites, as far as that was kept, by codename.
    fn provenance(&self, content: &Sha256, suites: &[SuiteName]) -> Result<Vec<Provenance>, CatalogError>;

    /// Counts what stands in these suites.
    fn totals(&self, suites: &[SuiteName]) -> Result<Totals, CatalogError>;

    /// Counts the placements that began in these suites from `since` on, in Unix seconds, by day: days since 1970, in order.
    fn placed_by_day(&self, suites: &[SuiteName], since: i64) -> Result<Vec<(i64, u64)>, CatalogError>;

    /// Brings filters and search up to the packages; pages and searches do when they have to, where no writer is in their way.
    fn refresh(&self) -> Result<(), CatalogError>;
}
