//! Taking what was dropped: read, committed, and only then gone from its folder.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rustix::fs::{Mode, OFlags};

use super::event::WatchEvent;
use super::folders::incoming_folder;
use super::incoming_error::IncomingError;
use super::incoming_scan::{DroppedFile, IncomingScan, scan};
use super::quarantine;
use super::stability::{FileStamp, Stability, StabilityTracker};
use crate::archive::Archive;
use crate::error_text::with_causes;
use crate::ingest::{IngestError, StagedPackage, SuiteComponent, UploadContext};
use archive_catalog::{Conflict, PlacementOutcome};
use archive_storage::staging::Staging;

/// How many packages share a transaction and its syncs.
const BATCH: usize = 128;

/// The folder for dropped packages of one archive.
pub(super) struct Incoming {
    root: PathBuf,
    tracker: StabilityTracker,
    /// Skipped files that were reported already.
    passed_over: HashSet<PathBuf>,
    report: Arc<dyn Fn(WatchEvent) + Send + Sync>,
}

/// What one pass works with.
pub(super) struct Pass<'a> {
    pub(super) archive: &'a Archive,
    /// Files whose close or rename was seen since the last pass.
    pub(super) closed: &'a HashSet<PathBuf>,
    /// Unix seconds.
    pub(super) now: i64,
    pub(super) stopped: &'a dyn Fn() -> bool,
}

/// A file that is to be decided on.
struct ReadyFile {
    file: DroppedFile,
    verdict: Stability,
}

impl Incoming {
    pub(super) fn new(root: &Path, report: Arc<dyn Fn(WatchEvent) + Send + Sync>) -> Self {
        Self {
            root: root.to_owned(),
            tracker: StabilityTracker::default(),
            passed_over: HashSet::new(),
            report,
        }
    }

    /// Makes a folder for each component of each suite, so that there is something to drop packages into.
    pub(super) fn make_folders(&self, archive: &Archive) -> Result<(), IncomingError> {
        for suite in &archive.config().suites {
            for component in &suite.components {
                let folder = incoming_folder(&self.root)
                    .join(suite.codename.as_str())
                    .join(component.as_str());
                std::fs::create_dir_all(&folder).map_err(|error| failed("make", &folder, error))?;
            }
        }
        Ok(())
    }

    /// Returns whether there are incomplete files, which justify another scan soon.
    pub(super) fn undecided(&self) -> bool {
        self.tracker.undecided()
    }

    /// Scans the folder and adds the complete files. Returns whether the catalog changed.
    pub(super) fn pass(
        &mut self,
        pass: &Pass<'_>,
        listen: &mut dyn FnMut(&Path),
    ) -> Result<bool, IncomingError> {
        let look = scan(&incoming_folder(&self.root), pass.archive.config(), listen)
            .map_err(|(folder, error)| failed("read", &folder, error))?;
        let ready = self.judge(look, pass.closed);
        let mut rest = ready.into_iter();
        let mut added = false;
        loop {
            let batch: Vec<ReadyFile> = rest.by_ref().take(BATCH).collect();
            if batch.is_empty() || (pass.stopped)() {
                return Ok(added);
            }
            added |= self.take(batch, pass)?;
        }
    }

    /// Returns the files to decide on, and reports the skipped ones.
    fn judge(&mut self, look: IncomingScan, closed: &HashSet<PathBuf>) -> Vec<ReadyFile> {
        let there: HashSet<&Path> = look.files.iter().map(|file| file.path.as_path()).collect();
        self.tracker.keep(&there);
        let passed_over: HashMap<PathBuf, &'static str> = look.passed_over.into_iter().collect();
        self.passed_over.retain(|path| passed_over.contains_key(path));
        for (path, why) in passed_over {
            if self.passed_over.insert(path.clone()) {
                (self.report)(WatchEvent::PassedOver { path, why });
            }
        }
        let now = Instant::now();
        let mut ready = Vec::new();
        for file in look.files {
            let verdict = self
                .tracker
                .look(&file.path, file.stat, closed.contains(&file.path), now);
            if verdict != Stability::Wait {
                ready.push(ReadyFile { file, verdict });
            }
        }
        ready
    }

