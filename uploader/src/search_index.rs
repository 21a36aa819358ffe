//! Keeps filters and search up to the packages, apart from those who upload and those who read.
//!
//! A search that misses the newest packages for a moment costs less than an upload, or a first page after thousands of packages have
//! come in by `repogen add`, that waits for them to be indexed.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use debian_archive::error_text::with_causes;

use crate::publication_tracker::PublicationTracker;

/// The way to the indexing thread.
pub(crate) struct SearchIndexer(SyncSender<()>);

impl SearchIndexer {
    /// Starts the thread, which first takes in what came while no server ran. It ends when this is dropped.
    pub(crate) fn start(publications: Arc<PublicationTracker>) -> std::io::Result<Self> {
        // One place: a call that finds it taken is answered by what waits there.
        let (sender, calls) = sync_channel(1);
        std::thread::Builder::new()
            .name("search-index".into())
            .spawn(move || follow(&publications, &calls))?;
        Ok(Self(sender))
    }

    /// Says that there are new packages.
    pub(crate) fn wake(&self) {
        let _ = self.0.try_send(());
    }
}

fn follow(publications: &PublicationTracker, calls: &Receiver<()>) {
    loop {
        if let Err(error) = publications.archive().listing().refresh() {
            tracing::error!(error = %with_causes(&error), "cannot update the search index");
        }
        if calls.recv().is_err() {
            return;
        }
    }
}
