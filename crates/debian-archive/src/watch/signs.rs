//! What the watching thread hears, from the system and from whoever started it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::config;

/// How many files whose close was seen are remembered between two looks. Further ones are found by looking.
const CLOSED_MOST: usize = 65_536;

/// What was heard since the last look.
#[derive(Debug, Default)]
pub(super) struct Heard {
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

/// Collects what is heard and wakes the thread that waits for it.
#[derive(Debug, Default)]
pub(super) struct Signs {
    heard: Mutex<Heard>,
    wake: Condvar,
}

impl Signs {
    pub(super) fn change(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_all();
    }

    /// Waits for something to be heard, until `until` at most, and returns it. A wish to stop stays.
    pub(super) fn wait(&self, until: Instant) -> Heard {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        while !(heard.stop || heard.reload || heard.config || heard.incoming) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            heard = self
                .wake
                .wait_timeout(heard, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let stop = heard.stop;
        std::mem::replace(
            &mut heard,
            Heard {
                stop,
                ..Heard::default()
            },
        )
    }

    /// Says whether it is to stop.
    pub(super) fn stopped(&self) -> bool {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).stop
    }
}

/// Has the system tell of changes in folders.
pub(super) struct Ears(RecommendedWatcher);

impl Ears {
    /// Listens at the root, for its configuration.
    pub(super) fn new(root: &Path, signs: Arc<Signs>) -> notify::Result<Self> {
        let folder = super::incoming_folder(root);
        // The system tells of absolute paths.
        let incoming = Folder {
            absolute: std::path::absolute(&folder).map_err(notify::Error::io)?,
            given: folder,
        };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| match event {
            Ok(event) => hear(&event, &incoming, &signs),
            // What was lost may have been about anything.
            Err(_) => hear_all(&signs),
        })?;
        watcher.watch(root, RecursiveMode::NonRecursive)?;
        Ok(Self(watcher))
    }

    /// Listens in one more folder. To ask for the same one again does no harm, and is needed when it was made anew.
    pub(super) fn listen(&mut self, folder: &Path) -> notify::Result<()> {
        self.0.watch(folder, RecursiveMode::NonRecursive)
    }
}

/// The folder for dropped packages, as it is told of and as it is looked at.
struct Folder {
    absolute: PathBuf,
    given: PathBuf,
}

fn hear(event: &Event, incoming: &Folder, signs: &Signs) {
    if event.need_rescan() {
        return hear_all(signs);
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
            signs.change(|heard| {
                heard.incoming = true;
                if complete && heard.closed.len() < CLOSED_MOST {
                    heard.closed.insert(incoming.given.join(below));
                }
            });
        } else if complete && path.file_name().is_some_and(|name| name == config::FILE_NAME) {
            signs.change(|heard| heard.config = true);
        }
    }
}

fn hear_all(signs: &Signs) {
    signs.change(|heard| {
        heard.incoming = true;
        heard.config = true;
    });
}

#[cfg(test)]
mod tests {
    use notify::event::Flag;

    use super::*;

    fn folder() -> Folder {
        Folder {
            absolute: PathBuf::from("/a/incoming"),
            given: PathBuf::from("./incoming"),
        }
    }

    fn heard(kind: EventKind, path: &str) -> Heard {
        let signs = Signs::default();
        let event = Event::new(kind).add_path(PathBuf::from(path));
        hear(&event, &folder(), &signs);
        signs.wait(Instant::now())
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
        let signs = Signs::default();
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        hear(&lost, &folder(), &signs);
        let heard = signs.wait(Instant::now());
        assert!(heard.incoming && heard.config);
    }
}
