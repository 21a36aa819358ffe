//! Signing in and out.

pub(super) mod by_provider;
pub(super) mod check;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod me;
pub(crate) mod password;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(super) mod oidc;
pub(super) mod register;
