//! The upload queue: files that wait for their `.changes` file.
//!
//! A set is what one account put for one suite. A file is known by its name and its digest, so that two uploads with
//! files of one name do not come between each other: each `.changes` file takes what it names. The files lie on disk
//! with the staged ones; what is known of them is in memory, and both are gone with the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archive_catalog::accounts::Id;
use debian_archive::ingest::QueuedFile;
use debian_control::changes::{ChangesFile, FileName};
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use tokio::sync::OwnedMutexGuard;

use crate::problem::{Code, Problem};

/// How long a file waits, in seconds.
const PATIENCE: i64 = 3600;

/// Whose set it is, and for which suite (codename).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueKey {
    pub(crate) account: Id,
    /// The token that put it; `None`: a sign-in. One token's `.changes` file takes nothing that another one put.
    pub(crate) token: Option<Id>,
    pub(crate) suite: SuiteName,
}

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueueBounds {
    /// Sets of one account.
    pub(crate) sets: usize,
    /// Files of one account.
    pub(crate) files: usize,
    /// Bytes of one account.
    pub(crate) bytes: u64,
    /// Files of all accounts.
    pub(crate) all_files: usize,
}

impl QueueBounds {
    /// Returns the bounds of a server that takes packages of so many bytes.
    pub(crate) fn of(max_upload_bytes: u64) -> Self {
        Self {
            sets: 16,
            files: 1024,
            bytes: max_upload_bytes.saturating_mul(4),
            all_files: 16_384,
        }
    }
}

/// How much waits.
pub(crate) struct Waiting {
    pub(crate) files: usize,
    /// How long the oldest file waits; 0: none does.
    pub(crate) oldest_seconds: i64,
}

/// The sets that are not finished.
pub(crate) struct Queue {
    bounds: QueueBounds,
    sets: Mutex<BTreeMap<QueueKey, FileSet>>,
}

#[derive(Default)]
struct FileSet {
    files: Vec<QueueEntry>,
    /// Held by the `.changes` file that is being worked on.
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct QueueEntry {
    name: FileName,
    file: QueuedFile,
    since: i64,
}

impl QueueEntry {
    fn is(&self, name: &FileName, sha256: &Sha256) -> bool {
        self.name == *name && self.file.sha256() == *sha256
    }
}

/// A file of a set as its `.changes` file names it, taken out of the queue.
pub(crate) struct QueueMember {
    pub(crate) listed: ChangesFile,
    /// `None`: it does not wait.
    pub(crate) file: Option<QueuedFile>,
    /// Whether a file of this name with other bytes waits, for the words of a refusal.
    pub(crate) other_bytes: bool,
}

impl Queue {
    pub(crate) fn new(bounds: QueueBounds) -> Self {
        Self {
            bounds,
            sets: Mutex::default(),
        }
    }

    /// Checks that one more file of so many bytes may wait.
    pub(crate) fn check_room(&self, key: &QueueKey, size: u64) -> Result<(), Problem> {
        check_room(&self.lock(), self.bounds, key, size)
    }

    /// Has a file wait; the same file again begins its hour anew.
    pub(crate) fn put(
        &self,
        key: &QueueKey,
        name: FileName,
        file: QueuedFile,
        now: i64,
    ) -> Result<(), Problem> {
        let mut sets = self.lock();
        let known = sets.get_mut(key).and_then(|set| {
            set.files
                .iter_mut()
                .find(|waiting| waiting.is(&name, &file.sha256()))
        });
        if let Some(waiting) = known {
            waiting.since = now;
            return Ok(());
        }
        check_room(&sets, self.bounds, key, file.size())?;
        let set = sets.entry(key.clone()).or_default();
        set.files.push(QueueEntry {
            name,
            file,
            since: now,
        });
        Ok(())
    }

    /// Waits until no other `.changes` file works on the set.
    pub(crate) async fn turn(&self, key: &QueueKey) -> OwnedMutexGuard<()> {
        let turn = self.lock().entry(key.clone()).or_default().turn.clone();
        turn.lock_owned().await
    }

    /// Takes the files out that are listed and wait.
    pub(crate) fn take(&self, key: &QueueKey, listed: Vec<ChangesFile>) -> Vec<QueueMember> {
        let mut sets = self.lock();
        let mut none = Vec::new();
        let files = sets.get_mut(key).map_or(&mut none, |set| &mut set.files);
        listed
            .into_iter()
            .map(|listed| {
                let at = files
                    .iter()
                    .position(|waiting| waiting.is(&listed.name, &listed.sha256));
                QueueMember {
                    other_bytes: files.iter().any(|waiting| waiting.name == listed.name),
                    file: at.map(|at| files.swap_remove(at).file),
                    listed,
                }
            })
            .collect()
    }

    /// Puts back what was taken out for nothing, also where that is above a bound; its hour begins anew.
    pub(crate) fn put_back(
        &self,
        key: &QueueKey,
        members: impl IntoIterator<Item = (FileName, QueuedFile)>,
        now: i64,
    ) {
        let mut sets = self.lock();
        let set = sets.entry(key.clone()).or_default();
        for (name, file) in members {
            if !set.files.iter().any(|waiting| waiting.is(&name, &file.sha256())) {
                set.files.push(QueueEntry {
                    name,
                    file,
                    since: now,
                });
            }
        }
    }

    /// Lets go what has waited for too long, and the rest of sets that are done.
    pub(crate) fn sweep(&self, now: i64) {
        let mut gone = Vec::new();
        self.lock().retain(|_, set| {
            let (stay, go) = std::mem::take(&mut set.files)
                .into_iter()
                .partition(|waiting| now - waiting.since < PATIENCE);
            set.files = stay;
            gone.push(go);
            // Somebody who holds the turn, or waits for it, holds it too.
            !set.files.is_empty() || Arc::strong_count(&set.turn) > 1
        });
        // Their files are deleted here, with the lock let go.
        drop::<Vec<Vec<QueueEntry>>>(gone);
    }

    /// Returns how much waits, at `now`.
    pub(crate) fn waiting(&self, now: i64) -> Waiting {
        let sets = self.lock();
        let files = || sets.values().flat_map(|set| &set.files);
        Waiting {
            files: files().count(),
            oldest_seconds: files().map(|file| now - file.since).max().unwrap_or(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<QueueKey, FileSet>> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_room(
    sets: &BTreeMap<QueueKey, FileSet>,
    bounds: QueueBounds,
    key: &QueueKey,
    size: u64,
) -> Result<(), Problem> {
    let own = || sets.iter().filter(|(other, _)| other.account == key.account);
    let files = own().map(|(_, set)| set.files.len()).sum::<usize>();
    let bytes = own()
        .flat_map(|(_, set)| &set.files)
        .map(|waiting| waiting.file.size())
        .sum::<u64>();
    let full = if files >= bounds.files {
        format!("{files} files of this account are queued")
    } else if bytes.saturating_add(size) > bounds.bytes {
        format!(
            "{bytes} bytes of this account are queued, of at most {}",
            bounds.bytes
        )
    } else if !sets.contains_key(key) && own().count() >= bounds.sets {
        format!("this account has queued files for {} suites", bounds.sets)
    } else if sets.values().map(|set| set.files.len()).sum::<usize>() >= bounds.all_files {
        "the queue of the server is full".to_owned()
    } else {
        return Ok(());
    };
    let mut problem = Problem::new(
        Code::QueueFull,
        format!("{full}: complete pending uploads with their .changes files, or wait an hour"),
    );
    problem.retry_after = Some(60);
    Err(problem)
}

#[cfg(test)]
mod tests;
