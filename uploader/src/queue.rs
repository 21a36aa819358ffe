//! The upload queue as requests use it: its bounds, its refusals, and claims that are renewed for as long as a request is at work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use archive_catalog::accounts::Id;
use archive_catalog::upload_queue::{
    CLAIM_SECONDS, ClaimedFile, QueueBounds, QueueClaim, QueueFull, QueueKey,
};
use debian_archive::error_text::with_causes;
use debian_control::changes::ChangesFile;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::problem::{Code, Problem};
use crate::secrets;

/// How often a claim is renewed: twice may fail.
const RENEW_EVERY: Duration = Duration::from_secs(CLAIM_SECONDS as u64 / 3);
/// How often files that another has claimed are asked for again.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// For how long: a claim whose holder has died ends within this time.
const PATIENCE: Duration = Duration::from_secs(2 * CLAIM_SECONDS as u64);

/// Returns the bounds of a server that takes packages of so many bytes.
pub(crate) fn bounds(max_upload_bytes: u64) -> QueueBounds {
    QueueBounds {
        sets: 16,
        files: 1024,
        bytes: max_upload_bytes.saturating_mul(4),
        all_files: 16_384,
    }
}

/// Returns what a client is told whose file has no room.
pub(crate) fn no_room(full: QueueFull) -> Problem {
    let mut problem = Problem::new(
        Code::QueueFull,
        format!("{full}: complete pending uploads with their .changes files, or wait an hour"),
    );
    problem.retry_after = Some(60);
    problem
}

/// A file of a set as its `.changes` file names it, and what waits of it.
pub(crate) struct QueueMember {
    pub(crate) listed: ChangesFile,
    pub(crate) claimed: ClaimedFile,
}

/// Files that nobody else makes packages of meanwhile.
///
/// They wait on if nothing more is done with them: when the request is given up, or its machine dies, the claim ends by itself.
pub(crate) struct Claim {
    id: Id,
    renewing: JoinHandle<()>,
}

impl Claim {
    /// Claims what is listed and waits; waits for another that has some of it.
    pub(crate) async fn take(
        app: &Arc<App>,
        key: &QueueKey,
        listed: Vec<ChangesFile>,
    ) -> Result<(Self, Vec<QueueMember>), Problem> {
        let id = secrets::new_id();
        let listed: Arc<[ChangesFile]> = listed.into();
        let until = Instant::now() + PATIENCE;
        let claimed = loop {
            let (key, listed, id) = (key.clone(), listed.clone(), id.clone());
            let answer = app
                .changing(move |app| Ok(app.archive.claim_queued(&key, &listed, &id)?))
                .await?;
            match answer {
                QueueClaim::Claimed(claimed) => break claimed,
                QueueClaim::Held if Instant::now() < until => tokio::time::sleep(ASK_EVERY).await,
                QueueClaim::Held => {
                    return Err(Problem::new(
                        Code::Unavailable,
                        "another request is making packages of these files: try again",
                    ));
                }
            }
        };
        let members = listed.iter().cloned().zip(claimed);
        let members = members.map(|(listed, claimed)| QueueMember { listed, claimed });
        let renewing = tokio::spawn(renew(app.clone(), id.clone()));
        Ok((Self { id, renewing }, members.collect()))
    }

    /// Gives the files back to the queue.
    pub(crate) async fn release(self, app: &Arc<App>, now: i64) -> Result<(), Problem> {
        let id = self.id.clone();
        app.changing(move |app| Ok(app.archive.release_queued(&id, now)?))
            .await
    }

    /// Takes the files out of the queue.
    pub(crate) async fn finish(self, app: &Arc<App>) -> Result<(), Problem> {
        let id = self.id.clone();
        app.changing(move |app| Ok(app.archive.finish_queued(&id)?)).await
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

async fn renew(app: Arc<App>, id: Id) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let id = id.clone();
        let renewed = app
            .changing(move |app| Ok(app.archive.renew_queue_claim(&id)?))
            .await;
        if let Err(problem) = renewed {
            tracing::warn!(detail = problem.detail, "a claim of queued files was not renewed");
        }
    }
}

/// Lets go what has waited for too long. Blocking.
pub(crate) fn sweep(app: &App, now: i64) {
    let archive = app.publications.archive();
    if let Err(error) = archive.sweep_queue(now) {
        tracing::error!(error = %with_causes(&error), "cannot sweep the upload queue");
    }
}
