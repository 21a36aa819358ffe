//! Whether a dropped file is complete.
//!
//! A file that was seen to be closed or renamed to its name is complete. Without such an event (the file was there before
//! the watch, or lies on a network file system), the file has to stand still: for a moment before it is tried, when it
//! is taken if it reads well, and for a minute before it counts as broken. So a half-written file is never refused for
//! being looked at too early.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a file must not change before it is tried.
pub(super) const SETTLE: Duration = Duration::from_secs(2);
/// How long a file that cannot be parsed must not change before it is rejected.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// One state of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl FileStamp {
    pub(super) fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
        }
    }
}

/// What to do about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stability {
    /// It is complete: take or refuse it.
    Complete,
    /// It has not changed for a while: add it if it can be parsed.
    Try,
    /// IncomingScan again later.
    Wait,
}

#[derive(Debug)]
struct SeenFile {
    stat: FileStamp,
    since: Instant,
    closed: bool,
    /// It did not read well in this state.
    tried: bool,
    /// Nothing more is to be done about it in this state.
    done: bool,
}

/// What is known of the files in the folder.
#[derive(Debug, Default)]
pub(super) struct StabilityTracker(HashMap<PathBuf, SeenFile>);

impl StabilityTracker {
    /// Records one scan of a file, and returns what to do about it. `closed`: its close was seen since the last scan.
    pub(super) fn look(&mut self, path: &Path, stat: FileStamp, closed: bool, now: Instant) -> Stability {
        let fresh = SeenFile {
            stat,
            since: now,
            closed,
            tried: false,
            done: false,
        };
        let seen = self.0.entry(path.to_owned()).or_insert(fresh);
        if seen.stat != stat {
            *seen = SeenFile {
                stat,
                since: now,
                closed,
                tried: false,
                done: false,
            };
        }
        seen.closed |= closed;
        let still = now.saturating_duration_since(seen.since);
        match () {
            () if seen.done => Stability::Wait,
            () if seen.closed || still >= PATIENCE => Stability::Complete,
            () if still >= SETTLE && !seen.tried => Stability::Try,
            () => Stability::Wait,
        }
    }

    /// Records that a file could not be parsed: it may be half-written.
    pub(super) fn unread(&mut self, path: &Path) {
        if let Some(seen) = self.0.get_mut(path) {
            seen.tried = true;
        }
    }

    /// Notes that nothing is to be done about a file until it changes.
    pub(super) fn done(&mut self, path: &Path) {
        if let Some(seen) = self.0.get_mut(path) {
            seen.done = true;
        }
    }

    /// Forgets the files that are no longer there.
    pub(super) fn keep(&mut self, there: &HashSet<&Path>) {
        self.0.retain(|path, _| there.contains(path.as_path()));
    }

    /// Returns whether a file is still to be decided on.
    pub(super) fn undecided(&self) -> bool {
        self.0.values().any(|seen| !seen.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(size: u64) -> FileStamp {
        FileStamp {
            device: 1,
            inode: 2,
            size,
            modified: (3, 4),
        }
    }

    #[test]
    fn a_file_whose_close_was_seen_is_complete() {
        let (mut tracker, now, path) = (StabilityTracker::default(), Instant::now(), Path::new("x.deb"));
        assert_eq!(tracker.look(path, stat(1), false, now), Stability::Wait);
        assert_eq!(tracker.look(path, stat(1), true, now), Stability::Complete);
        assert_eq!(tracker.look(path, stat(1), false, now), Stability::Complete);
    }

    #[test]
    fn a_file_that_grows_after_its_close_is_not() {
        let (mut tracker, now, path) = (StabilityTracker::default(), Instant::now(), Path::new("x.deb"));
        assert_eq!(tracker.look(path, stat(1), true, now), Stability::Complete);
        assert_eq!(tracker.look(path, stat(2), false, now), Stability::Wait);
    }

    #[test]
    fn a_file_that_stands_still_is_tried_once_and_then_given_time() {
        let (mut tracker, now, path) = (StabilityTracker::default(), Instant::now(), Path::new("x.deb"));
        assert_eq!(tracker.look(path, stat(1), false, now), Stability::Wait);
        assert_eq!(tracker.look(path, stat(1), false, now + SETTLE), Stability::Try);
        tracker.unread(path);
        assert_eq!(
            tracker.look(path, stat(1), false, now + SETTLE * 2),
            Stability::Wait
        );
        assert_eq!(
            tracker.look(path, stat(9), false, now + SETTLE * 3),
            Stability::Wait
        );
        assert_eq!(
            tracker.look(path, stat(9), false, now + SETTLE * 4),
            Stability::Try
        );
        tracker.unread(path);
        let late = now + SETTLE * 3 + PATIENCE;
        assert_eq!(tracker.look(path, stat(9), false, late), Stability::Complete);
    }

    #[test]
    fn a_file_that_cannot_be_taken_away_is_not_taken_again_until_it_changes() {
        let (mut tracker, now, path) = (StabilityTracker::default(), Instant::now(), Path::new("x.deb"));
        tracker.look(path, stat(1), true, now);
        tracker.done(path);
        assert!(!tracker.undecided());
        assert_eq!(
            tracker.look(path, stat(1), false, now + PATIENCE),
            Stability::Wait
        );
        assert_eq!(tracker.look(path, stat(2), true, now), Stability::Complete);
    }
}
