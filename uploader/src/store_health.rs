//! Whether the store of the archive's files answers: looked at when somebody asks, and then not again for a moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use debian_archive::archive::Archive;
use debian_archive::error_text::with_causes;
use debian_archive::ingest::IngestError;
use tokio::sync::Mutex;

use crate::problem::Problem;
use crate::threads::BlockingThreads;

/// How long an answer counts: probes come from several places, and in a bucket each look is a request that costs.
const KEPT: Duration = Duration::from_secs(5);
/// How long the store may take. A probe that waits for longer is given up by whoever sent it.
const PATIENCE: Duration = Duration::from_secs(3);
/// A small file that a published archive has.
const LOOKED_AT: &str = "repository.json";

/// What the last look found.
#[derive(Default)]
pub(crate) struct StoreHealth(Mutex<Option<(Instant, bool)>>);

impl StoreHealth {
    /// Says whether the store answers. Whoever asks while another looks waits for what that one finds.
    pub(crate) async fn answers(&self, readers: &BlockingThreads, archive: &Arc<Archive>) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, answers)) = *last
            && at.elapsed() < KEPT
        {
            return answers;
        }
        let archive = archive.clone();
        let look = readers.run(move || {
            look(&archive).map_err(|error| {
                tracing::warn!(error = %with_causes(&error), "cannot use the store of the files");
                Problem::failed()
            })
        });
        let answers = matches!(tokio::time::timeout(PATIENCE, look).await, Ok(Ok(_)));
        *last = Some((Instant::now(), answers));
        answers
    }
}

/// Looks at the store; an error where it does not answer, or is not this archive's.
fn look(archive: &Archive) -> Result<(), IngestError> {
    if archive.files().head(LOOKED_AT)?.is_none() {
        // Of a bucket that does not exist, each object is merely missing.
        archive.files().names("")?;
    }
    match archive.other_store() {
        Ok(Some(other)) => Err(IngestError::OtherArchive(other)),
        // Whether the catalog answers is asked elsewhere.
        Ok(None) | Err(IngestError::Catalog(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
