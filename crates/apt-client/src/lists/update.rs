//! Fetching what changed, verifying it, and letting it count.

use std::fs;
use std::path::Path;

use super::error::UpdateError;
use super::manifest::{KeptSuite, Manifest, TEXT, folder};
use super::remote::Remote;
use super::report::UpdateReport;
use super::suite_update::{Outcome, SuiteUpdate};
use crate::fetch::Fetcher;
use crate::lock::Lock;
use crate::source::Source;
use crate::trust::Seen;

/// How the names of files end that are kept here under digests.
const OURS: [&str; 4] = [TEXT, "chunks", "Release", "gpg"];

/// What an update works with.
#[derive(Debug)]
pub struct Updating<'a> {
    /// Gets files.
    pub fetcher: &'a Fetcher,
    /// The archives.
    pub sources: &'a [Source],
    /// The architectures of the machine, its own first; they count for sources that name none.
    pub architectures: &'a [String],
    /// The cache.
    pub cache: &'a Path,
    /// Where stands what was seen.
    pub trust_file: &'a Path,
    /// Unix seconds.
    pub now: i64,
}

/// Brings the indexes up to date. A suite that fails keeps what it had, and the others go on.
///
/// `waiting` is told which process is waited for, where another one updates.
///
/// # Errors
/// When the disk fails, or what was seen cannot be remembered: then nothing changed.
pub fn update(
    updating: &Updating<'_>,
    waiting: impl FnOnce(Option<u32>),
) -> Result<UpdateReport, UpdateError> {
    let folder = folder(updating.cache);
    let disk = |source| UpdateError::Disk {
        path: folder.clone(),
        source,
    };
    let _lock = Lock::take(&folder, waiting).map_err(disk)?;
    let kept = Manifest::read(&folder)?;
    let old = kept.clone().unwrap_or_else(Manifest::empty);
    let mut seen = Seen::read(updating.trust_file).map_err(UpdateError::Memory)?;
    let before = seen.clone();
    let outcomes = all_suites(updating, &folder, &old, &seen);
    let mut manifest = Manifest::empty();
    let mut report = UpdateReport::default();
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
    if kept.as_ref() != Some(&manifest) {
        manifest.write(&folder).map_err(disk)?;
    }
    sweep(&folder, &[&manifest, &old]);
    Ok(report)
}

/// A suite by the name that was asked for, and what a person should know of it, or why it cannot be had.
pub type CheckedSuite = (String, Result<Vec<String>, UpdateError>);

/// Says of each suite of the sources whether it can be had: reachable, signed by the source's keys, and with what is asked for.
/// Nothing is kept. Each suite comes with what a person should know of it.
///
/// # Errors
/// When what was seen before cannot be read.
pub fn check(updating: &Updating<'_>) -> Result<Vec<CheckedSuite>, UpdateError> {
    let seen = Seen::read(updating.trust_file).map_err(UpdateError::Memory)?;
    let folder = folder(updating.cache);
    let mut checked = Vec::new();
    for source in updating.sources {
        for asked in &source.suites {
            let update = suite_update(updating, (source, asked), &folder, &seen);
            checked.push((asked.clone(), update.check()));
        }
    }
    Ok(checked)
}

/// Returns the update of a suite of which nothing is here.
fn suite_update<'a>(
    updating: &Updating<'a>,
    (source, asked): (&'a Source, &'a str),
    folder: &'a Path,
    seen: &'a Seen,
) -> SuiteUpdate<'a> {
    SuiteUpdate {
        folder,
        source,
        asked: KeptSuite::asked_for(source, asked, updating.architectures),
        old: None,
        seen,
        now: updating.now,
        remote: Remote::new(updating.fetcher, source, asked),
        warnings: Vec::new(),
    }
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
                let mut update = suite_update(updating, (source, asked), folder, seen);
                update.old = old.suite(&update.asked);
                running.push(scope.spawn(move || (update.asked.clone(), update.run())));
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
            let texts = suite.texts().map(|text| text.sha256);
            texts.chain([suite.message])
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
        // A name that is no UTF-8 is nobody's here.
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        let temporary = stem.starts_with(".tmp");
        if temporary || (ours && !named.iter().any(|name| name == stem)) {
            // What cannot be deleted is tried again next time.
            let _ = fs::remove_file(path);
        }
    }
}
