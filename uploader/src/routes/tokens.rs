//! API tokens: secrets for programs.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod owned;
pub(super) mod revoke;
pub(super) mod rotate;
pub(super) mod view;
