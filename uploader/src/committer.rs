//! Group commit: uploads that are complete become packages, many at a time.
//!
//! One thread takes whatever is queued and commits it as one batch, which shares its folder syncs and its catalog transaction. While one
//! batch is committed, the next one gathers: the busier the server, the larger the batches, and a lone upload waits for no timer.
//!
//! An upload is answered only after the transaction of its batch: success means that the package is durable. A batch that fails as a
//! whole is retried set by set, so that one bad upload fails alone. Rights are checked twice: when the batch begins, and by the catalog
//! within the transaction, since a token may be revoked in between.

use std::sync::Arc;

use archive_catalog::{Conflict, PlacementOutcome};
use debian_archive::archive::Archive;
use debian_archive::config::Suite;
use debian_archive::error_text::with_causes;
use debian_archive::ingest::{IngestError, StagedPackage, SuiteComponent};
use debian_control::name::{Component, SuiteName};
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

use crate::caller::{Caller, CheckedCredentials};
use crate::clock::now;
use crate::problem::{Code, Problem};
use crate::publication_tracker::PublicationTracker;
use crate::search_index::SearchIndexer;

/// How many sets are queued at most. Further requests wait for a place in the queue: their files are on disk already, so what they hold
/// meanwhile is a connection and a slot for uploads.
const QUEUE: usize = 256;
/// How many sets share a transaction at most. It bounds how long the catalog is locked, and what has to be repeated if a batch fails.
const BATCH: usize = 128;

/// Packages on their way in: all of them, or none.
pub(crate) struct UploadSet {
    pub(crate) set: Vec<StagedPackage>,
    /// Codename.
    pub(crate) suite: SuiteName,
    pub(crate) component: Component,
    /// Whose rights count, as they are when it is committed.
    pub(crate) caller: Caller,
}

type CommitAnswer = Result<Vec<PlacementOutcome>, Problem>;
/// What the archive says of a set.
type SetOutcome = Result<Vec<PlacementOutcome>, IngestError>;

struct QueuedSet {
    ready: UploadSet,
    answer: ReplyChannel,
}

/// The way back to a request.
struct ReplyChannel {
    answer: oneshot::Sender<CommitAnswer>,
    /// The request's, so that what is logged of it here has its id.
    span: Span,
}

impl ReplyChannel {
    /// Answers with what `outcome` returns; what it logs belongs to the request.
    fn send(self, outcome: impl FnOnce() -> CommitAnswer) {
        let Self { answer, span } = self;
        // The client may have disconnected; its package is stored all the same.
        let _ = answer.send(span.in_scope(outcome));
    }
}

/// The way to the committing thread.
pub(crate) struct Committer(mpsc::Sender<QueuedSet>);

impl Committer {
    /// Starts the thread, and that of the search index. It ends when this is dropped, after what waits then.
    pub(crate) fn start(publications: Arc<PublicationTracker>) -> std::io::Result<Self> {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        let search_index = SearchIndexer::start(publications.clone())?;
        std::thread::Builder::new()
            .name("committer".into())
            .spawn(move || {
                let mut batch = Vec::with_capacity(BATCH);
                while receiver.blocking_recv_many(&mut batch, BATCH) > 0 {
                    let archive = publications.archive();
                    commit(&archive, std::mem::take(&mut batch));
                    publications.changed();
                    search_index.wake();
                }
            })?;
        Ok(Self(sender))
    }

    /// Commits a set of packages, with others that come at the same time.
    pub(crate) async fn commit(&self, ready: UploadSet) -> CommitAnswer {
        let (answer, answered) = oneshot::channel();
        let answer = ReplyChannel {
            answer,
            span: Span::current(),
        };
        let gone = |_| Problem::new(Code::Unavailable, "the server is shutting down");
        self.0
            .send(QueuedSet { ready, answer })
            .await
            .map_err(|error| gone(error.to_string()))?;
        answered.await.map_err(|error| gone(error.to_string()))?
    }
}

/// A set whose rights were checked a moment ago.
struct AuthorizedSet<'a> {
    set: Vec<(StagedPackage, SuiteComponent<'a>)>,
    suite: &'a Suite,
    caller: Caller,
    answer: ReplyChannel,
}

fn commit(archive: &Archive, batch: Vec<QueuedSet>) {
    metrics::histogram!("commit_batch_size").record(u32::try_from(batch.len()).expect("a batch is bounded"));
    place_all(archive, check_all(archive, batch));
}

