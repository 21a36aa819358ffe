//! Packages of the pool back into the catalog: read on all cores, placed in batches.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::archive::Archive;
use crate::config::Suite;
use crate::error_text::with_causes;
use crate::indexed_file::IndexedFile;
use crate::ingest::{UploadContext, read_content_from};
use crate::published_tree::{TreeProblem, problem};
use archive_catalog::{CatalogError, NewContent, NewPlacement};
use archive_storage::store::OpenFile;
use debian_control::digest::{Digester, Sha256};

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
    problems: &mut Vec<TreeProblem>,
) -> Result<(), CatalogError> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::sync_channel(WAITING);
    let threads = thread::available_parallelism().map_or(1, |count| count.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let next = &next;
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(named) = named.get(at) else { break };
                    // Fails when the catalog did: nobody wants the rest.
                    if sender
                        .send((at, named, read(archive, suite, named, now)))
                        .is_err()
                    {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut batch = Vec::with_capacity(BATCH);
        // In the order of their names, whichever thread was faster: what is placed together stands together in an index.
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (at, named, content) in receiver {
            early.insert(at, (named, content));
            while let Some((named, content)) = early.remove(&due) {
                due += 1;
                match content {
                    Ok(content) => batch.push(vec![placement(suite, named, content)]),
                    Err(what) => problems.push(problem(&format!("{}{}", suite.tree(), named.filename), what)),
                }
                if batch.len() == BATCH {
                    place_batch(archive, suite, &mut batch, now, problems)?;
                }
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
    problems: &mut Vec<TreeProblem>,
) -> Result<(), CatalogError> {
    if batch.is_empty() {
        return Ok(());
    }
    let placed = archive.catalog().place(batch, now)?;
    for (placement, placed) in batch.drain(..).flatten().zip(placed) {
        if let Err(conflict) = placed {
            problems.push(problem(&format!("{}{}", suite.tree(), placement.path), conflict));
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
        put_after: None,
        accepted: Vec::new(),
        judged: None,
        metadata: archive_catalog::listing::Description::default(),
        by: None,
    }
}

/// Reads a package, whose bytes have to be those that the index names.
fn read(archive: &Archive, suite: &Suite, named: &IndexedFile, now: i64) -> Result<NewContent, String> {
    let path = format!("{}{}", suite.tree(), named.filename);
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
    let opened = archive.files().open(&path, None);
    let opened = opened.map_err(|error| with_causes(&error))?;
    let OpenFile { head, content } = opened.ok_or_else(|| "no such file".to_owned())?;
    let arrival = UploadContext {
        now: if head.modified > 0 { head.modified } else { now },
        ..UploadContext::default()
    };
    let expected = (named.sha256, named.size);
    let mut reader = HashingReader {
        content,
        digester: Digester::sha256(),
    };
    let read = read_content_from(&mut reader, expected, &arrival);
    let found = reader.finish().map_err(|error| error.to_string())?;
    if found != expected {
        return Err(format!(
            "{} bytes, sha256 {}; the index says {} and {}",
            found.1, found.0, named.size, named.sha256
        ));
    }
    read.map_err(|error| error.to_string())
}

/// A file that is hashed while it is read.
struct HashingReader {
    content: Box<dyn Read + Send>,
    digester: Digester,
}

impl HashingReader {
    /// Reads what is left, and returns digest and size of all.
    fn finish(mut self) -> io::Result<(Sha256, u64)> {
        io::copy(&mut self, &mut io::sink())?;
        let digests = self.digester.finish();
        Ok((digests.sha256, digests.size))
    }
}

impl Read for HashingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.digester
            .update(buffer.get(..count).expect("a read fills no more than the buffer"));
        Ok(count)
    }
}
