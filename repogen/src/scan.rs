//! A Packages file for a folder of `.deb` files, with no catalog: what `dpkg-scanpackages` and `apt-ftparchive
//! packages` print.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use debian_formats::architecture::Architecture;
use debian_formats::deb::{self, Data, DebError};
use debian_formats::digest::DigestReader;
use debian_formats::limits::Limits;
use debian_formats::packages::{self, DescriptionForm, Placement};
use debian_formats::version::Version;
use walkdir::WalkDir;

/// What to look for, and how.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// How many files are read at a time.
    pub jobs: usize,
    /// Only packages of this architecture, and of `all`.
    pub architecture: Option<&'a Architecture>,
    /// Which versions of a package are printed.
    pub versions: Versions,
    /// Whether data members are read to their end or stepped over.
    pub data: Data,
}

/// Which versions of a package are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
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
    /// Its path cannot stand in an index.
    #[error("its path has a line break or is not UTF-8")]
    Path,
    /// A folder cannot be listed.
    #[error("cannot list it")]
    Walk(#[from] walkdir::Error),
}

struct Found {
    key: (String, String, Version),
    path: PathBuf,
    text: String,
}

/// Scans a folder.
pub fn scan(scan: &Scan<'_>) -> Scanned {
    let mut scanned = Scanned::default();
    let files = list(scan.folder, &mut scanned.rejected);
    let next = AtomicUsize::new(0);
    let results = Mutex::new((Vec::new(), Vec::new()));
    thread::scope(|scope| {
        for _ in 0..scan.jobs.max(1) {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = read(scan, path);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    match outcome {
                        Ok(found) => results.0.extend(found),
                        Err(error) => results.1.push((path.clone(), error)),
                    }
                }
            });
        }
    });
    let (found, rejected) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    scanned.rejected.extend(rejected);
    scanned.rejected.sort_by(|left, right| left.0.cmp(&right.0));
    let (kept, older) = choose(scan.versions, found);
    scanned.stanzas = kept;
    scanned.older = older;
    scanned
}

/// Returns the `.deb` files below a folder, as the folder was given.
fn list(folder: &Path, rejected: &mut Vec<(PathBuf, ScanError)>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry)
                if entry.file_type().is_file()
                    && entry.path().extension().is_some_and(|end| end == "deb") =>
            {
                files.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) => rejected.push((error.path().unwrap_or(folder).to_owned(), error.into())),
        }
    }
    files
}

/// Reads one file; `None` when its architecture is not looked for.
fn read(scan: &Scan<'_>, path: &Path) -> Result<Option<Found>, ScanError> {
    let filename = path
        .to_str()
        .filter(|path| !path.contains('\n'))
        .ok_or(ScanError::Path)?;
    let mut reader = DigestReader::md5_and_sha256(File::open(path)?);
    let package = deb::read(&mut reader, &Limits::default(), scan.data)?.package;
    if scan
        .architecture
        .is_some_and(|wanted| package.architecture() != wanted && !package.architecture().is_all())
    {
        return Ok(None);
    }
    let digests = reader.finish();
    let placement = Placement {
        filename: filename.strip_prefix("./").unwrap_or(filename),
        size: digests.size,
        md5: digests.md5,
        sha256: digests.sha256,
        section: None,
        priority: None,
        description: DescriptionForm::Full,
    };
    let mut text = packages::render(package.control(), &placement);
    text.push('\n');
    let key = (
        package.name().to_string(),
        package.architecture().to_string(),
        package.version().clone(),
    );
    Ok(Some(Found {
        key,
        path: path.to_owned(),
        text,
    }))
}

/// Orders what was found, and sorts out older versions.
fn choose(versions: Versions, mut found: Vec<Found>) -> (Vec<String>, Vec<PathBuf>) {
    found.sort_by(|left, right| (&left.key, &left.path).cmp(&(&right.key, &right.path)));
    if versions == Versions::All {
        return (found.into_iter().map(|found| found.text).collect(), Vec::new());
    }
    let mut newest: BTreeMap<(String, String), Found> = BTreeMap::new();
    let mut older = Vec::new();
    for found in found {
        // Sorted: what comes later is newer.
        let (name, architecture, _) = &found.key;
        if let Some(old) = newest.insert((name.clone(), architecture.clone()), found) {
            older.push(old.path);
        }
    }
    (newest.into_values().map(|found| found.text).collect(), older)
}
