//! Packages: finding, uploading, changing, removing and downloading them.

pub(super) mod delete;
pub(super) mod deletions;
pub(super) mod download;
pub(super) mod edit;
pub(super) mod filters;
pub(super) mod if_match;
pub(super) mod list;
pub(super) mod metadata;
pub(super) mod page;
pub(super) mod placement;
pub(super) mod provenance;
pub(super) mod publishing;
pub(super) mod search;
pub(super) mod show;
pub(super) mod upload;
pub(super) mod yank;
