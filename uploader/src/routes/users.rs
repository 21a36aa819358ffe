//! Accounts, for administrators, and one's own.

pub(super) mod account;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod delete_token;
pub(super) mod edit;
pub(super) mod identities;
pub(super) mod list;
pub(super) mod new_account;
pub(super) mod packages;
pub(super) mod quota;
pub(super) mod show;
pub(super) mod tokens;
