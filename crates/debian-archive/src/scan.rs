//! A Packages file for a folder of `.deb` files, with no catalog: what `dpkg-scanpackages` and `apt-ftparchive
//! packages` print.

mod batch;
mod md5_lanes;
mod overrides;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use debian_control::architecture::Architecture;
use debian_control::version::Version;
use debian_deb::{Data, DebError};
use walkdir::WalkDir;

use self::batch::{BATCH_FILES, BatchReader};
pub use self::overrides::Overrides;

/// What to look for, and how.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    /// The folder, or one package file.
    pub folder: &'a Path,
    /// How many files are read at a time.
    pub jobs: usize,
    /// Only packages of this architecture, and of `all`.
    pub architecture: Option<&'a Architecture>,
    /// Which versions of a package are printed.
    pub versions: VersionFilter,
    /// Whether data members are read to their end or stepped over.
    pub data: Data,
    /// The end of the names of files that are read, without the dot: `deb`.
    pub kind: &'a str,
    /// Which digests are printed.
    pub hashes: Hashes,
    /// What goes before each path, as it is.
    pub prefix: &'a str,
    /// `X-Medium` of every package.
    pub medium: Option<&'a str>,
}

/// Which digests are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashes {
    /// `MD5sum`.
    pub md5: bool,
    /// `SHA1`.
    pub sha1: bool,
    /// `SHA256`.
    pub sha256: bool,
}

/// Which versions of a package are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionFilter {
    /// The newest of each name and architecture.
    Newest,
    /// All.
    All,
}

/// What came of a scan.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Stanzas, each with the blank line after it, ordered by name, architecture and version.
    pub stanzas: Vec<String>,
    /// Files that are no packages, or could not be read.
    pub rejected: Vec<(PathBuf, ScanError)>,
    /// Older versions that were left out.
    pub older: Vec<PathBuf>,
    /// What is odd about the override files.
    pub warnings: Vec<String>,
}

/// Why a file is not in the output.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It is not what dpkg would read, or breaks a limit.
    #[error("{0}")]
    Invalid(#[from] DebError),
    /// It cannot be read.
    #[error("cannot read it")]
    Read(#[from] std::io::Error),
    /// Its path cannot be written into an index.
    #[error("its path has a line break or is not UTF-8")]
    Path,
    /// A folder cannot be listed.
    #[error("cannot list it")]
    Walk(#[from] walkdir::Error),
}

struct ScannedFile {
    key: (String, String, Version),
    path: PathBuf,
    text: String,
}

/// Scans a folder. Values of `overrides` and then `extra` replace those of the packages.
pub fn scan(scan: &Scan<'_>, overrides: Option<Overrides>, extra: Option<Overrides>) -> Scanned {
    let mut scanned = Scanned::default();
    let files = list(scan, &mut scanned.rejected);
    let jobs = scan.jobs.max(1);
    // A few files are shared out among all.
    let batch_files = files.len().div_ceil(jobs).clamp(1, BATCH_FILES);
    let batches: Vec<&[PathBuf]> = files.chunks(batch_files).collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new((Vec::new(), Vec::new()));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let mut reader = BatchReader::default();
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcomes = reader.read(scan, batch);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    for (path, outcome) in batch.iter().zip(outcomes) {
                        match outcome {
                            Ok(found) => results.0.extend(found),
                            Err(error) => results.1.push((path.clone(), error)),
                        }
                    }
                }
            });
        }
    });
    let (found, rejected) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    scanned.rejected.extend(rejected);
    scanned.rejected.sort_by(|left, right| left.0.cmp(&right.0));
    let (kept, older) = choose(scan.versions, found);
    (scanned.stanzas, scanned.warnings) = apply(kept, overrides, extra);
    scanned.older = older;
    scanned
}

/// Puts what override files say into stanzas.
fn apply(
    found: Vec<ScannedFile>,
    mut overrides: Option<Overrides>,
    mut extra: Option<Overrides>,
) -> (Vec<String>, Vec<String>) {
    let names: BTreeSet<String> = found.iter().map(|found| found.key.0.clone()).collect();
    let mut stanzas = Vec::new();
    for ScannedFile { key, text, .. } in found {
        let mut text = text;
        for overrides in [&mut overrides, &mut extra].into_iter().flatten() {
            text = overrides.apply(&key.0, text);
        }
        text.push('\n');
        stanzas.push(text);
    }
    let warnings = overrides.map(|overrides| overrides.warnings(&names));
    (stanzas, warnings.unwrap_or_default())
}

/// Returns the package files below a folder, as the folder was given; that of a file is itself.
fn list(scan: &Scan<'_>, rejected: &mut Vec<(PathBuf, ScanError)>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let folder = scan.folder;
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry)
                if entry.file_type().is_file()
                    && entry.path().extension().is_some_and(|end| end == scan.kind) =>
            {
                files.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) => rejected.push((error.path().unwrap_or(folder).to_owned(), error.into())),
        }
    }
    files
}

/// Orders what was found, and sorts out older versions.
fn choose(versions: VersionFilter, mut found: Vec<ScannedFile>) -> (Vec<ScannedFile>, Vec<PathBuf>) {
    found.sort_by(|left, right| (&left.key, &left.path).cmp(&(&right.key, &right.path)));
    if versions == VersionFilter::All {
        return (found, Vec::new());
    }
    let mut newest: BTreeMap<(String, String), ScannedFile> = BTreeMap::new();
    let mut older = Vec::new();
    for found in found {
        // Sorted: what comes later is newer.
        let (name, architecture, _) = &found.key;
        if let Some(old) = newest.insert((name.clone(), architecture.clone()), found) {
            older.push(old.path);
        }
    }
    (newest.into_values().collect(), older)
}
