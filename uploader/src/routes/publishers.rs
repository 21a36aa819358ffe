//! Trusted publishers: CI jobs that may upload, for administrators.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
