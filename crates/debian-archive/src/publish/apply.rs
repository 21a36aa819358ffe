//! Carrying the steps of a publish out.

use std::fs::{File, FileTimes};
use std::io::{self, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use archive_catalog::CatalogError;
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use super::error::PublishError;
use super::lease::SuiteLease;
use super::steps::{PublishStep, ReleaseFiles, StagedFile};
use crate::sign::Signatures;
use archive_storage::staging::{StagedPath, Staging, StagingError};
use archive_storage::store::{FileHead, FileStore, LocalFile, PutNew, folder_of};

/// Stages a small file, synced, with the time of the publish.
pub(super) fn stage(staging: &Staging, bytes: &[u8], date: i64) -> Result<StagedPath, PublishError> {
    let (path, mut file) = staging.create()?;
    file.write_all(bytes)
        .and_then(|()| finish(&file, date))
        .map_err(|source| StagingError {
            action: "write",
            path: path.as_path().to_owned(),
            source,
        })?;
    Ok(path)
}

/// Gives a staged file the time of its publish and makes its bytes last.
///
/// apt asks by If-Modified-Since, which is why the time must rise with every publish as the Date does.
pub(super) fn finish(file: &File, date: i64) -> io::Result<()> {
    set_date(file, date)?;
    file.sync_all()
}

/// Gives a staged file the time of its publish.
pub(super) fn set_date(file: &File, date: i64) -> io::Result<()> {
    file.set_times(FileTimes::new().set_modified(time(date)))
}

/// A staged Release and its signatures.
pub(super) struct StagedRelease {
    inrelease: StagedFile,
    release: StagedFile,
    signature: StagedFile,
    /// Deletes them with this value.
    _paths: [StagedPath; 3],
}

impl StagedRelease {
    /// Stages them, with the time of the publish.
    pub(super) fn new(
        staging: &Staging,
        release: &str,
        signatures: &Signatures,
        date: i64,
    ) -> Result<Self, PublishError> {
        let stage_one = |bytes: &[u8]| -> Result<(StagedFile, StagedPath), PublishError> {
            let path = stage(staging, bytes, date)?;
            let file = StagedFile {
                path: path.as_path().to_owned(),
                sha256: Sha256::of(bytes),
                size: bytes.len() as u64,
            };
            Ok((file, path))
        };
        let (inrelease, first) = stage_one(&signatures.inrelease)?;
        let (release, second) = stage_one(release.as_bytes())?;
        let (signature, third) = stage_one(&signatures.detached)?;
        Ok(Self {
            inrelease,
            release,
            signature,
            _paths: [first, second, third],
        })
    }

    /// Returns where they are staged, for as long as this value lives.
    pub(super) fn files(&self) -> ReleaseFiles<'_> {
        ReleaseFiles {
            inrelease: &self.inrelease,
            release: &self.release,
            signature: &self.signature,
        }
    }
}

/// Where a publish goes.
pub(super) struct PublishTarget<'a> {
    pub(super) files: &'a dyn FileStore,
    /// The folder of the suite, below the root.
    pub(super) dists: &'a str,
    /// The InRelease that it takes the place of.
    pub(super) before: Option<&'a FileHead>,
    /// Asked before the first served name changes, and again before the InRelease does; of the others the clock is asked.
    pub(super) lease: &'a SuiteLease<'a>,
    /// Codename, for what is said when another publisher was faster.
    pub(super) suite: &'a SuiteName,
}

/// Carries out `steps`.
pub(super) fn apply(steps: &[PublishStep], target: &PublishTarget<'_>) -> Result<(), PublishError> {
    let changes_names = |step: &PublishStep| !matches!(step, PublishStep::Keep { .. } | PublishStep::Sync(_));
    let first = steps.iter().position(changes_names).unwrap_or(steps.len());
    let (before, names) = steps.split_at(first);
    before.iter().try_for_each(|step| carry_out(step, target))?;
    target.lease.check()?;
    let changed = names.iter().try_for_each(|step| carry_out(step, target));
    changed.map_err(PublishError::after_names_changed)
}

fn carry_out(step: &PublishStep, target: &PublishTarget<'_>) -> Result<(), PublishError> {
    let PublishTarget { files, dists, .. } = target;
    match step {
        PublishStep::Keep { staged, path } => {
            let path = format!("{dists}/{path}");
            if files.put_new(&path, &staged.local())? == PutNew::Other {
                // A damaged one: no client could use it.
                files.delete(&path)?;
                files.put_new(&path, &staged.local())?;
            }
        }
        PublishStep::Replace { staged, path } => {
            let is_last = path == "InRelease";
            let path = format!("{dists}/{path}");
            if !is_last {
                target.lease.check_time()?;
                // Not `FileStore::copy` from by-hash, though a bucket has the bytes already: a copy is cached as long as what it
                // is a copy of, and this name changes.
                files.replace(&path, &staged.local())?;
            } else {
                target.lease.check()?;
                if !files.replace_if(&path, &staged.local(), target.before)? {
                    return Err(CatalogError::LeaseLost(target.suite.clone()).into());
                }
            }
        }
        PublishStep::Sync(folders) => {
            let folders: Vec<String> = folders.iter().map(|folder| format!("{dists}/{folder}")).collect();
            files.settle(&mut folders.iter().map(String::as_str))?;
        }
        PublishStep::Delete(path) => {
            target.lease.check_time()?;
            files.delete(&format!("{dists}/{path}"))?;
        }
    }
    Ok(())
}

/// Writes a small served file in place of the one that is there.
pub(super) fn write(
    files: &dyn FileStore,
    path: &str,
    bytes: &[u8],
    staging: &Staging,
) -> Result<(), PublishError> {
    let (staged, mut file) = staging.create()?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|source| StagingError {
            action: "write",
            path: staged.as_path().to_owned(),
            source,
        })?;
    let local = LocalFile {
        path: staged.as_path(),
        sha256: Sha256::of(bytes),
        size: bytes.len() as u64,
    };
    files.replace(path, &local)?;
    Ok(files.settle(&mut [folder_of(path)].into_iter())?)
}

fn time(seconds: i64) -> SystemTime {
    let span = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        UNIX_EPOCH - span
    } else {
        UNIX_EPOCH + span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_is_not_made_1970() {
        assert_eq!(time(-5), UNIX_EPOCH - Duration::from_secs(5));
        assert_eq!(time(5), UNIX_EPOCH + Duration::from_secs(5));
    }
}