/// Answers the sets that may not go in any more, and returns the others.
fn check_all(archive: &Archive, batch: Vec<QueuedSet>) -> Vec<AuthorizedSet<'_>> {
    let mut checked = Vec::with_capacity(batch.len());
    let mut credentials = CheckedCredentials::default();
    for QueuedSet { ready, answer } in batch {
        match answer.span.in_scope(|| check(archive, ready, &mut credentials)) {
            Ok((set, suite, caller)) => checked.push(AuthorizedSet {
                set,
                suite,
                caller,
                answer,
            }),
            Err(problem) => answer.send(|| Err(problem)),
        }
    }
    checked
}

type AuthorizedParts<'a> = (Vec<(StagedPackage, SuiteComponent<'a>)>, &'a Suite, Caller);

/// Checks a set against the configuration and the rights as they are now; the request was checked when it began.
fn check<'a>(
    archive: &'a Archive,
    ready: UploadSet,
    credentials: &mut CheckedCredentials,
) -> Result<AuthorizedParts<'a>, Problem> {
    let missing = || Problem::no_such_suite(ready.suite.as_str());
    let suite = archive.config().suite(ready.suite.as_str()).ok_or_else(missing)?;
    let component = suite.components.iter().find(|found| **found == ready.component);
    let component = component.ok_or_else(|| Problem::no_such_component(suite, ready.component.as_str()))?;
    let place = SuiteComponent { suite, component };
    let mut set: Vec<_> = ready.set.into_iter().map(|staged| (staged, place)).collect();
    let caller = ready.caller.again_among(archive, credentials)?;
    authorize(suite, &caller, &mut set)?;
    Ok((set, suite, ready.caller))
}

/// Checks the rights of a caller to a set, as the catalog said just now. Its placement rests on them: the catalog refuses it should
/// they end before its transaction begins.
fn authorize(
    suite: &Suite,
    caller: &Caller,
    set: &mut [(StagedPackage, SuiteComponent<'_>)],
) -> Result<(), Problem> {
    caller.uploads(suite, None)?;
    for (staged, _) in set {
        caller.uploads(suite, Some(&staged.content().name))?;
        staged.set_sender(caller.actor().clone());
    }
    Ok(())
}

/// Commits sets as one batch and answers each.
fn place_all(archive: &Archive, mut sets: Vec<AuthorizedSet<'_>>) {
    if sets.is_empty() {
        return;
    }
    let slices: Vec<&[(StagedPackage, SuiteComponent<'_>)]> =
        sets.iter().map(|one| one.set.as_slice()).collect();
    match archive.commit_sets(&slices, now()) {
        Ok(outcomes) => answer_all(archive, sets, outcomes),
        // The failure of one set may have failed all. On its own, each fails or succeeds for itself.
        Err(error) if sets.len() > 1 => {
            tracing::warn!(error = %with_causes(&error), "a batch failed: its uploads are retried one by one");
            for one in sets {
                place_all(archive, vec![one]);
            }
        }
        Err(error) => {
            let one = sets.pop().expect("an empty batch is not committed");
            one.answer.send(|| Err(error.into()));
        }
    }
}

/// Gives each set its answer.
///
/// A set that the catalog did not answer for may not be there: nobody is told that it is.
fn answer_all(archive: &Archive, sets: Vec<AuthorizedSet<'_>>, outcomes: Vec<SetOutcome>) {
    let mut outcomes = outcomes.into_iter();
    for one in sets {
        match outcomes.next() {
            Some(Err(IngestError::Conflict(conflict))) if *conflict == Conflict::AuthorityEnded => {
                place_again(archive, one);
            }
            Some(outcome) => one.answer.send(|| outcome.map_err(Problem::from)),
            None => one.answer.send(|| Err(unanswered())),
        }
    }
}

/// Has another try with a set whose account or credential changed between the check and the transaction: most often it is told
/// that its rights ended, and where something else changed, such as an e-mail address, it goes in.
fn place_again(archive: &Archive, one: AuthorizedSet<'_>) {
    let AuthorizedSet {
        mut set,
        suite,
        caller,
        answer,
    } = one;
    answer.send(|| {
        authorize(suite, &caller.again(archive)?, &mut set)?;
        let outcome = archive.commit_sets(&[&set], now())?.pop();
        outcome.ok_or_else(unanswered)?.map_err(Problem::from)
    });
}

/// Returns what is said of a set that the catalog did not answer for.
fn unanswered() -> Problem {
    tracing::error!("the catalog gave no answer for an upload");
    Problem::failed()
}

#[cfg(test)]
mod tests;
