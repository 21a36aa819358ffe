//! The site beside `dists/`: pages of the packages of public suites (see `archive_site`).
//!
//! Written after InRelease, so that no page names a version that apt does not find, and before the publication is recorded, so that
//! a publish that was cut off is done again and completes it. Pages of new packages come first, then those of others, then the lists that
//! link to them, then what is gone. A record in `state/site` says what the site shows; without one everything is written.

mod packages;
mod record;
mod record_store;
mod root;
mod settings;
mod shown;
mod visibility;
mod writer;
mod wrong_pages;

use std::collections::BTreeSet;

use archive_catalog::{Publication, Snapshot, TextChange};
use archive_site::{
    Change, Changed, Package, Published, Record, RecordState, Site, SiteSuite, SuiteStatus, Update,
};
use archive_storage::staging::Staging;
use archive_storage::store::{StoreError, delete_folder};
use debian_control::name::{PackageName, SuiteName};

use super::error::{PublishError, SiteRecordError};
use super::lease::SuiteLease;
use super::mode::PublishMode;
use super::settings::records_digest;
use crate::archive::Archive;
use crate::config::Suite;

use packages::SitePackages;
use record::SiteRecord;
use record_store::ChangedRecord;
use writer::{SiteWriter, WrittenFiles};
use wrong_pages::Compared;

pub(crate) use record::forget;
pub(super) use root::write as write_root;
pub(super) use settings::site_of;
pub use shown::SiteStraysError;
pub(super) use shown::is_unfinished;
pub(crate) use shown::{strays, strays_of};
pub(crate) use wrong_pages::{WrongPage, wrong_pages, wrong_root};

/// Seconds.
const DAY: i64 = 24 * 60 * 60;
/// How many seconds after the time that it bears a count of downloads may be committed.
const LATE: i64 = 60 * 60;

/// The site of a suite that is being published.
pub(super) struct SuiteSite<'a> {
    pub(super) archive: &'a Archive,
    pub(super) suite: &'a Suite,
    pub(super) publishing: PublishMode,
    pub(super) snapshot: &'a dyn Snapshot,
    pub(super) staging: &'a Staging,
    pub(super) lease: &'a SuiteLease<'a>,
    /// Whether no other machine wrote pages under other settings since this one did.
    pub(super) is_of_one_machine: bool,
}

/// What a site is to show of a suite.
struct Wish<'a> {
    site: &'a Site,
    suite: &'a SiteSuite,
    state: RecordState,
    published: Published,
}

type SuiteRecord<'c, 's> = Record<ChangedRecord<'c, 's>>;

