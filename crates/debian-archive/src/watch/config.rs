//! Reading `repogen.toml` again while a program runs.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use super::event_queue::{EventQueue, FsWatcher, PendingEvents};
use super::folders::LOOK_EVERY;
use crate::archive::{Archive, OpenError};
use crate::config;
use crate::location::ArchiveLocation;

/// Detects changes of an archive's configuration, and opens the archive with it.
#[derive(Debug)]
pub struct Reloader {
    location: ArchiveLocation,
    seen: ConfigStamp,
}

impl Reloader {
    /// Starts from the present state of the configuration; anything written later is a change.
    pub fn new(location: &ArchiveLocation) -> Self {
        Self {
            location: location.clone(),
            seen: ConfigStamp::of(&location.home),
        }
    }

    /// Returns whether to reload: the file changed since the last call, or a reload was requested.
    pub(super) fn is_due(&mut self, pending: &PendingEvents, look: bool) -> bool {
        if !(pending.reload || pending.config || look) {
            return false;
        }
        // Before it is read: what is written meanwhile is another change.
        let stamp = ConfigStamp::of(&self.location.home);
        let due = stamp != self.seen || pending.reload;
        self.seen = stamp;
        due
    }

    /// Opens the archive with its configuration as it is now.
    pub(super) fn open(&self) -> Result<Arc<Archive>, OpenError> {
        Archive::open(&self.location).map(Arc::new)
    }
}

/// What a [`ConfigWatch`] reports.
#[derive(Debug)]
pub enum ConfigEvent {
    /// The configuration was read again: the archive with it.
    Read(Arc<Archive>),
    /// It cannot be used as it is.
    Failed(OpenError),
    /// The system does not notify of changes; they are found by polling.
    NotWatching(notify::Error),
}

/// A thread that opens an archive again when its `repogen.toml` changes. Dropped, it stops.
///
/// For programs that publish and take no dropped files; a [`Watch`](super::Watch) does it by itself.
pub struct ConfigWatch {
    events: Arc<EventQueue>,
    thread: Option<JoinHandle<()>>,
}

impl ConfigWatch {
    /// Starts it. `report` is called on its thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(mut reloader: Reloader, report: impl Fn(ConfigEvent) + Send + 'static) -> io::Result<Self> {
        let events = Arc::new(EventQueue::default());
        let heard_by = events.clone();
        let thread = std::thread::Builder::new().name("config".into()).spawn(move || {
            let watcher = FsWatcher::new(&reloader.location.home, heard_by.clone());
            let _ears = watcher.map_err(|error| report(ConfigEvent::NotWatching(error)));
            // What changed before anything could be pending is found at once.
            let mut next_look = Instant::now();
            loop {
                let pending = heard_by.wait(next_look);
                if pending.stop {
                    return;
                }
                let look = Instant::now() >= next_look;
                if reloader.is_due(&pending, look) {
                    report(match reloader.open() {
                        Ok(archive) => ConfigEvent::Read(archive),
                        Err(error) => ConfigEvent::Failed(error),
                    });
                }
                next_look = Instant::now() + LOOK_EVERY;
            }
        })?;
        Ok(Self {
            events,
            thread: Some(thread),
        })
    }

    /// Asks it to read the configuration again, whether or not it changed.
    pub fn reload(&self) {
        self.events.change(|pending| pending.reload = true);
    }
}

impl Drop for ConfigWatch {
    fn drop(&mut self) {
        self.events.change(|pending| pending.stop = true);
        if let Some(thread) = self.thread.take() {
            // A panic was printed by its own thread.
            let _ = thread.join();
        }
    }
}

/// Identifies one state of `repogen.toml`; `None` while the file is missing.
#[derive(Debug, PartialEq, Eq)]
struct ConfigStamp(Option<(u64, u64, i64, i64)>);

impl ConfigStamp {
    fn of(root: &Path) -> Self {
        let found = std::fs::metadata(root.join(config::FILE_NAME)).ok();
        Self(found.map(|found| (found.ino(), found.size(), found.ctime(), found.ctime_nsec())))
    }
}
