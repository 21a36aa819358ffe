//! Signing and verifying against GnuPG, the tool that every apt before 2.9.19 verifies with.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "signing/command.rs"]
mod command;
#[path = "signing/files.rs"]
mod files;
#[path = "signing/gpg.rs"]
mod gpg;
#[path = "signing/imported.rs"]
mod imported;
#[path = "signing/ours.rs"]
mod ours;
#[path = "signing/refused.rs"]
mod refused;
#[path = "signing/theirs.rs"]
mod theirs;
