//! The files of SQLite, watched.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// Calls back when a file of the catalog is written, for as long as it is kept.
pub(super) struct FileWatch(
    #[expect(dead_code, reason = "it watches until it is dropped")] RecommendedWatcher,
);

impl FileWatch {
    /// Watches the folder of the catalog: its files come and go as processes open and close it.
    pub(super) fn start(catalog: &Path, heard: impl Fn() + Send + 'static) -> notify::Result<Self> {
        let files = files(catalog);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| match event {
            Ok(event) if !concerns(&event, &files) => {}
            // What was lost may have been about the catalog.
            Ok(_) | Err(_) => heard(),
        })?;
        watcher.watch(&folder(catalog), RecursiveMode::NonRecursive)?;
        Ok(Self(watcher))
    }
}

/// Returns the names of the files that a commit writes: the catalog, and its log where it has one.
fn files(catalog: &Path) -> [OsString; 2] {
    let name = catalog.file_name().unwrap_or_default().to_owned();
    let mut log = name.clone();
    log.push("-wal");
    [name, log]
}

fn folder(catalog: &Path) -> PathBuf {
    match catalog.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn concerns(event: &Event, files: &[OsString]) -> bool {
    let writes = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Modify(_) => true,
        EventKind::Access(_) => false,
        _ => event.need_rescan(),
    };
    let named = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| files.iter().any(|file| OsStr::new(file) == name))
    };
    writes && (event.need_rescan() || event.paths.iter().any(named))
}

#[cfg(test)]
mod tests {
    use notify::event::{DataChange, Flag, ModifyKind};

    use super::*;

    fn of(kind: EventKind, path: &str) -> Event {
        Event::new(kind).add_path(PathBuf::from(path))
    }

    #[test]
    fn only_what_writes_the_catalog_is_heard() {
        let files = files(Path::new("/a/catalog.db"));
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let opened = EventKind::Access(AccessKind::Open(AccessMode::Any));
        assert!(concerns(&of(written, "/a/catalog.db-wal"), &files));
        assert!(concerns(&of(written, "/a/catalog.db"), &files));
        assert!(!concerns(&of(written, "/a/catalog.db-shm"), &files));
        assert!(!concerns(&of(opened, "/a/catalog.db"), &files));
        assert!(concerns(
            &Event::new(EventKind::Other).set_flag(Flag::Rescan),
            &files
        ));
    }

    #[test]
    fn a_bare_name_lies_in_the_working_directory() {
        assert_eq!(folder(Path::new("catalog.db")), Path::new("."));
        assert_eq!(folder(Path::new("/a/catalog.db")), Path::new("/a"));
    }
}
