//! The one way from async to blocking code.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::problem::{Code, Problem};

/// How long a request waits for a thread before the server calls itself busy. With the time that a writer then waits for the catalog, it is
/// less than the minute after which proxies give up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Threads for each core: most of their time they wait for the disk.
const PER_CORE: usize = 8;

/// A bounded number of threads that may wait.
#[derive(Clone)]
pub(crate) struct BlockingThreads(Arc<Semaphore>);

impl BlockingThreads {
    /// Returns as many as suit this machine.
    pub(crate) fn new() -> Self {
        // Where the system does not tell, one core is the least that there can be.
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self(Arc::new(Semaphore::new(PER_CORE * cores)))
    }

    /// Says whether none of them is free.
    pub(crate) fn are_all_taken(&self) -> bool {
        self.0.available_permits() == 0
    }

    /// Runs `work` on one of them. It runs to its end also when nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = match tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            _ => return Err(Problem::new(Code::Unavailable, "the server is busy: try again")),
        };
        let span = tracing::Span::current();
        let worked = tokio::task::spawn_blocking(move || {
            // It goes along: the work goes on also when the client has gone.
            let _permit = permit;
            span.in_scope(work)
        });
        worked.await.map_err(|error| Problem::internal(&error))?
    }
}
