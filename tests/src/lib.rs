//! The harness of the whole-system tests: packages, archives, a web server and an apt of a test's own.
//!
//! [`DebBuilder`] makes packages, [`TestArchive`] runs the real `repogen` on a temporary root, [`Nginx`] serves a folder with the
//! configuration that this project ships, and [`Apt`] is the machine's apt with nothing of the machine in it. Nothing here needs
//! root or a network, and nothing outlives its test. A step that cannot be taken fails the test at once, with all that was printed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness fails the test it serves by panicking"
)]

pub mod apt;
pub mod archive;
pub mod certificates;
pub mod changes;
pub mod client;
pub mod deb;
pub mod gpg;
pub mod http;
pub mod index;
pub mod load;
pub mod issuer;
pub mod made_up;
pub mod nginx;
pub mod provider;
pub mod receiver;
pub mod run;
pub mod skip;
pub mod small_disk;
pub mod torture;
pub mod uploader;
pub mod watching;

pub use apt::Apt;
pub use archive::{Keys, TestArchive};
pub use client::Client;
pub use deb::WriteDeb;
pub use debian_deb::build::DebBuilder;
pub use debian_deb::compression::Compression;

pub use gpg::Gpg;
pub use made_up::Random;
pub use nginx::Nginx;
pub use run::Run;
pub use skip::skip;
pub use small_disk::SmallDisk;
pub use uploader::Uploader;
pub use watching::Watching;

use std::path::{Path, PathBuf};

/// Returns the folder of the workspace: where `nginx/`, `tools/` and the root `Cargo.toml` are.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .to_path_buf()
}
