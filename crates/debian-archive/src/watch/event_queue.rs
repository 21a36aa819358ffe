//! Events for the watch thread: from the file system, and requests of the program that started it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::folders::incoming_folder;
use crate::config;

/// How many closed files are remembered between two scans. Further ones are found by scanning.
const CLOSED_MOST: usize = 65_536;

/// What happened since the last scan.
#[derive(Debug, Default)]
pub(super) struct PendingEvents {
    pub(super) stop: bool,
    /// Somebody asked for the configuration to be read again.
    pub(super) reload: bool,
    /// `repogen.toml` may have changed.
    pub(super) config: bool,
    /// Something happened in the folder for dropped packages.
    pub(super) incoming: bool,
    /// Files that were seen to be complete: closed after writing, or moved to their name.
    pub(super) closed: HashSet<PathBuf>,
}

/// Collects what is pending and wakes the thread that waits for it.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    pending: Mutex<PendingEvents>,
    wake: Condvar,
}

impl EventQueue {
    pub(super) fn change(&self, change: impl FnOnce(&mut PendingEvents)) {
        change(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_all();
    }

    /// Waits for something to be pending, until `until` at most, and returns it. A wish to stop stays.
    pub(super) fn wait(&self, until: Instant) -> PendingEvents {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        while !(pending.stop || pending.reload || pending.config || pending.incoming) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            pending = self
                .wake
                .wait_timeout(pending, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let stop = pending.stop;
        std::mem::replace(
            &mut pending,
            PendingEvents {
                stop,
                ..PendingEvents::default()
            },
        )
    }

    /// Returns whether it is to stop.
    pub(super) fn stopped(&self) -> bool {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).stop
    }
}

/// Subscribes to changes in folders.
pub(super) struct FsWatcher(RecommendedWatcher);

impl FsWatcher {
    /// Watches the root, for its configuration.
    pub(super) fn new(root: &Path, queue: Arc<EventQueue>) -> notify::Result<Self> {
        let folder = incoming_folder(root);
        // The system tells of absolute paths.
        let incoming = IncomingFolder {
            absolute: std::path::absolute(&folder).map_err(notify::Error::io)?,
            given: folder,
        };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| match event {
            Ok(event) => take(&event, &incoming, &queue),
            // What was lost may have been about anything.
            Err(_) => rescan_all(&queue),
        })?;
        watcher.watch(root, RecursiveMode::NonRecursive)?;
        Ok(Self(watcher))
    }

    /// Watches one more folder. Repeating this for the same folder is harmless, and needed when it was recreated.
    pub(super) fn listen(&mut self, folder: &Path) -> notify::Result<()> {
        self.0.watch(folder, RecursiveMode::NonRecursive)
    }
}

/// The folder for dropped packages, as events name it and as scans name it.
struct IncomingFolder {
    absolute: PathBuf,
    given: PathBuf,
}

fn take(event: &Event, incoming: &IncomingFolder, queue: &EventQueue) {
    if event.need_rescan() {
        return rescan_all(queue);
    }
    let complete = matches!(
        event.kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(RenameMode::To))
    );
    let made = matches!(
        event.kind,
        EventKind::Create(CreateKind::Folder | CreateKind::File | CreateKind::Any)
    );
    if !(complete || made) {
        return;
    }
    for path in &event.paths {
        if let Ok(below) = path.strip_prefix(&incoming.absolute) {
            queue.change(|pending| {
                pending.incoming = true;
                if complete && pending.closed.len() < CLOSED_MOST {
                    pending.closed.insert(incoming.given.join(below));
                }
            });
        } else if complete && path.file_name().is_some_and(|name| name == config::FILE_NAME) {
            queue.change(|pending| pending.config = true);
        }
    }
}

fn rescan_all(queue: &EventQueue) {
    queue.change(|pending| {
        pending.incoming = true;
        pending.config = true;
    });
}

#[cfg(test)]
mod tests {
    use notify::event::Flag;

    use super::*;

    fn folder() -> IncomingFolder {
        IncomingFolder {
            absolute: PathBuf::from("/a/incoming"),
            given: PathBuf::from("./incoming"),
        }
    }

    fn heard(kind: EventKind, path: &str) -> PendingEvents {
        let queue = EventQueue::default();
        let event = Event::new(kind).add_path(PathBuf::from(path));
        take(&event, &folder(), &queue);
        queue.wait(Instant::now())
    }

    #[test]
    fn a_file_counts_when_its_close_or_its_rename_is_seen() {
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let moved = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        let made = EventKind::Create(CreateKind::File);
        // As the system tells it where the root is the working directory.
        let path = "/a/./incoming/stable/main/x.deb";
        let looked_at = Path::new("./incoming/stable/main/x.deb");
        assert!(heard(closed, path).closed.contains(looked_at));
        assert!(heard(moved, path).closed.contains(looked_at));
        let made = heard(made, path);
        assert!(made.incoming && made.closed.is_empty());
    }

    #[test]
    fn the_configuration_counts_when_it_is_written_whole() {
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        assert!(heard(closed, "/a/repogen.toml").config);
        assert!(!heard(closed, "/a/catalog.db-wal").config);
        assert!(!heard(EventKind::Create(CreateKind::File), "/a/repogen.toml").config);
    }

    #[test]
    fn when_the_system_lost_count_everything_is_looked_at() {
        let queue = EventQueue::default();
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        take(&lost, &folder(), &queue);
        let pending = queue.wait(Instant::now());
        assert!(pending.incoming && pending.config);
    }
}
