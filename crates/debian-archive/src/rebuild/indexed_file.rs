//! A package file as an index names it.

use debian_control::digest::Sha256;
use debian_control::name::Component;

/// A package that an index names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexedFile {
    pub(super) component: Component,
    /// Path below the tree.
    pub(super) filename: String,
    pub(super) sha256: Sha256,
    pub(super) size: u64,
}
