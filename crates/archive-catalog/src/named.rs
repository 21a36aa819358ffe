//! What a suite holds and held of one name, for whoever shows packages by name.

use debian_control::name::Component;

use super::Content;
use crate::provenance::CiJob;

/// One package of a name, as a state of a suite holds it.
#[derive(Debug, Clone)]
pub struct NamedPackage {
    /// The content.
    pub content: Content,
    /// The paths in its data member, one a line, packed.
    pub paths: Vec<u8>,
    /// Component.
    pub component: Component,
    /// Replaces `Section`.
    pub section: Option<String>,
    /// Replaces `Priority`.
    pub priority: Option<String>,
    /// Path of its file below the tree; `None` where the tree has no file of it.
    pub path: Option<String>,
    /// When it was placed, in Unix seconds.
    pub added_at: i64,
    /// The CI job that brought it.
    pub job: Option<CiJob>,
}

/// A time in which a suite held a package.
#[derive(Debug, Clone)]
pub struct PastPlacement {
    /// The content.
    pub content: Content,
    /// Component.
    pub component: Component,
    /// Replaces `Section`.
    pub section: Option<String>,
    /// The revision at which it was placed.
    pub added_revision: i64,
    /// When that was, in Unix seconds.
    pub added_at: i64,
    /// The revision at which it left, and when that was, in Unix seconds; as far as the state knows of it.
    pub removed: Option<(i64, i64)>,
}
