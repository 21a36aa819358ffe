//! The files of a catalog: one that cannot be read goes aside, and a finished one takes its name.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{RebuildError, failed};
use archive_catalog::SnapshotId;

/// Returns the path of another catalog beside this one.
pub(super) fn beside(catalog: &Path, ending: &str) -> PathBuf {
    let mut path = catalog.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}

/// Returns the files that a catalog is made of: the database, its log and the index of that.
pub(super) fn parts(catalog: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|ending| {
        let mut path = catalog.as_os_str().to_owned();
        path.push(ending);
        path.into()
    })
}

/// Moves a catalog that cannot be read out of the way; it is never deleted.
pub(super) fn set_aside(catalog: &Path, now: i64) -> Result<Option<PathBuf>, RebuildError> {
    let aside = beside(catalog, &format!("broken-{}", SnapshotId::of(now)));
    let mut moved = None;
    for (from, to) in parts(catalog).into_iter().zip(parts(&aside)) {
        match std::fs::rename(&from, &to) {
            Ok(()) => moved = moved.or(Some(to)),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed("move away", &from, source)),
        }
    }
    Ok(moved)
}

/// Gives a finished catalog its name.
pub(super) fn put_in_place(unfinished: &Path, catalog: &Path) -> Result<(), RebuildError> {
    let [database, log, ..] = parts(unfinished);
    // SQLite writes its log into the file when the last connection goes.
    if log.exists() {
        let source = io::Error::other("its log was not written back");
        return Err(failed("finish", &database, source));
    }
    File::open(&database)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&database, catalog))
        .map_err(|source| failed("put in place", &database, source))?;
    let folder = catalog
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| failed("sync", folder, source))
}

/// Deletes a file. A missing file is not an error.
pub(super) fn remove(path: &Path) -> Result<(), RebuildError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(failed("delete", path, source)),
        _ => Ok(()),
    }
}
