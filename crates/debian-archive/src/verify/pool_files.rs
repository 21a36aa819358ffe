//! The pool against the catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use walkdir::WalkDir;

use super::finding::{ArchiveVerifyError, Finding, FindingKind};
use crate::archive::Archive;
use archive_catalog::PoolFile;
use archive_storage::pool;

/// Checks each file that the catalog knows, on all cores, and looks for files that it does not know.
pub(super) fn check(
    archive: &Archive,
    named: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Result<(), ArchiveVerifyError> {
    let rows = archive.catalog().pool_files()?;
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, |count| count.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let wrong = check_file(archive.root(), row, named);
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
    let known: BTreeMap<&str, ()> = rows.iter().map(|row| (row.path.as_str(), ())).collect();
    let unknown = named.iter().filter(|path| !known.contains_key(path.as_str()));
    findings.extend(
        unknown
            .filter(|path| !archive.root().join(path).is_file())
            .map(|path| Finding {
                kind: FindingKind::PoolMissing,
                path: path.clone(),
                detail: "listed in a published index".into(),
            }),
    );
    orphans(archive, &known, findings)
}

/// Looks for files that the catalog does not know.
pub(super) fn unknown(archive: &Archive, findings: &mut Vec<Finding>) -> Result<(), ArchiveVerifyError> {
    let rows = archive.catalog().pool_files()?;
    let known = rows.iter().map(|row| (row.path.as_str(), ())).collect();
    orphans(archive, &known, findings)
}

fn check_file(root: &Path, row: &PoolFile, named: &BTreeSet<String>) -> Vec<Finding> {
    let finding = |kind, detail: String| Finding {
        kind,
        path: row.path.clone(),
        detail,
    };
    match pool::digest_and_size(&root.join(&row.path)) {
        Ok((sha256, size)) if sha256 == row.sha256 && size == row.size => Vec::new(),
        Ok((_, size)) if size != row.size => {
            vec![finding(
                FindingKind::PoolCorrupt,
                format!("{size} bytes; the catalog has {}", row.size),
            )]
        }
        Ok((sha256, _)) => vec![finding(
            FindingKind::PoolCorrupt,
            format!("sha256 {sha256}; the catalog has {}", row.sha256),
        )],
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
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
            format!("cannot be read: {error}"),
        )],
    }
}

fn orphans(
    archive: &Archive,
    known: &BTreeMap<&str, ()>,
    findings: &mut Vec<Finding>,
) -> Result<(), ArchiveVerifyError> {
    let private = archive.config().suites.iter().filter(|suite| suite.private);
    let pools = private
        .map(|suite| archive.tree(suite))
        .chain([archive.root().to_owned()])
        .map(|tree| tree.join("pool"));
    for folder in pools.collect::<BTreeSet<PathBuf>>() {
        for entry in WalkDir::new(&folder).min_depth(1) {
            let entry = match entry {
                Ok(entry) => entry,
                // An archive that nothing was added to has no pool.
                Err(error) if error.depth() == 0 && is_missing(&error) => continue,
                Err(error) => {
                    return Err(ArchiveVerifyError::List {
                        path: error.path().unwrap_or(&folder).to_owned(),
                        source: error.into(),
                    });
                }
            };
            // The one file that stands in a pool by right without being a package.
            let is_readme = entry.depth() == 1 && entry.file_name() == "README.md";
            let path = entry
                .path()
                .strip_prefix(archive.root())
                .expect("only folders of the archive are walked")
                .to_string_lossy()
                .into_owned();
            if !entry.file_type().is_dir() && !is_readme && !known.contains_key(path.as_str()) {
                findings.push(Finding {
                    kind: FindingKind::PoolOrphan,
                    path,
                    detail: "not in the catalog".into(),
                });
            }
        }
    }
    Ok(())
}

fn is_missing(error: &walkdir::Error) -> bool {
    error
        .io_error()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}