impl SuiteSite<'_> {
    /// Writes the pages that a publication changes, or ends serving those of a suite that is not shown.
    pub(super) fn write(&self, site: Option<&Site>, publication: &Publication) -> Result<(), PublishError> {
        let shown = site.and_then(|site| Some((site, shown(site, self.suite)?)));
        let Some((site, suite)) = shown else {
            return take_down(self.archive, &self.suite.codename);
        };
        let wish = Wish {
            site,
            suite,
            state: RecordState {
                revision: publication.revision,
                published: publication.date,
                // Sections are from the settings, too.
                settings: format!("{} {}", site.digest(suite), records_digest(self.suite)),
            },
            published: published(publication),
        };
        let record = SiteRecord::of(self.archive, &self.suite.codename);
        // One that was cut off may have written any page of what it was about.
        let was_cut_off = record.begin()?;
        match self.write_pages(&wish, &record, was_cut_off) {
            // All pages are written, then, with another record.
            Err(PublishError::SiteRecord(_)) => {
                self.write_pages_anew(&wish, &record)?;
            }
            written => written?,
        }
        record.end()
    }

    fn write_pages(
        &self,
        wish: &Wish<'_>,
        record: &SiteRecord,
        was_cut_off: bool,
    ) -> Result<(), PublishError> {
        // Another machine may have taken the pages down since.
        let is_there = has_pages(self.archive, self.suite.codename.as_str())?;
        if let Some(mut store) = record.open()?.filter(|_| is_there) {
            let mut change = store.change().map_err(SiteRecordError::from)?;
            if self.write_since(wish, &mut change, was_cut_off)? {
                return Ok(change.commit().map_err(SiteRecordError::from)?);
            }
        }
        self.write_pages_anew(wish, record)
    }

    /// Writes what changed since the state that a record is of; `false` where that cannot be known.
    fn write_since(
        &self,
        wish: &Wish<'_>,
        change: &mut TextChange<'_>,
        was_cut_off: bool,
    ) -> Result<bool, PublishError> {
        let Some((record, before)) = Record::open(ChangedRecord(change))? else {
            return Ok(false);
        };
        if !self.is_of_one_machine
            || before.settings != wish.state.settings
            || before.revision > wish.state.revision
        {
            return Ok(false);
        }
        // Another catalog, or one that was restored, counts its revisions in its own way.
        let catalog = self.archive.catalog();
        if catalog.published_at(&self.suite.codename, before.published)? != Some(before.revision) {
            return Ok(false);
        }
        if self.publishing.is_forced() && self.has_wrong_pages(&record)? {
            return Ok(false);
        }
        // Another machine may have written pages since.
        let last = self.snapshot.state().publication.as_ref();
        let is_sure = !was_cut_off && last.is_none_or(|last| last.revision <= before.revision);
        self.write_changes(wish, record, &before, is_sure)?;
        Ok(true)
    }

    /// Says whether pages are missing, or hold something else than what was written.
    fn has_wrong_pages(&self, record: &SuiteRecord<'_, '_>) -> Result<bool, PublishError> {
        let files = self.archive.files();
        // Each look into a bucket is a request.
        let compared = match files.folder() {
            Some(_) => Compared::Contents,
            None => Compared::Sizes,
        };
        let folder = archive_site::suite_folder(self.suite.codename.as_str());
        let wrong = wrong_pages::find(files, &files.list(&folder)?, &record.files()?, compared)?;
        Ok(!wrong.is_empty())
    }

    fn write_pages_anew(&self, wish: &Wish<'_>, record: &SiteRecord) -> Result<(), PublishError> {
        let mut store = record.create()?;
        let mut change = store.change().map_err(SiteRecordError::from)?;
        self.write_all(wish, Record::begin(ChangedRecord(&mut change)))?;
        Ok(change.commit().map_err(SiteRecordError::from)?)
    }

    /// Writes what changed since the state that a record is of.
    fn write_changes(
        &self,
        wish: &Wish<'_>,
        mut record: SuiteRecord<'_, '_>,
        before: &RecordState,
        is_sure: bool,
    ) -> Result<(), PublishError> {
        let packages = SitePackages::new(self.archive, self.suite, self.snapshot);
        let mut changes = Vec::new();
        let mut names: BTreeSet<PackageName> = self
            .snapshot
            .changed_names(Some(before.revision))?
            .into_iter()
            .collect();
        names.extend(downloaded_names(&packages, &mut record, wish.state.published)?);
        for name in names {
            let package = packages.package(&name)?;
            let now = package.as_ref().map(Package::row);
            let mut states = vec![record.put(name.as_str(), now.as_ref())?];
            note_downloads(&mut record, name.as_str(), package.as_ref())?;
            if !is_sure {
                states.push(None);
                states.extend(packages.past_rows(&name, before.revision)?.into_iter().map(Some));
            }
            changes.push(Change {
                name: name.to_string(),
                before: states,
            });
        }
        record.settle()?;
        record.set_state(&wish.state)?;
        let written = self.put(wish, &record, &Changed::Names(changes), &packages)?;
        note_files(&mut record, &written)
    }

    /// Writes everything.
    fn write_all(&self, wish: &Wish<'_>, mut record: SuiteRecord<'_, '_>) -> Result<(), PublishError> {
        let packages = SitePackages::new(self.archive, self.suite, self.snapshot);
        if self.suite.shows_downloads {
            record.set_downloads_read(wish.state.published)?;
        }
        for name in self.snapshot.changed_names(None)? {
            let package = packages.package(&name)?;
            let row = package.as_ref().map(Package::row);
            record.put(name.as_str(), row.as_ref())?;
            note_downloads(&mut record, name.as_str(), package.as_ref())?;
        }
        record.settle()?;
        record.set_state(&wish.state)?;
        let written = self.put(wish, &record, &Changed::Everything, &packages)?;
        note_files(&mut record, &written)?;
        // Whatever else is there is of an earlier state.
        let files = self.archive.files();
        let mut others = files.list(&archive_site::suite_folder(&wish.suite.codename))?;
        others.retain(|path, _| !written.contains_key(path));
        files.delete_all(&others.into_keys().collect::<Vec<_>>())?;
        Ok(())
    }

    fn put(
        &self,
        wish: &Wish<'_>,
        record: &SuiteRecord<'_, '_>,
        changed: &Changed,
        packages: &SitePackages<'_>,
    ) -> Result<WrittenFiles, PublishError> {
        let status = SuiteStatus::new(&wish.suite.codename, &wish.published, record)?;
        let update = Update::new(wish.site, wish.suite, &status, record, changed)?;
        let date = update.published();
        let mut writer = SiteWriter::new((self.archive.files(), self.lease), self.staging, date);
        let put_page = |writer: &mut SiteWriter<'_>, name: &str| {
            let parsed: PackageName = name.parse().expect("rows are of packages in the catalog");
            let files = update.package(name, packages.package(&parsed)?.as_ref())?;
            files.into_iter().try_for_each(|file| writer.put(file))
        };
        // Pages that are there link to new ones, and the lists to all.
        update
            .new_names()
            .try_for_each(|name| put_page(&mut writer, name))?;
        writer.flush()?;
        update.names().try_for_each(|name| put_page(&mut writer, name))?;
        writer.flush()?;
        self.lease.check()?;
        update.lists(&mut |file| writer.put(file))?;
        writer.finish()
    }
}

