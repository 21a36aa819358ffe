//! Signing in and out.

pub(super) mod check;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod me;
pub(super) mod oidc;
pub(super) mod register;
