//! How far it is with files that are brought elsewhere, for whoever waits for it.

use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is done with the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransferStage {
    /// They are written there.
    #[default]
    Copying,
    /// They are read here and there.
    Comparing,
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransferCounts {
    /// The stage.
    pub stage: TransferStage,
    /// Files that are done.
    pub files: u64,
    /// Files that are to be done, as far as is known.
    pub files_in_all: u64,
    /// Bytes that are done, also those of files that are not.
    pub bytes: u64,
    /// Bytes that are to be done, as far as is known.
    pub bytes_in_all: u64,
}

/// How far a transfer is: counted by those who do it, and read at any time by who shows it.
#[derive(Debug, Default)]
pub struct TransferProgress(Mutex<TransferCounts>);

impl TransferProgress {
    /// Returns how far it is.
    pub fn counts(&self) -> TransferCounts {
        *self.lock()
    }

    /// Begins a stage, of which nothing is done or known yet.
    pub(crate) fn begin(&self, stage: TransferStage) {
        *self.lock() = TransferCounts {
            stage,
            ..TransferCounts::default()
        };
    }

    /// Says that files of these sizes are to be done besides.
    pub(crate) fn expect(&self, sizes: impl IntoIterator<Item = u64>) {
        let mut counts = self.lock();
        for size in sizes {
            counts.files_in_all += 1;
            counts.bytes_in_all = counts.bytes_in_all.saturating_add(size);
        }
    }

    /// Says that a file is done whose bytes were counted.
    pub(crate) fn file_done(&self) {
        self.lock().files += 1;
    }

    /// Says that a file of this size is done whose bytes were not counted.
    pub(crate) fn file_of(&self, size: u64) {
        let mut counts = self.lock();
        counts.files += 1;
        counts.bytes = counts.bytes.saturating_add(size);
    }

    /// Counts the bytes that are read from `content`.
    pub(crate) fn counted<'a, R: Read + 'a>(&'a self, content: R) -> impl Read + 'a {
        Counted {
            content,
            progress: self,
        }
    }

    fn lock(&self) -> MutexGuard<'_, TransferCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Counted<'a, R> {
    content: R,
    progress: &'a TransferProgress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.progress.lock().bytes += read as u64;
        Ok(read)
    }
}
