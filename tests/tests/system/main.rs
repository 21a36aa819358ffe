//! Whole-system tests: the built programs against the real apt, dpkg, gpgv and nginx.
//!
//! One program for all, so that the harness is linked once. Needs what `make setup` installs, neither root nor a network.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "all of it is test code, also what is not itself a test"
)]

mod archive;
mod apt;
mod uploader;
mod client;
mod watch;
mod crash;
mod machines;
mod man;
mod s3;
mod texts;
