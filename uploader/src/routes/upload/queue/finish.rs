//! The `.changes` file: from what waits to packages, all of them or none.

use std::sync::Arc;

use archive_catalog::PlacementOutcome;
use archive_catalog::upload_queue::{QueueKey, WaitingFile};
use axum::http::StatusCode;
use debian_archive::buildinfo::RecordName;
use debian_archive::ingest::{QueuedFile, StagedPackage};
use debian_control::changes::{Changes, FileName};
use debian_control::name::PackageName;

use super::file_kind::QueueFileKind;
use crate::app::App;
use crate::clock::now;
use crate::committer::UploadSet;
use crate::problem::{Code, Problem};
use crate::publication_tracker::Published;
use crate::queue::{Claim, QueueMember};
use crate::receive::ReceivedBody;
use crate::routes::upload::admission::Admitted;
use crate::routes::upload::params::Wait;
use crate::routes::upload::take::{status, success_text};

/// Makes packages of what a `.changes` file names.
pub(super) async fn finish(
    app: &Arc<App>,
    admitted: Admitted,
    (key, name): (QueueKey, FileName),
    (body, wait): (ReceivedBody, Option<Wait>),
) -> Result<(StatusCode, String), Problem> {
    let admitted = Arc::new(admitted);
    let by = admitted.clone();
    let changes = app
        .changing(move |app| {
            let received = body.finish(app)?;
            let changes = Changes::parse(&received.read()?)
                .map_err(|error| Problem::new(Code::InvalidChanges, format!("`{name}`: {error}")))?;
            check_rights(&by, &changes)?;
            Ok(changes)
        })
        .await?;
    let (source, names) = (
        changes.source,
        changes.files.iter().map(|file| file.name.clone()).collect(),
    );
    // Of two that name the same file, the second finds it placed.
    let (claim, members) = Claim::take(app, &key, changes.files).await?;
    let placed = match claimed_set(app, &admitted, source, members).await {
        Ok(set) => place(app, &admitted, set).await,
        // What is refused takes nothing away.
        Err(problem) => {
            claim.release(app, now()).await?;
            return Err(problem);
        }
    };
    match placed {
        // What failed here may be done again, by this machine or another; and what is vulnerable, or above a quota, an administrator may
        // have taken all the same.
        Err(problem)
            if problem.code.status().is_server_error()
                || matches!(problem.code, Code::Vulnerable | Code::QuotaExceeded) =>
        {
            // Where this fails, too, the claim ends by itself.
            let _ = claim.release(app, now()).await;
            Err(problem)
        }
        Err(problem) => {
            claim.finish(app).await?;
            Err(problem)
        }
        Ok(placed) => {
            // The packages stand. What could not be taken out of the queue goes with its time.
            let _ = claim.finish(app).await;
            answer(app, &admitted, (placed, names), wait).await
        }
    }
}

/// Checks the rights to what a `.changes` file names, before any of it is claimed.
fn check_rights(admitted: &Admitted, changes: &Changes) -> Result<(), Problem> {
    admitted.caller.uploads(&admitted.suite, Some(&changes.source))?;
    for file in &changes.files {
        if QueueFileKind::of(&file.name)? == QueueFileKind::Package
            // From the end: a name may have `_` in it, a version and an architecture may not.
            && let Some(Ok(name)) = file
                .name
                .as_str()
                .rsplitn(3, '_')
                .last()
                .map(str::parse::<PackageName>)
        {
            admitted.caller.uploads(&admitted.suite, Some(&name))?;
        }
    }
    Ok(())
}

/// What waits of a set: the rest is where it should be already.
struct ClaimedSet {
    source: PackageName,
    packages: Vec<WaitingFile>,
    records: Vec<WaitingFile>,
}

/// Sorts what was claimed, or says what is missing.
async fn claimed_set(
    app: &Arc<App>,
    admitted: &Arc<Admitted>,
    source: PackageName,
    members: Vec<QueueMember>,
) -> Result<ClaimedSet, Problem> {
    let admitted = admitted.clone();
    app.blocking(move |app| {
        let mut set = ClaimedSet {
            source,
            packages: Vec::new(),
            records: Vec::new(),
        };
        for member in members {
            let kind = QueueFileKind::of(&member.listed.name)?;
            check(app, &admitted, (&set.source, kind), &member)?;
            match (kind, member.claimed.file) {
                (_, None) => {}
                (QueueFileKind::Package, Some(file)) => set.packages.push(file),
                (_, Some(file)) => set.records.push(file),
            }
        }
        Ok(set)
    })
    .await
}

