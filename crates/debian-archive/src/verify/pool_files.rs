//! The pool against the catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::finding::{ArchiveVerifyError, Finding, FindingKind};
use crate::archive::Archive;
use crate::config::Suite;
use crate::error_text::with_causes;
use archive_catalog::PoolFile;
use archive_storage::store::{self, FileStore};

/// Checks each file that the catalog knows, on all cores, and looks for files that it does not know.
pub(super) fn check(
    archive: &Archive,
    named: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Result<(), ArchiveVerifyError> {
    let rows = archive.catalog().pool_files()?;
    check_rows(archive, &rows, named, findings);
    let known = paths_of(&rows);
    unlisted(archive, &known, named, findings);
    orphans(archive, &known, findings)
}

/// Checks these paths only, once more.
pub(super) fn check_again(
    archive: &Archive,
    named: &BTreeSet<String>,
    paths: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Result<(), ArchiveVerifyError> {
    let rows = archive.catalog().pool_files()?;
    let again: Vec<PoolFile> = rows
        .iter()
        .filter(|row| paths.contains(&row.path))
        .cloned()
        .collect();
    check_rows(archive, &again, named, findings);
    let known = paths_of(&rows);
    let named = named.intersection(paths).cloned().collect();
    unlisted(archive, &known, &named, findings);
    let mut stray = Vec::new();
    orphans(archive, &known, &mut stray)?;
    findings.extend(stray.into_iter().filter(|finding| paths.contains(&finding.path)));
    Ok(())
}

fn paths_of(rows: &[PoolFile]) -> BTreeMap<&str, ()> {
    rows.iter().map(|row| (row.path.as_str(), ())).collect()
}

fn check_rows(archive: &Archive, rows: &[PoolFile], named: &BTreeSet<String>, findings: &mut Vec<Finding>) {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, |count| count.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let wrong = check_file(archive.files(), row, named);
                    found
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .extend(wrong);
                }
            });
        }
    });
    findings.extend(
        found
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    );
}

/// Looks for files that indexes name and the catalog does not know.
fn unlisted(
    archive: &Archive,
    known: &BTreeMap<&str, ()>,
    named: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) {
    let unknown = named.iter().filter(|path| !known.contains_key(path.as_str()));
    findings.extend(
        unknown
            .filter(|path| !matches!(archive.files().head(path), Ok(Some(_))))
            .map(|path| Finding {
                kind: FindingKind::PoolMissing,
                path: path.clone(),
                detail: "listed in a published index".into(),
            }),
    );
}

/// Looks for files that the catalog does not know.
pub(super) fn unknown(archive: &Archive, findings: &mut Vec<Finding>) -> Result<(), ArchiveVerifyError> {
    let rows = archive.catalog().pool_files()?;
    orphans(archive, &paths_of(&rows), findings)
}

fn check_file(files: &dyn FileStore, row: &PoolFile, named: &BTreeSet<String>) -> Vec<Finding> {
    let finding = |kind, detail: String| Finding {
        kind,
        path: row.path.clone(),
        detail,
    };
    match store::digest(files, &row.path) {
        Ok(Some((sha256, size))) if sha256 == row.sha256 && size == row.size => Vec::new(),
        Ok(Some((_, size))) if size != row.size => {
            vec![finding(
                FindingKind::PoolCorrupt,
                format!("{size} bytes; the catalog has {}", row.size),
            )]
        }
        Ok(Some((sha256, _))) => vec![finding(
            FindingKind::PoolCorrupt,
            format!("sha256 {sha256}; the catalog has {}", row.sha256),
        )],
        Ok(None) => {
            let mut missing = vec![finding(
                FindingKind::RowWithoutFile,
                format!("the catalog lists it with sha256 {}", row.sha256),
            )];
            if named.contains(&row.path) {
                missing.push(finding(
                    FindingKind::PoolMissing,
                    "listed in a published index".into(),
                ));
            }
            missing
        }
        Err(error) => vec![finding(
            FindingKind::PoolCorrupt,
            format!("cannot be read: {}", with_causes(&error)),
        )],
    }
}

fn orphans(
    archive: &Archive,
    known: &BTreeMap<&str, ()>,
    findings: &mut Vec<Finding>,
) -> Result<(), ArchiveVerifyError> {
    let trees = archive.config().suites.iter().map(Suite::tree);
    for tree in trees.chain([String::new()]).collect::<BTreeSet<String>>() {
        let pool = format!("{tree}pool/");
        for path in archive.files().list(&format!("{tree}pool"))?.into_keys() {
            // The one file that stands in a pool by right without being a package.
            let is_readme = path.strip_prefix(&pool) == Some("README.md");
            if !is_readme && !known.contains_key(path.as_str()) {
                findings.push(Finding {
                    kind: FindingKind::PoolOrphan,
                    path,
                    detail: "not in the catalog".into(),
                });
            }
        }
        for path in archive.files().irregular_files(&format!("{tree}pool"))? {
            findings.push(Finding {
                kind: FindingKind::PoolOrphan,
                path,
                detail: "not a regular file, and nothing that repogen makes in a pool: delete it".into(),
            });
        }
    }
    Ok(())
}
