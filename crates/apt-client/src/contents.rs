//! Which package has a file: the lists of files of all archives, kept in a form that is gone through in a moment.
//!
//! Each list is kept beside the library in blocks of lines, each compressed by itself, so that all processors look at once. What is
//! damaged or of another version is as if it were not there: it is fetched again.

mod blocks;
mod lines;
mod search;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fetch::Fetcher;
use crate::lists::{DeferredIndex, Lists, UpdateError};
use crate::package_cache::file;
use crate::source::Source;

use blocks::{Blocks, BlocksWriter};

pub use lines::Lines;
pub use search::{FileHit, FileHits};

/// Why files cannot be looked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentsError {
    /// A list did not come.
    #[error("cannot fetch `{name}` of suite `{suite}`, the list of its files")]
    Fetch {
        /// The list.
        name: String,
        /// Its suite.
        suite: String,
        /// Why.
        source: Box<UpdateError>,
    },
    /// It cannot be kept.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ContentsError {
    /// Says whether nothing else can be fetched from that archive, either: it cannot be reached, or no network is to be asked.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Fetch { source, .. } => source.is_away(),
            Self::Write { .. } => false,
        }
    }
}

/// The lists of files that are here.
pub struct FileLists {
    /// Each with the codename of its suite.
    lists: Vec<(String, Blocks)>,
}

impl FileLists {
    /// Opens what is here of the lists that count, and returns those that have to be fetched first.
    pub fn open<'l>(cache: &Path, lists: &'l Lists) -> (Self, Vec<&'l DeferredIndex>) {
        let mut here = Vec::new();
        let mut missing = Vec::new();
        for contents in &lists.contents {
            let kept = file::read(&path(cache, contents), &key(contents));
            match kept.and_then(Blocks::from_bytes) {
                Some(blocks) => here.push((contents.codename.clone(), blocks)),
                None => missing.push(contents),
            }
        }
        (Self { lists: here }, missing)
    }
}

/// Fetches a list of files and keeps it.
///
/// # Errors
/// When it does not come, is not what was signed, or cannot be kept.
pub fn fetch(
    cache: &Path,
    contents: &DeferredIndex,
    fetcher: &Fetcher,
    sources: &[Source],
) -> Result<(), ContentsError> {
    let mut blocks = BlocksWriter::new();
    let mut lines = Lines::new(|line| blocks.push(line));
    contents
        .fetch(fetcher, sources, &mut |text| lines.take(text))
        .map_err(|source| ContentsError::Fetch {
            name: contents.name.clone(),
            suite: contents.codename.clone(),
            source: Box::new(source),
        })?;
    lines.finish();
    let path = path(cache, contents);
    let kept = blocks
        .finish()
        .and_then(|bytes| file::write(&path, &key(contents), &bytes));
    kept.map_err(|source| ContentsError::Write { path, source })
}

/// Deletes lists that no longer count.
pub fn sweep(cache: &Path, lists: &Lists) {
    let named: HashSet<PathBuf> = lists
        .contents
        .iter()
        .map(|contents| path(cache, contents))
        .collect();
    let entries = fs::read_dir(folder(cache)).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.extension().is_some_and(|end| end == "files") && !named.contains(&path) {
            // What cannot be deleted is tried again next time.
            let _ = fs::remove_file(path);
        }
    }
}

fn folder(cache: &Path) -> PathBuf {
    cache.join("library")
}

fn path(cache: &Path, contents: &DeferredIndex) -> PathBuf {
    folder(cache).join(format!("{}.files", contents.sha256))
}

fn key(contents: &DeferredIndex) -> String {
    format!("files {}", contents.sha256)
}
