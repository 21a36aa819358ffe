//! Pages that are missing, or hold something else than what publishing wrote.
//!
//! Where another machine wrote pages since, or a publisher was cut off, what they hold is not known here: then only those are found
//! that are missing.

use std::collections::{BTreeMap, BTreeSet};

use archive_site::{RecordState, WrittenFile, suite_folder};
use archive_storage::store::{self, FileHead, FileStore, StoreError};
use rustix::fs::FlockOperation;

use super::record::SiteRecord;
use super::record_store::ChangedRecord;
use super::shown::{PublishedNames, SiteStraysError, published_names};
use super::{Record, mark, root};
use crate::archive::Archive;
use crate::config::Suite;
use crate::publish::error::SiteRecordError;
use crate::side_by_side::side_by_side;

/// A page that is not as it was written, by its path below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WrongPage {
    /// There is none.
    Missing(String),
    /// It holds something else.
    Other(String),
}

impl WrongPage {
    fn path(&self) -> &str {
        match self {
            Self::Missing(path) | Self::Other(path) => path,
        }
    }
}

/// What of a page is compared with what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Its size, as a listing has it.
    Sizes,
    /// All of it.
    Contents,
}

type WrittenPages = BTreeMap<String, WrittenFile>;

/// Compares what is there with what was written.
pub(super) fn find(
    files: &dyn FileStore,
    there: &BTreeMap<String, FileHead>,
    written: &WrittenPages,
    compared: Compared,
) -> Result<Vec<WrongPage>, StoreError> {
    let written: Vec<(&String, &WrittenFile)> = written.iter().collect();
    let found = side_by_side(&written, |(path, holds)| -> Result<_, StoreError> {
        let Some(head) = there.get(*path) else {
            return Ok(Some(WrongPage::Missing((*path).clone())));
        };
        let is_right = head.size == holds.size
            && (compared == Compared::Sizes
                || store::digest(files, path)?.is_some_and(|(sha256, _)| sha256 == holds.sha256));
        Ok((!is_right).then(|| WrongPage::Other((*path).clone())))
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// Returns the wrong pages of a suite.
pub(crate) fn wrong_pages(archive: &Archive, suite: &Suite) -> Result<Vec<WrongPage>, SiteStraysError> {
    let look = |only: Option<&[WrongPage]>| -> Result<Vec<WrongPage>, SiteStraysError> {
        let Some(published) = published_names(archive, suite)? else {
            return Ok(Vec::new());
        };
        let there = archive.files().list(&suite_folder(suite.codename.as_str()))?;
        let Some(mut written) = written_pages(archive, suite, &published) else {
            return Ok(missing(expected(suite, published), &there));
        };
        if let Some(only) = only {
            let only: BTreeSet<&str> = only.iter().map(WrongPage::path).collect();
            written.retain(|path, _| only.contains(path.as_str()));
        }
        Ok(find(archive.files(), &there, &written, Compared::Contents)?)
    };
    let wrong = look(None)?;
    if wrong.is_empty() {
        return Ok(wrong);
    }
    // While pages are written, some are not what they were: a second look at these, while none are.
    let _lock = archive.lock(
        &format!("publish-{}.lock", suite.codename),
        FlockOperation::LockExclusive,
    );
    look(Some(&wrong))
}

/// Returns the wrong pages at the root, and of what every page refers to.
pub(crate) fn wrong_root(archive: &Archive) -> Result<Vec<WrongPage>, SiteStraysError> {
    let look = || -> Result<Vec<WrongPage>, SiteStraysError> {
        if !root::is_due(archive)? {
            return Ok(Vec::new());
        }
        let files = archive.files();
        let mut there = files.list(&archive_site::assets_folder())?;
        for path in archive_site::ROOT {
            there.extend(files.head(path)?.map(|head| (path.to_owned(), head)));
        }
        match root::written(archive)? {
            Some(written) => Ok(find(files, &there, &written, Compared::Contents)?),
            None => Ok(missing(root::expected(), &there)),
        }
    };
    let wrong = look()?;
    if wrong.is_empty() {
        return Ok(wrong);
    }
    let _lock = archive.lock(root::LOCK, FlockOperation::LockExclusive);
    look()
}

/// Returns what was written of a suite; `None` where that is not known, or something else is published since.
fn written_pages(archive: &Archive, suite: &Suite, published: &PublishedNames) -> Option<WrittenPages> {
    let record = SiteRecord::of(archive, &suite.codename);
    if record.is_unfinished(true) {
        return None;
    }
    // Damaged, it is as good as lost: the next publish makes another one.
    let (state, written) = read(&record).ok().flatten()?;
    (state.published >= published.publication.date).then_some(written)
}

fn read(record: &SiteRecord) -> Result<Option<(RecordState, WrittenPages)>, SiteRecordError> {
    let Some(mut store) = record.open()? else {
        return Ok(None);
    };
    let mut change = store.change()?;
    match Record::open(ChangedRecord(&mut change))? {
        Some((record, state)) => Ok(Some((state, record.files()?))),
        None => Ok(None),
    }
}

/// Returns the pages that a suite has whatever is known of them.
fn expected(suite: &Suite, published: PublishedNames) -> Vec<String> {
    let folder = suite_folder(suite.codename.as_str());
    let own = [format!("{folder}/index.html"), mark(suite.codename.as_str())];
    let of_packages = published.folders.into_iter().flat_map(|folder| {
        // Feeds depend on the settings that were published.
        ["index.html", "index.json", "badge.svg"].map(|file| format!("{folder}/{file}"))
    });
    own.into_iter().chain(of_packages).collect()
}

fn missing(expected: Vec<String>, there: &BTreeMap<String, FileHead>) -> Vec<WrongPage> {
    let missing = expected.into_iter().filter(|path| !there.contains_key(path));
    missing.map(WrongPage::Missing).collect()
}
