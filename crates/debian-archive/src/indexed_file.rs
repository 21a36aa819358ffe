//! A package file as an index names it.

use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName};

/// A package that an index names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexedFile {
    pub(crate) name: PackageName,
    pub(crate) component: Component,
    /// Path below the tree.
    pub(crate) filename: String,
    pub(crate) sha256: Sha256,
    pub(crate) size: u64,
}
