//! Installing Debian packages without root.
//!
//! Packages are unpacked once into a [`store`]; a numbered [`generation`] is a complete tree of links to the files there; one
//! rename makes a generation current. The [`overlay`] is the only code of this project that unshares and mounts.
//!
//! Called by the commands of `cpkgs`, with verified files and a decided change. It never decides what to install, and uses no network
//! and no terminal.

mod change_stage;
pub mod rooted_dir;
pub mod store;
pub mod elf;
pub mod generation;
pub mod conffiles;
pub mod overlay;
pub mod export;
mod change;
mod install;

pub use change::{Add, Change, Configuration, PackageKey};
pub use change_stage::{Listener, Stage};
pub use install::{
    Applied, Damaged, Repaired, RootlessError, Swept, apply, collect, ephemeral, leftovers, renew, repair,
    rollback, rollback_target,
};
