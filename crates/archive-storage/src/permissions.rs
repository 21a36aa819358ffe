//! Who may read what lies in an archive, whatever the umask of whoever runs a program.
//!
//! What is served is readable by the web server, which is another user. Keys, the catalog, and caches are their owner's
//! alone; they ask for that where they are made.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::fs::Mode;

/// Makes new files of this process readable by all and writable by their owner, where they ask for nothing narrower.
///
/// For programs to call first. An umask of 077 would give away pool files and indexes that no web server can read, one
/// of 000 those that anybody can replace.
pub fn settle_umask() {
    rustix::process::umask(Mode::WGRP | Mode::WOTH);
}

/// Makes a folder, with those above it, that only its owner may enter.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    if let Some(above) = folder.parent() {
        std::fs::create_dir_all(above)?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}
