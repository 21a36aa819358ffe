//! Packages by their bytes, and where they are: the pool, and the suites they stand in.

use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName, SuiteName};
use debian_control::version::Version;

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