/// Checks a member: it waits with the right size, or is where it should be already.
fn check(
    app: &App,
    admitted: &Admitted,
    (source, kind): (&PackageName, QueueFileKind),
    member: &QueueMember,
) -> Result<(), Problem> {
    let listed = &member.listed;
    let incomplete = |what: String| Err(Problem::new(Code::ChangesIncomplete, what));
    if let Some(file) = &member.claimed.file {
        if file.size == listed.size {
            return Ok(());
        }
        return incomplete(format!(
            "`{}` has {} bytes, but {} according to the .changes file",
            listed.name, file.size, listed.size
        ));
    }
    let record = RecordName {
        suite: &admitted.suite,
        source,
        file: &listed.name,
    };
    let stands = match kind {
        QueueFileKind::Package => app.archive.is_placed(&listed.sha256, &admitted.place())?,
        QueueFileKind::BuildInfo => app.archive.keeps_record(&record, &listed.sha256)?,
        QueueFileKind::Changes => false,
    };
    match (stands, member.claimed.other_bytes) {
        (true, _) => Ok(()),
        (false, true) => incomplete(format!(
            "the queued `{}` does not have the SHA-256 that the .changes file lists",
            listed.name
        )),
        (false, false) => incomplete(format!("`{}` is not queued: upload it first", listed.name)),
    }
}

/// Makes packages of a set, and keeps the build records of packages that stand.
async fn place(
    app: &Arc<App>,
    admitted: &Arc<Admitted>,
    set: ClaimedSet,
) -> Result<Vec<PlacementOutcome>, Problem> {
    let ClaimedSet {
        source,
        packages,
        records,
    } = set;
    let by = admitted.clone();
    let staged = app
        .changing(move |app| {
            let staged = packages.iter().map(|waiting| {
                let mut staged = by.inspect(app, fetch(app, waiting)?.open()?)?;
                app.archive.prepare(&mut staged, &by.place())?;
                Ok(staged)
            });
            staged.collect::<Result<Vec<StagedPackage>, Problem>>()
        })
        .await?;
    let ready = UploadSet {
        set: staged,
        suite: admitted.suite.codename.clone(),
        component: admitted.component.clone(),
        caller: admitted.caller.clone(),
    };
    let placed = app.committer.commit(ready).await?;
    let by = admitted.clone();
    app.changing(move |app| {
        for waiting in &records {
            let record = RecordName {
                suite: &by.suite,
                source: &source,
                file: &waiting.name,
            };
            app.archive.keep_record(&record, &fetch(app, waiting)?)?;
        }
        Ok(())
    })
    .await?;
    Ok(placed)
}

/// Brings a file to this machine.
fn fetch(app: &App, waiting: &WaitingFile) -> Result<QueuedFile, Problem> {
    let fetched = app.archive.fetch_queued(&app.staging, waiting)?;
    fetched.ok_or_else(|| {
        let what = format!("the bytes of `{}` are gone: upload it again", waiting.name);
        Problem::new(Code::ChangesIncomplete, what)
    })
}

/// Answers for packages that are placed.
async fn answer(
    app: &Arc<App>,
    admitted: &Admitted,
    (placed, names): (Vec<PlacementOutcome>, Vec<FileName>),
    wait: Option<Wait>,
) -> Result<(StatusCode, String), Problem> {
    let suite = &admitted.suite.codename;
    let published = match wait {
        Some(Wait::Published) => app.publications.wait(vec![suite.clone()]).await?,
        None => Published::Yes,
    };
    let status = status(published, placed.contains(&PlacementOutcome::Added));
    metrics::counter!("uploads_total", "status" => status.as_u16().to_string()).increment(1);
    let is_package =
        |name: &FileName| QueueFileKind::of(name).is_ok_and(|kind| kind == QueueFileKind::Package);
    let done = match names.iter().any(is_package) {
        true => success_text(status),
        false => "no packages, build records alone are kept for",
    };
    let names: Vec<&str> = names.iter().map(FileName::as_str).collect();
    let text = format!("{done} {suite}: {}\n", names.join(" "));
    Ok((status, text))
}
