//! Carrying the steps of a publish out.

use std::collections::BTreeSet;
use std::fs::{File, FileTimes};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::RenameFlags;

use super::error::{PublishError, write_error};
use super::steps::{PublishStep, ReleaseFiles};
use crate::config::Suite;
use crate::sign::Signatures;
use archive_storage::pool;
use archive_storage::staging::{StagedPath, Staging, StagingError};

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
    file.set_times(FileTimes::new().set_modified(time(date)))?;
    file.sync_all()
}

/// A staged Release and its signatures.
pub(super) struct StagedRelease {
    inrelease: StagedPath,
    release: StagedPath,
    signature: StagedPath,
}

impl StagedRelease {
    /// Stages them, with the time of the publish.
    pub(super) fn new(
        staging: &Staging,
        release: &str,
        signatures: &Signatures,
        date: i64,
    ) -> Result<Self, PublishError> {
        Ok(Self {
            inrelease: stage(staging, &signatures.inrelease, date)?,
            release: stage(staging, release.as_bytes(), date)?,
            signature: stage(staging, &signatures.detached, date)?,
        })
    }

    /// Returns where they are staged, for as long as this value lives.
    pub(super) fn files(&self) -> ReleaseFiles<'_> {
        ReleaseFiles {
            inrelease: self.inrelease.as_path(),
            release: self.release.as_path(),
            signature: self.signature.as_path(),
        }
    }
}

/// Carries out `steps` in `dists`, the folder of the suite; `may_go_live` is asked before the first served name changes, and
/// again before the InRelease does.
pub(super) fn apply(
    steps: &[PublishStep],
    dists: &Path,
    staging: &Staging,
    may_go_live: &dyn Fn() -> Result<(), PublishError>,
) -> Result<(), PublishError> {
    let mut is_live = false;
    for step in steps {
        match step {
            PublishStep::Keep { staged, path, sha256 } => {
                let target = dists.join(path);
                make_folder(&target)?;
                match std::fs::hard_link(staged, &target) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        if !pool::digest(&target).is_ok_and(|found| found == *sha256) {
                            replace(staged, &target, staging)?;
                        }
                    }
                    linked => linked.map_err(|source| write_error("write", &target, source))?,
                }
            }
            PublishStep::Replace { staged, path } => {
                if !is_live || path == "InRelease" {
                    may_go_live()?;
                    is_live = true;
                }
                let target = dists.join(path);
                make_folder(&target)?;
                replace(staged, &target, staging)?;
            }
            PublishStep::Sync(folders) => sync_up(folders, dists)?,
            PublishStep::Delete(path) => {
                let target = dists.join(path);
                match std::fs::remove_file(&target) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(write_error("delete", &target, error));
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// Points `dists/ALIAS` at the suite, and takes away what pointed at it under other names.
pub(super) fn alias(dists: &Path, suite: &Suite, staging: &Staging) -> Result<(), PublishError> {
    let wanted = suite
        .alias
        .as_ref()
        .filter(|alias| **alias != suite.codename)
        .map(|alias| dists.join(alias.as_str()));
    let mut changed = false;
    let list = || std::fs::read_dir(dists)?.collect::<io::Result<Vec<_>>>();
    for entry in list().map_err(|source| write_error("read", dists, source))? {
        let path = entry.path();
        let points_here =
            std::fs::read_link(&path).is_ok_and(|target| target == Path::new(suite.codename.as_str()));
        if points_here && Some(&path) != wanted.as_ref() {
            std::fs::remove_file(&path).map_err(|source| write_error("delete", &path, source))?;
            changed = true;
        }
    }
    if let Some(link) = wanted
        && !std::fs::read_link(&link).is_ok_and(|target| target == Path::new(suite.codename.as_str()))
    {
        let temporary = staging.name();
        // The folder of a suite that is gone and had this name changes places with the link, and goes with what is staged.
        let put = |temporary: &Path| {
            if is_folder(&link) {
                let here = rustix::fs::CWD;
                Ok(rustix::fs::renameat_with(
                    here,
                    temporary,
                    here,
                    &link,
                    RenameFlags::EXCHANGE,
                )?)
            } else {
                std::fs::rename(temporary, &link)
            }
        };
        std::os::unix::fs::symlink(suite.codename.as_str(), &temporary)
            .and_then(|()| put(&temporary))
            .map_err(|source| write_error("write", &link, source))?;
        changed = true;
    }
    if changed { sync(dists) } else { Ok(()) }
}

/// Returns whether a path is a folder, and no link to one.
pub(super) fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

/// Writes a small served file if it differs from the existing one.
pub(super) fn write_if_changed(target: &Path, bytes: &[u8], staging: &Staging) -> Result<bool, PublishError> {
    if std::fs::read(target).is_ok_and(|found| found == bytes) {
        return Ok(false);
    }
    let (staged, mut file) = staging.create()?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|source| write_error("write", target, source))?;
    replace(staged.as_path(), target, staging)?;
    sync(target.parent().expect("a served file is in a folder of the tree"))?;
    Ok(true)
}

/// Gives a staged file the name `target`, in one step.
fn replace(staged: &Path, target: &Path, staging: &Staging) -> Result<(), PublishError> {
    let temporary = staging.name();
    std::fs::hard_link(staged, &temporary)
        .and_then(|()| std::fs::rename(&temporary, target))
        .map_err(|source| write_error("write", target, source))?;
    // Where both names are of one file already, rename leaves the temporary one.
    let _ = std::fs::remove_file(&temporary);
    Ok(())
}

/// Syncs folders of the suite, and those above them up to the one that holds `dists/`.
///
/// All of them, since a publisher that was killed may have made one and not come to its sync.
fn sync_up(folders: &BTreeSet<String>, dists: &Path) -> Result<(), PublishError> {
    let top = dists
        .ancestors()
        .nth(2)
        .expect("a suite is in `dists/` of a tree");
    let below: Vec<PathBuf> = folders.iter().map(|folder| dists.join(folder)).collect();
    let all: BTreeSet<&Path> = below
        .iter()
        .flat_map(|folder| folder.ancestors().take_while(|folder| folder.starts_with(top)))
        .collect();
    all.into_iter().rev().try_for_each(sync)
}

fn make_folder(target: &Path) -> Result<(), PublishError> {
    let folder = target.parent().expect("a served file is in a folder of the tree");
    std::fs::create_dir_all(folder).map_err(|source| write_error("make", folder, source))
}

pub(super) fn sync(folder: &Path) -> Result<(), PublishError> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(|source| write_error("sync", folder, source))
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
