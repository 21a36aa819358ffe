//! Signing and verifying against GnuPG, the tool that every apt before 2.9.19 verifies with.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "signing/gpg.rs"]
mod gpg;
#[path = "signing/ours.rs"]
mod ours;
