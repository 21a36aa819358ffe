//! Packages of the pool back into the catalog: read on all cores, placed in batches.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::UNIX_EPOCH;

use super::error::{RebuildProblem, problem};
use super::indexed_file::IndexedFile;
use crate::archive::Archive;
use crate::config::Suite;
use crate::ingest::{UploadContext, read_content};
use archive_catalog::{CatalogError, NewContent, NewPlacement};
use archive_storage::pool;

/// How many packages one transaction places.
const BATCH: usize = 256;
/// How many packages may wait to be placed.
const WAITING: usize = 64;

/// Places what an index named, where its file is what the index says.
pub(super) fn place(
    archive: &Archive,
    suite: &Suite,
    named: &[IndexedFile],
    now: i64,
    problems: &mut Vec<RebuildProblem>,
) -> Result<(), CatalogError> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::sync_channel(WAITING);
    let threads = thread::available_parallelism().map_or(1, |count| count.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let next = &next;
            scope.spawn(move || {
                while let Some(named) = named.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Fails when the catalog did: nobody wants the rest.
                    if sender.send((named, read(archive, suite, named, now))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut batch = Vec::with_capacity(BATCH);
        for (named, content) in receiver {
            match content {
                Ok(content) => batch.push(vec![placement(suite, named, content)]),
                Err(what) => problems.push(problem(&archive.tree(suite).join(&named.filename), what)),
            }
            if batch.len() == BATCH {
                place_batch(archive, suite, &mut batch, now, problems)?;
            }
        }
        place_batch(archive, suite, &mut batch, now, problems)
    })
}

fn place_batch(
    archive: &Archive,
    suite: &Suite,
    batch: &mut Vec<Vec<NewPlacement>>,
    now: i64,
    problems: &mut Vec<RebuildProblem>,
) -> Result<(), CatalogError> {
    if batch.is_empty() {
        return Ok(());
    }
    let placed = archive.catalog().place(batch, now)?;
    for (placement, placed) in batch.drain(..).flatten().zip(placed) {
        if let Err(conflict) = placed {
            problems.push(problem(&archive.tree(suite).join(&placement.path), conflict));
        }
    }
    Ok(())
}

fn placement(suite: &Suite, named: &IndexedFile, content: NewContent) -> NewPlacement {
    NewPlacement {
        suite: suite.codename.clone(),
        component: named.component.clone(),
        tree: suite.pool_tree().to_owned(),
        path: named.filename.clone(),
        content,
        by: None,
    }
}

/// Reads a package, whose bytes have to be those that the index names.
fn read(archive: &Archive, suite: &Suite, named: &IndexedFile, now: i64) -> Result<NewContent, String> {
    let path = archive.tree(suite).join(&named.filename);
    let known = archive
        .catalog()
        .find(&named.sha256, suite.pool_tree())
        .map_err(|error| error.to_string())?;
    // Read already for another suite or state.
    if let Some((content, Some(held))) = known
        && held == named.filename
    {
        return Ok(content);
    }
    let found = pool::digest_and_size(&path).map_err(|error| error.to_string())?;
    if found != (named.sha256, named.size) {
        return Err(format!(
            "{} bytes, sha256 {}; the index says {} and {}",
            found.1, found.0, named.size, named.sha256
        ));
    }
    let arrival = UploadContext {
        now: modified(&path).unwrap_or(now),
        ..UploadContext::default()
    };
    read_content(&path, found, &arrival).map_err(|error| error.to_string())
}

/// Returns when a file was written, which is when it was first taken.
fn modified(path: &Path) -> Option<i64> {
    let time = path.metadata().and_then(|found| found.modified()).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}
