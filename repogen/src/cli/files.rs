//! Files that commands make: never in place of another, and on disk when they are made.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::FlockOperation;

use super::exit::Failure;

/// Creates a file, which must not exist, and syncs it to disk; where that fails there is none.
pub(super) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let create = File::options().write(true).create_new(true).mode(mode).open(path);
    let mut file = create.map_err(|error| write_failed(path, error))?;
    let mut write = || {
        file.write_all(bytes)?;
        file.sync_all()?;
        File::open(folder_of(path))?.sync_all()
    };
    write().map_err(|error| {
        // Half a key file would be in the way of whatever reads all of them.
        let _ = std::fs::remove_file(path);
        write_failed(path, error)
    })
}

/// Creates the folder of a secret file, where it is missing, for its owner alone.
pub(super) fn create_private_folder_of(path: &Path) -> Result<(), Failure> {
    let folder = folder_of(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| write_failed(folder, error))
}

/// Keeps other commands that make or change an archive's settings and keys out of its folder, as long as what is returned lives.
pub(super) fn alone_in(root: &Path) -> Result<File, Failure> {
    let lock = || -> io::Result<File> {
        let folder = File::open(root)?;
        rustix::fs::flock(&folder, FlockOperation::LockExclusive)?;
        Ok(folder)
    };
    lock().map_err(|error| {
        Failure::disk(anyhow::Error::new(error).context(format!("cannot lock `{}`", root.display())))
    })
}

/// Returns the folder of a file; of a mere name that is the working directory.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

pub(super) fn write_failed(path: &Path, error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Failure::not_possible(format_args!("`{}` already exists", path.display()));
    }
    Failure::disk(anyhow::Error::new(error).context(format!("cannot write `{}`", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mere_name_is_in_the_working_directory() {
        assert_eq!(folder_of(Path::new("key.asc")), Path::new("."));
        assert_eq!(folder_of(Path::new("keys/key.asc")), Path::new("keys"));
        assert_eq!(folder_of(Path::new("/key.asc")), Path::new("/"));
    }
}
