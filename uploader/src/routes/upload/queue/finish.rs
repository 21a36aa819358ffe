//! The `.changes` file: from what waits to packages, all of them or none.

use std::sync::Arc;

use archive_catalog::PlacementOutcome;
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
use crate::queue::{QueueKey, QueueMember};
use crate::receive::ReceivedBody;
use crate::routes::upload::admission::Admitted;
use crate::routes::upload::params::Wait;
use crate::routes::upload::take::{status, success_text};

/// A set that was taken out of the queue. From here on it is placed, or gone.
struct ClaimedFiles {
    source: PackageName,
    packages: Vec<QueuedFile>,
    records: Vec<(FileName, QueuedFile)>,
    names: Vec<FileName>,
}

/// Makes packages of what a `.changes` file names.
pub(super) async fn finish(
    app: &Arc<App>,
    admitted: Admitted,
    (key, name): (QueueKey, FileName),
    (body, wait): (ReceivedBody, Option<Wait>),
) -> Result<(StatusCode, String), Problem> {
    // Of two that name the same file, the second finds it placed.
    let _turn = app.queue.turn(&key).await;
    let (admitted, taken, staged) = app
        .changing(move |app| {
            let received = body.finish(app)?;
            let changes = Changes::parse(&received.read()?)
                .map_err(|error| Problem::new(Code::InvalidChanges, format!("`{name}`: {error}")))?;
            let mut taken = take(app, &admitted, &key, changes)?;
            let packages = std::mem::take(&mut taken.packages).into_iter();
            let staged = packages.map(|file| {
                let mut staged = admitted.inspect(app, file.open()?)?;
                app.archive.prepare(&mut staged, &admitted.place())?;
                Ok(staged)
            });
            let staged = staged.collect::<Result<Vec<StagedPackage>, Problem>>()?;
            Ok((admitted, taken, staged))
        })
        .await?;
    let suite = admitted.suite.codename.clone();
    let ready = UploadSet {
        set: staged,
        suite: suite.clone(),
        component: admitted.component.clone(),
        caller: admitted.caller.clone(),
    };
    let placed = app.committer.commit(ready).await?;
    let names = app
        .changing(move |app| keep_records(app, &admitted, taken))
        .await?;
    let published = match wait {
        Some(Wait::Published) => app.publications.wait(vec![suite.clone()]).await?,
        None => Published::Yes,
    };
    let status = status(published, placed.contains(&PlacementOutcome::Added));
    metrics::counter!("uploads_total", "status" => status.as_u16().to_string()).increment(1);
    let names: Vec<&str> = names.iter().map(FileName::as_str).collect();
    let text = format!("{} {suite}: {}\n", success_text(status), names.join(" "));
    Ok((status, text))
}

/// Takes what a `.changes` file names out of the queue: all of it, or it says what is missing and all waits on.
fn take(app: &App, admitted: &Admitted, key: &QueueKey, changes: Changes) -> Result<ClaimedFiles, Problem> {
    // Before anything is taken out: what is refused takes nothing away.
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
    let members = app.queue.take(key, changes.files);
    let mut wrong = None;
    for member in &members {
        let kind = QueueFileKind::of(&member.listed.name)?;
        wrong = wrong.or(check(app, admitted, (&changes.source, kind), member)?);
    }
    if let Some(problem) = wrong {
        let waiting = members
            .into_iter()
            .filter_map(|member| Some((member.listed.name, member.file?)));
        app.queue.put_back(key, waiting, now());
        return Err(problem);
    }
    let mut taken = ClaimedFiles {
        source: changes.source,
        packages: Vec::new(),
        records: Vec::new(),
        names: Vec::new(),
    };
    for member in members {
        let name = member.listed.name;
        taken.names.push(name.clone());
        match (QueueFileKind::of(&name)?, member.file) {
            (_, None) => {}
            (QueueFileKind::Package, Some(file)) => taken.packages.push(file),
            (_, Some(file)) => taken.records.push((name, file)),
        }
    }
    Ok(taken)
}

/// Says what is wrong with a member: nothing when it waits with the right size, or is where it should be already.
fn check(
    app: &App,
    admitted: &Admitted,
    (source, kind): (&PackageName, QueueFileKind),
    member: &QueueMember,
) -> Result<Option<Problem>, Problem> {
    let listed = &member.listed;
    let incomplete = |what: String| Some(Problem::new(Code::ChangesIncomplete, what));
    if let Some(file) = &member.file {
        return Ok(match file.size() == listed.size {
            true => None,
            false => incomplete(format!(
                "`{}` has {} bytes, but {} according to the .changes file",
                listed.name,
                file.size(),
                listed.size
            )),
        });
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
    Ok(match (stands, member.other_bytes) {
        (true, _) => None,
        (false, true) => incomplete(format!(
            "the queued `{}` does not have the SHA-256 that the .changes file lists",
            listed.name
        )),
        (false, false) => incomplete(format!("`{}` is not queued: upload it first", listed.name)),
    })
}

/// Keeps the build records of packages that stand, and returns the names of all files of the set.
fn keep_records(app: &App, admitted: &Admitted, taken: ClaimedFiles) -> Result<Vec<FileName>, Problem> {
    for (name, file) in &taken.records {
        let record = RecordName {
            suite: &admitted.suite,
            source: &taken.source,
            file: name,
        };
        app.archive.keep_record(&record, file)?;
    }
    Ok(taken.names)
}
