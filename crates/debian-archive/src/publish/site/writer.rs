//! Putting files of the site in place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File as LocalHandle;
use std::io::Write as _;

use archive_site::{File, WrittenFile};
use archive_storage::staging::{StagedPath, Staging, StagingError};
use archive_storage::store::{FileStore, LocalFile, folder_of};

use crate::publish::apply::set_date;
use crate::publish::error::PublishError;
use crate::publish::lease::SuiteLease;
use crate::side_by_side::side_by_side;

/// How many files are put in place, or deleted, together.
const BATCH: usize = 256;

/// Puts files in place batch by batch, and deletes at the end what is gone.
pub(super) struct SiteWriter<'a> {
    files: &'a dyn FileStore,
    /// A publisher that stood still must not write over what a later one wrote.
    lease: &'a SuiteLease<'a>,
    staging: &'a Staging,
    /// The time of the files.
    date: i64,
    pending: Vec<Pending>,
    written: WrittenFiles,
}

/// What was put in place by path; `None` where a file is gone.
pub(super) type WrittenFiles = BTreeMap<String, Option<WrittenFile>>;

/// A file that is staged, and not in place yet.
struct Pending {
    path: String,
    staged: StagedPath,
    handle: LocalHandle,
    holds: WrittenFile,
}

impl<'a> SiteWriter<'a> {
    pub(super) fn new(
        (files, lease): (&'a dyn FileStore, &'a SuiteLease<'a>),
        staging: &'a Staging,
        date: i64,
    ) -> Self {
        Self {
            files,
            lease,
            staging,
            date,
            pending: Vec::new(),
            written: WrittenFiles::new(),
        }
    }

    /// Takes a file; it is in place after [`SiteWriter::flush`] at the latest.
    pub(super) fn put(&mut self, file: File) -> Result<(), PublishError> {
        let (path, bytes) = match file {
            File::Holds(path, bytes) => (path, bytes),
            File::Gone(path) => {
                self.written.insert(path, None);
                return Ok(());
            }
        };
        let (staged, mut handle) = self.staging.create()?;
        handle
            .write_all(&bytes)
            .and_then(|()| set_date(&handle, self.date))
            .map_err(|source| StagingError {
                action: "write",
                path: staged.as_path().to_owned(),
                source,
            })?;
        self.pending.push(Pending {
            path,
            staged,
            handle,
            holds: WrittenFile::of(&bytes),
        });
        if self.pending.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    /// Puts in place what was taken so far: in a folder in the order in which it was taken, in a bucket side by side.
    pub(super) fn flush(&mut self) -> Result<(), PublishError> {
        let pending = std::mem::take(&mut self.pending);
        let (files, lease) = (self.files, self.lease);
        if files.folder().is_some() {
            // What takes time are the syncs.
            side_by_side(&pending, sync)?;
            pending
                .iter()
                .try_for_each(|pending| replace(files, lease, pending))?;
        } else {
            side_by_side(&pending, |pending| replace(files, lease, pending))?;
        }
        let pending = pending.into_iter();
        self.written
            .extend(pending.map(|pending| (pending.path, Some(pending.holds))));
        Ok(())
    }

    /// Deletes what is gone, now that nothing links to it, makes all of it last, and returns what was done.
    pub(super) fn finish(mut self) -> Result<WrittenFiles, PublishError> {
        self.flush()?;
        let gone = self.written.iter().filter(|(_, holds)| holds.is_none());
        let gone: Vec<String> = gone.map(|(path, _)| path.clone()).collect();
        for some in gone.chunks(BATCH) {
            self.lease.check_time()?;
            self.files.delete_all(some)?;
        }
        let folders: BTreeSet<&str> = self.written.keys().map(|path| folder_of(path)).collect();
        self.files.settle(&mut folders.into_iter())?;
        Ok(self.written)
    }
}

/// Makes the bytes of a file last, before its name leads to them.
fn sync(pending: &Pending) -> Result<(), PublishError> {
    let synced = pending.handle.sync_all().map_err(|source| StagingError {
        action: "sync",
        path: pending.staged.as_path().to_owned(),
        source,
    });
    Ok(synced?)
}

fn replace(files: &dyn FileStore, lease: &SuiteLease<'_>, pending: &Pending) -> Result<(), PublishError> {
    lease.check_time()?;
    let local = LocalFile {
        path: pending.staged.as_path(),
        sha256: pending.holds.sha256,
        size: pending.holds.size,
    };
    Ok(files.replace(&pending.path, &local)?)
}
