//! Compresses chunks on all cores, with a bound on how many wait.
//!
//! Started by the chunker for one index. A chunk is in the cache when [`Workers::finish`] returns, or that is an error.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};

use debian_control::digest::Sha256;

use crate::cache::ChunkCache;
use crate::compress::CompressedChunk;
use crate::form::Form;

/// Threads that compress the chunks they are given and keep them in the cache.
///
/// The forms of one chunk are made side by side, so that a single one takes as long as its slowest form.
pub(super) struct Workers<'scope> {
    sender: SyncSender<(Arc<CompressionJob>, Form)>,
    forms: &'scope [Form],
    threads: Vec<ScopedJoinHandle<'scope, io::Result<()>>>,
}

struct CompressionJob {
    digest: Sha256,
    plain: Vec<u8>,
    done: Mutex<BTreeMap<Form, CompressedChunk>>,
}

impl<'scope> Workers<'scope> {
    /// Starts the threads.
    pub(super) fn start<'env>(scope: &'scope Scope<'scope, 'env>, cache: &'env ChunkCache) -> Self {
        let count = thread::available_parallelism().map_or(1, |count| count.get());
        let (sender, receiver) = sync_channel(count * cache.forms().len());
        let receiver = Arc::new(Mutex::new(receiver));
        let threads = (0..count)
            .map(|_| {
                let receiver = Arc::clone(&receiver);
                scope.spawn(move || work(&receiver, cache))
            })
            .collect();
        Self {
            sender,
            forms: cache.forms(),
            threads,
        }
    }

    /// Gives them a chunk; waits while they have enough to do.
    pub(super) fn compress(&self, digest: Sha256, plain: Vec<u8>) {
        let job = Arc::new(CompressionJob {
            digest,
            plain,
            done: Mutex::default(),
        });
        for form in self.forms {
            // Nobody listens any more once every thread has failed; `finish` says why.
            let _ = self.sender.send((Arc::clone(&job), *form));
        }
    }

    /// Waits until all is done.
    pub(super) fn finish(self) -> io::Result<()> {
        drop(self.sender);
        for thread in self.threads {
            thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a compressing thread panicked")))?;
        }
        Ok(())
    }
}

fn work(receiver: &Mutex<Receiver<(Arc<CompressionJob>, Form)>>, cache: &ChunkCache) -> io::Result<()> {
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((job, form)) = next else { return Ok(()) };
        let packed = form.compress(&job.plain)?;
        let finished = {
            let mut done = job.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.insert(form, packed);
            (done.len() == cache.forms().len()).then(|| std::mem::take(&mut *done))
        };
        if let Some(packed) = finished {
            cache.store(&job.digest, &job.plain, &packed)?;
        }
    }
}
