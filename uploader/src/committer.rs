//! Uploads that are ready become packages, many at a time.
//!
//! One thread takes whatever waits and commits it as one batch: its folder syncs and its catalog transaction are
//! shared. While it is at one batch, the next one gathers; nobody waits for a timer.

use std::sync::Arc;

use archive_catalog::Placed;
use debian_archive::archive::Archive;
use debian_archive::error_text::with_causes;
use debian_archive::ingest::{Place, Staged};
use debian_control::name::{Component, SuiteName};
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

use crate::app::now;
use crate::caller::Caller;
use crate::live::Live;
use crate::problem::{Code, Problem};

/// How many uploads wait at most; the next ones wait to wait.
const QUEUE: usize = 256;
/// How many sets share a transaction at most.
const BATCH: usize = 128;

/// Packages on their way in: all of them, or none.
pub(crate) struct Ready {
    pub(crate) set: Vec<Staged>,
    /// Codename.
    pub(crate) suite: SuiteName,
    pub(crate) component: Component,
    /// Whose rights count, as they are when it is committed.
    pub(crate) caller: Caller,
}

impl Ready {
    fn is_allowed(&self, archive: &Archive) -> Result<(), Problem> {
        let missing = || Problem::no_such_suite(self.suite.as_str());
        let suite = archive.config().suite(self.suite.as_str()).ok_or_else(missing)?;
        let caller = self.caller.again(archive)?;
        caller.uploads(suite, None)?;
        self.set
            .iter()
            .try_for_each(|staged| caller.uploads(suite, Some(&staged.content().name)))
    }
}

type Answer = Result<Vec<Placed>, Problem>;

struct Waiting {
    ready: Ready,
    answer: Answering,
}

/// The way back to a request.
struct Answering {
    answer: oneshot::Sender<Answer>,
    /// The request's, so that what is logged of it here has its id.
    span: Span,
}

impl Answering {
    /// Answers with what `outcome` returns; what it logs belongs to the request.
    fn send(self, outcome: impl FnOnce() -> Answer) {
        let Self { answer, span } = self;
        // The client may have gone; its package stands all the same.
        let _ = answer.send(span.in_scope(outcome));
    }
}

/// The way to the committing thread.
pub(crate) struct Committer(mpsc::Sender<Waiting>);

impl Committer {
    /// Starts the thread. It ends when this is dropped, after what waits then.
    pub(crate) fn start(live: Arc<Live>) -> std::io::Result<Self> {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("committer".into())
            .spawn(move || {
                let mut batch = Vec::with_capacity(BATCH);
                while receiver.blocking_recv_many(&mut batch, BATCH) > 0 {
                    let archive = live.archive();
                    commit(&archive, std::mem::take(&mut batch));
                    live.changed();
                    // Search is behind the packages, and nobody's answer waits for it.
                    if let Err(error) = archive.listing().refresh() {
                        tracing::error!(error = %with_causes(&error), "search is not up to date");
                    }
                }
            })?;
        Ok(Self(sender))
    }

    /// Commits a set of packages, with others that come at the same time.
    pub(crate) async fn commit(&self, ready: Ready) -> Answer {
        let (answer, answered) = oneshot::channel();
        let answer = Answering {
            answer,
            span: Span::current(),
        };
        let gone = |_| Problem::new(Code::Unavailable, "the server is going down");
        self.0
            .send(Waiting { ready, answer })
            .await
            .map_err(|error| gone(error.to_string()))?;
        answered.await.map_err(|error| gone(error.to_string()))?
    }
}

/// A set, and where each of its packages goes.
type Set<'a> = Vec<(Staged, Place<'a>)>;

fn commit(archive: &Archive, batch: Vec<Waiting>) {
    metrics::histogram!("commit_batch_size").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
    let mut answers = Vec::with_capacity(batch.len());
    let (mut packages, mut places) = (Vec::new(), Vec::new());
    for Waiting { ready, answer } in batch {
        if let Err(problem) = answer.span.in_scope(|| ready.is_allowed(archive)) {
            answer.send(|| Err(problem));
            continue;
        }
        // The request was checked against the configuration as it was then.
        match archive.config().suite(ready.suite.as_str()) {
            Some(suite) => {
                answers.push(answer);
                packages.push(ready.set);
                places.push((suite, ready.component));
            }
            None => {
                answer.send(|| Err(Problem::no_such_suite(ready.suite.as_str())));
            }
        }
    }
    let sets: Vec<Set<'_>> = packages
        .into_iter()
        .zip(&places)
        .map(|(set, (suite, component))| {
            let place = Place { suite, component };
            set.into_iter().map(|staged| (staged, place)).collect()
        })
        .collect();
    let slices: Vec<&[(Staged, Place<'_>)]> = sets.iter().map(Vec::as_slice).collect();
    match archive.commit_sets(&slices, now()) {
        Ok(outcomes) => {
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                answer.send(|| outcome.map_err(Problem::from));
            }
        }
        // One of them may be to blame: each by itself.
        Err(error) if slices.len() > 1 => {
            tracing::warn!(error = %with_causes(&error), "a batch failed; its sets are tried one by one");
            for (answer, one) in answers.into_iter().zip(slices) {
                answer.send(|| commit_one(archive, one));
            }
        }
        Err(error) => {
            if let Some(answer) = answers.pop() {
                answer.send(|| Err(error.into()));
            }
        }
    }
}

fn commit_one(archive: &Archive, one: &[(Staged, Place<'_>)]) -> Answer {
    let mut outcomes = archive.commit_sets(&[one], now())?;
    let outcome = outcomes.pop().expect("one answer for each set");
    outcome.map_err(Problem::from)
}
