//! Fetching what changed, verifying it, and letting it count.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::remote::Remote;
use super::suite_update::{Outcome, SuiteUpdate};
use super::{FORMAT, KeptSuite, ListsError, Manifest, folder};
use crate::fetch::{FetchError, Fetcher, Location, LocationError};
use crate::lock::Lock;
use crate::source::{Source, SourceError};
use crate::trust::{Seen, TrustError};

/// How the names of files end that are kept here under digests.
const OURS: [&str; 4] = ["Packages", "chunks", "Release", "gpg"];

/// Why the indexes of a suite stay as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// A file did not come.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A path of the archive is none.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// Its keys cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its Release does not count.
    #[error("`{location}` does not count")]
    Trust {
        /// Where it is.
        location: Location,
        /// Why.
        source: TrustError,
    },
    /// What is remembered cannot be read or written.
    #[error(transparent)]
    Memory(TrustError),
    /// The archive has no such component.
    #[error("suite `{suite}` of `{url}` has no component `{component}`; it has: {has}")]
    NoComponent {
        /// The archive.
        url: String,
        /// The suite.
        suite: String,
        /// The component.
        component: String,
        /// What there is.
        has: String,
    },
    /// The archive has nothing for this machine.
    #[error("suite `{suite}` of `{url}` has nothing for {wanted}; it has: {has}")]
    NoArchitecture {
        /// The archive.
        url: String,
        /// The suite.
        suite: String,
        /// The architectures that were asked for.
        wanted: String,
        /// What there is.
        has: String,
    },
    /// A folder that stands by itself has no packages.
    #[error("`{suite}` of `{url}` lists no `Packages`")]
    NoPackages {
        /// The archive.
        url: String,
        /// The folder.
        suite: String,
    },
    /// An index is not the one that is signed.
    #[error("`{location}` is not what was signed: {what}")]
    Wrong {
        /// Where it is.
        location: Location,
        /// What differs.
        what: String,
    },
    /// An index is what is signed, and cannot be unpacked.
    #[error("cannot unpack `{location}`")]
    Unreadable {
        /// Where it is.
        location: Location,
        /// Why.
        source: io::Error,
    },
    /// What is kept cannot be read.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// The disk fails.
    #[error("cannot write `{}`", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What an update works with.
#[derive(Debug)]
pub struct Updating<'a> {
    /// Gets files.
    pub fetcher: &'a Fetcher,
    /// The archives.
    pub sources: &'a [Source],
    /// The architecture of the machine.
    pub native: &'a str,
    /// The cache.
    pub cache: &'a Path,
    /// Where stands what was seen.
    pub trust_file: &'a Path,
    /// Unix seconds.
    pub now: i64,
}

/// What an update did.
#[derive(Debug, Default)]
pub struct Report {
    /// Each suite of each archive, in their order.
    pub suites: Vec<SuiteReport>,
}

/// What became of one suite.
#[derive(Debug)]
pub struct SuiteReport {
    /// The archive's root.
    pub url: String,
    /// The suite that was asked for.
    pub suite: String,
    /// Whether what is there is new, or why it does not count.
    pub outcome: Result<Freshness, UpdateError>,
    /// What a person should know.
    pub warning: Option<String>,
    /// Files, or parts of files, that were asked for.
    pub requests: u64,
    /// Bytes that came.
    pub bytes: u64,
}

/// Whether something is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It is.
    New,
    /// It is what was here.
    Unchanged,
}

/// Brings the indexes up to date. A suite that fails keeps what it had, and the others go on.
///
/// `waiting` is told which process is waited for, where another one updates.
///
/// # Errors
/// When the disk fails, or what was seen cannot be remembered: then nothing changed.
pub fn update(updating: &Updating<'_>, waiting: impl FnOnce(&str)) -> Result<Report, UpdateError> {
    let folder = folder(updating.cache);
    let disk = |source| UpdateError::Disk {
        path: folder.clone(),
        source,
    };
    let _lock = Lock::take(&folder, waiting).map_err(disk)?;
    let old = Manifest::read(&folder)?.unwrap_or_default();
    let mut seen = Seen::read(updating.trust_file).map_err(UpdateError::Memory)?;
    let before = seen.clone();
    let outcomes = all_suites(updating, &folder, &old, &seen);
    let mut manifest = Manifest {
        format: FORMAT,
        suites: Vec::new(),
    };
    let mut report = Report::default();
    for (suite, outcome) in outcomes {
        if let Some(trusted) = &outcome.trusted {
            seen.remember(&suite.url, &suite.asked, trusted);
        }
        let kept = outcome.kept.or_else(|| old.suite(&suite));
        manifest.suites.extend(kept);
        report.suites.push(outcome.report);
    }
    if seen != before {
        seen.write(updating.trust_file).map_err(UpdateError::Memory)?;
    }
    if manifest != old {
        manifest.write(&folder).map_err(disk)?;
    }
    sweep(&folder, &[&manifest, &old]);
    Ok(report)
}

/// Updates each suite on a thread of its own.
fn all_suites(
    updating: &Updating<'_>,
    folder: &Path,
    old: &Manifest,
    seen: &Seen,
) -> Vec<(KeptSuite, Outcome)> {
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for source in updating.sources {
            for asked in &source.suites {
                let empty = KeptSuite::asked_for(source, asked, updating.native);
                let remote = Remote::new(updating.fetcher, source, asked);
                let work = SuiteUpdate {
                    updating,
                    folder,
                    source,
                    old: old.suite(&empty),
                    empty,
                    seen,
                    remote,
                    warning: Cell::new(None),
                };
                running.push(scope.spawn(move || (work.empty.clone(), work.run())));
            }
        }
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// Deletes texts and lists that neither the new nor the last manifest names: a reader may still hold the last one.
fn sweep(folder: &Path, manifests: &[&Manifest]) {
    let suites = manifests.iter().flat_map(|manifest| &manifest.suites);
    let named: Vec<String> = suites
        .flat_map(|suite| {
            let indexes = suite.indexes.iter().map(|index| index.sha256);
            indexes.chain([suite.message])
        })
        .map(|sha256| sha256.to_string())
        .collect();
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let ours = path
            .extension()
            .is_some_and(|end| OURS.iter().any(|ours| end == *ours));
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let temporary = stem.starts_with(".tmp");
        if temporary || (ours && !named.iter().any(|name| name == stem)) {
            // What cannot be deleted is tried again next time.
            let _ = fs::remove_file(path);
        }
    }
}