fn note_files(record: &mut SuiteRecord<'_, '_>, written: &WrittenFiles) -> Result<(), PublishError> {
    written
        .iter()
        .try_for_each(|(path, holds)| Ok(record.set_file(path, holds.as_ref())?))
}

fn note_downloads(
    record: &mut SuiteRecord<'_, '_>,
    name: &str,
    package: Option<&Package>,
) -> Result<(), PublishError> {
    match package.and_then(|package| package.downloads) {
        Some(downloads) => Ok(record.set_downloads(name, downloads)?),
        None => Ok(()),
    }
}

/// Returns the names whose pages say another count of downloads than the catalog, once a day; counts are shown as they were then.
fn downloaded_names(
    packages: &SitePackages<'_>,
    record: &mut SuiteRecord<'_, '_>,
    now: i64,
) -> Result<Vec<PackageName>, PublishError> {
    let Some(read) = record.downloads_read()? else {
        return Ok(Vec::new());
    };
    if read.div_euclid(DAY) >= now.div_euclid(DAY) {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for name in packages.names_downloaded(read - LATE)? {
        let is_listed = record.has(name.as_str())?;
        if is_listed && record.downloads(name.as_str())? != packages.total_downloads(&name)? {
            names.push(name);
        }
    }
    record.set_downloads_read(now)?;
    Ok(names)
}

/// Ends serving the pages of a suite, where there are any.
pub(super) fn take_down(archive: &Archive, codename: &SuiteName) -> Result<(), PublishError> {
    let record = SiteRecord::of(archive, codename);
    if !record.is_there() && !has_pages(archive, codename.as_str())? {
        return Ok(());
    }
    let folder = archive_site::suite_folder(codename.as_str());
    let files = archive.files();
    let mark = mark(codename.as_str());
    let mut pages = files.list(&folder)?;
    pages.remove(&mark);
    files.delete_all(&pages.into_keys().collect::<Vec<_>>())?;
    // Last: by it another machine finds what this one did not come to.
    delete_folder(files, &folder)?;
    record.forget()?;
    Ok(())
}

/// Says whether there are pages of a suite, and not somebody's own files of such names.
fn has_pages(archive: &Archive, codename: &str) -> Result<bool, StoreError> {
    let twin = archive.files().read(&mark(codename))?;
    Ok(twin.is_some_and(|bytes| serde_json::from_slice::<SuiteStatus>(&bytes).is_ok()))
}

/// Returns the path of the file by which the pages of a suite are known.
fn mark(codename: &str) -> String {
    format!("{}/index.json", archive_site::suite_folder(codename))
}

/// Returns a suite as the site shows it.
fn shown<'s>(site: &'s Site, suite: &Suite) -> Option<&'s SiteSuite> {
    site.suites
        .iter()
        .find(|shown| shown.codename == suite.codename.as_str())
}

fn published(publication: &Publication) -> Published {
    Published {
        revision: publication.revision,
        packages: publication.packages,
        date: publication.date,
        valid_until: publication.valid_until,
    }
}