    /// Adds or rejects a batch. Returns whether the catalog changed.
    fn take(&mut self, batch: Vec<ReadyFile>, pass: &Pass<'_>) -> Result<bool, IncomingError> {
        let staging = Staging::new(pass.archive.local()).map_err(IngestError::from)?;
        let mut files = Vec::new();
        let mut staged = Vec::new();
        for ReadyFile { file, verdict } in batch {
            let place = match place(pass.archive, &file) {
                Ok(place) => place,
                Err(why) => {
                    self.reject(&file, &why, pass.now)?;
                    continue;
                }
            };
            match stage(&file, &staging, &place, pass) {
                Ok(Some(read)) => {
                    files.push(file);
                    staged.push((read, place));
                }
                // Written to meanwhile, or gone.
                Ok(None) => {}
                Err(error) if !error.is_rejection() => return Err(error.into()),
                Err(IngestError::Invalid(_) | IngestError::Unreadable(_)) if verdict == Stability::Try => {
                    self.tracker.unread(&file.path);
                }
                Err(error) => self.reject(&file, &with_causes(&error), pass.now)?,
            }
        }
        let answers = pass.archive.commit(&staged, pass.now)?;
        let mut added = false;
        for (file, answer) in files.iter().zip(answers) {
            added |= matches!(answer, Ok(PlacementOutcome::Added));
            self.settle(file, answer, pass.now)?;
        }
        Ok(added)
    }

    /// Removes a file from the folder according to its result.
    fn settle(
        &mut self,
        file: &DroppedFile,
        answer: Result<PlacementOutcome, IngestError>,
        now: i64,
    ) -> Result<(), IncomingError> {
        match answer {
            Ok(placed) => {
                (self.report)(WatchEvent::Taken {
                    path: file.path.clone(),
                    placed,
                });
                let deleted = quarantine::delete(file);
                self.left(file, "delete", deleted)
            }
            // Another process was faster: the next pass finds what is so now.
            Err(IngestError::Conflict(conflict)) if matches!(*conflict, Conflict::PathTaken(_)) => Ok(()),
            Err(error) if error.is_rejection() => self.reject(file, &with_causes(&error), now),
            Err(error) => Err(error.into()),
        }
    }

    fn reject(&mut self, file: &DroppedFile, why: &str, now: i64) -> Result<(), IncomingError> {
        match quarantine::reject(&self.root, file, why, now) {
            Ok(None) => Ok(()),
            Ok(Some(kept)) => {
                (self.report)(WatchEvent::Rejected {
                    path: file.path.clone(),
                    kept,
                    why: why.to_owned(),
                });
                Ok(())
            }
            Err(error) => self.left(file, "move to incoming/rejected", Err(error)),
        }
    }

    /// A file that cannot be removed is ignored until it changes: otherwise each pass would add it again.
    fn left(
        &mut self,
        file: &DroppedFile,
        action: &'static str,
        outcome: io::Result<()>,
    ) -> Result<(), IncomingError> {
        match outcome {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.tracker.done(&file.path);
                (self.report)(WatchEvent::IncomingFailed(failed(action, &file.path, error)));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Returns the place that a file is dropped for.
fn place<'a>(archive: &'a Archive, file: &DroppedFile) -> Result<SuiteComponent<'a>, String> {
    let (suite, component) = file.goal.as_ref().map_err(Clone::clone)?;
    let suite = archive.config().suite(suite.as_str());
    let place = suite.and_then(|suite| {
        let component = suite.components.iter().find(|listed| *listed == component)?;
        Some(SuiteComponent { suite, component })
    });
    place.ok_or_else(|| "its suite is no longer in repogen.toml".to_owned())
}

/// Reads a file; `None` when it is not, or not any more, the one that was found.
fn stage(
    file: &DroppedFile,
    staging: &Staging,
    place: &SuiteComponent<'_>,
    pass: &Pass<'_>,
) -> Result<Option<StagedPackage>, IngestError> {
    let opened = match open(&file.path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // A link in its place, since the look.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Ok(None);
        }
        opened => opened.map_err(IngestError::Unreadable)?,
    };
    let unchanged = || {
        opened
            .metadata()
            .is_ok_and(|found| found.is_file() && FileStamp::of(&found) == file.stat)
    };
    if !unchanged() {
        return Ok(None);
    }
    let arrival = UploadContext {
        now: pass.now,
        ..UploadContext::default()
    };
    let staged = pass.archive.stage(staging, &opened, place, &arrival);
    if unchanged() { staged.map(Some) } else { Ok(None) }
}

/// Opens a file that is no link, and does not wait where it is no file.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> IncomingError {
    IncomingError::File {
        action,
        path: path.to_owned(),
        source,
    }
}
