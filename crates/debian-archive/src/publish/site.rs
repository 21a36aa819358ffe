//! The site beside `dists/`: pages of the packages of public suites (see `archive_site`).
//!
//! Written after InRelease, so that no page names a version that apt does not find, and before the publication is recorded, so that
//! a publish that was cut off is done again and completes it. Pages of packages come first, then the lists that link to them, then
//! what is gone. A record in `state/site` says what the site shows; without one everything is written.

mod packages;
mod record;
mod root;
mod settings;
mod shown;
mod writer;

use std::collections::{BTreeMap, BTreeSet};

use archive_catalog::{Publication, Snapshot};
use archive_site::{Change, Changed, Published, Record, Row, Rows, Site, SiteSuite, SuiteStatus, Update};
use archive_storage::staging::Staging;
use archive_storage::store::{StoreError, delete_folder};
use debian_control::name::{PackageName, SuiteName};

use super::error::PublishError;
use super::lease::SuiteLease;
use crate::archive::Archive;
use crate::config::Suite;

use packages::SitePackages;
use record::SiteRecord;
use writer::SiteWriter;

pub(crate) use record::forget;
pub(super) use root::write as write_root;
pub(super) use settings::site_of;
pub use shown::SiteStraysError;
pub(super) use shown::is_unfinished;
pub(crate) use shown::{strays, strays_of};

/// The site of a suite that is being published.
pub(super) struct SuiteSite<'a> {
    pub(super) archive: &'a Archive,
    pub(super) suite: &'a Suite,
    pub(super) snapshot: &'a dyn Snapshot,
    pub(super) staging: &'a Staging,
    pub(super) lease: &'a SuiteLease<'a>,
}

/// What a site is to show of a suite.
struct Wish<'a> {
    site: &'a Site,
    suite: &'a SiteSuite,
    settings: String,
    published: Published,
}

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
            settings: site.digest(suite),
            published: published(publication),
        };
        let record = SiteRecord::of(self.archive, &self.suite.codename);
        // One that was cut off may have written any page of what it was about.
        let was_cut_off = record.begin()?;
        let text = record.read()?;
        // Another machine may have taken the pages down since.
        let is_there = has_pages(self.archive, self.suite.codename.as_str())?;
        let before = text
            .as_deref()
            .filter(|_| is_there)
            .and_then(|text| Record::parse(text).ok())
            .filter(|before| before.settings == wish.settings && before.revision <= publication.revision);
        let last = self.snapshot.state().publication.as_ref();
        let after = match &before {
            Some(before) => {
                // Another machine may have written pages since.
                let is_sure = !was_cut_off && last.is_none_or(|last| last.revision <= before.revision);
                self.write_changes(&wish, before, is_sure)?
            }
            None => self.write_all(&wish)?,
        };
        record.end(&after)
    }

    /// Writes what changed since a record, and returns the new one.
    fn write_changes(
        &self,
        wish: &Wish<'_>,
        before: &Record<'_>,
        is_sure: bool,
    ) -> Result<String, PublishError> {
        let packages = SitePackages::new(self.suite, self.snapshot);
        let names = self.snapshot.changed_names(Some(before.revision))?;
        let mut lines = BTreeMap::new();
        let mut past: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in &names {
            lines.insert(
                name.as_str(),
                packages.package(name)?.map(|package| package.row()),
            );
            if !is_sure {
                past.insert(name.as_str(), packages.past_rows(name, before.revision)?);
            }
        }
        let now: BTreeMap<&str, Option<Row<'_>>> = lines
            .iter()
            .map(|(name, line)| (*name, line.as_deref().map(row)))
            .collect();
        let rows = before.rows.with(&now);
        let mut changes = Vec::new();
        for name in lines.keys().copied() {
            let mut states = vec![before.rows.get(name)];
            if let Some(past) = past.get(name) {
                states.push(None);
                states.extend(past.iter().map(|line| Some(row(line))));
            }
            changes.push(Change { name, before: states });
        }
        let changed = Changed::Names(changes);
        let status = SuiteStatus::new(&wish.suite.codename, &wish.published, &rows);
        let update = Update::new(wish.site, wish.suite, &status, &rows, &changed);
        self.put(&update, &packages, &mut |_| {})?;
        Ok(record(wish, rows.clone()))
    }

    /// Writes everything, and returns the record of it.
    fn write_all(&self, wish: &Wish<'_>) -> Result<String, PublishError> {
        let packages = SitePackages::new(self.suite, self.snapshot);
        let lines = packages.all_rows()?;
        let rows = Rows::new(lines.iter().map(|line| row(line)).collect());
        let status = SuiteStatus::new(&wish.suite.codename, &wish.published, &rows);
        let update = Update::new(wish.site, wish.suite, &status, &rows, &Changed::Everything);
        let mut written = BTreeSet::new();
        self.put(&update, &packages, &mut |path| {
            written.insert(path.to_owned());
        })?;
        // Whatever else is there is of an earlier state.
        let files = self.archive.files();
        let folder = archive_site::suite_folder(&wish.suite.codename);
        for path in files
            .list(&folder)?
            .into_keys()
            .filter(|path| !written.contains(path))
        {
            files.delete(&path)?;
        }
        Ok(record(wish, rows.clone()))
    }

    fn put(
        &self,
        update: &Update<'_>,
        packages: &SitePackages<'_>,
        written: &mut dyn FnMut(&str),
    ) -> Result<(), PublishError> {
        let date = update.published();
        let mut writer = SiteWriter::new(self.archive.files(), self.staging, date, written);
        for name in update.names() {
            // A publisher that stood still must not write over what a later one wrote.
            self.lease.check()?;
            let parsed: PackageName = name.parse().expect("rows are of packages in the catalog");
            for file in update.package(name, packages.package(&parsed)?.as_ref()) {
                writer.put(file)?;
            }
        }
        // The lists link to the pages.
        writer.flush()?;
        self.lease.check()?;
        let mut failed = None;
        update.lists(&mut |file| {
            if failed.is_none() {
                failed = writer.put(file).err();
            }
        });
        match failed {
            Some(error) => Err(error),
            None => writer.finish(),
        }
    }
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
    for path in files.list(&folder)?.into_keys().filter(|path| *path != mark) {
        files.delete(&path)?;
    }
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

fn record(wish: &Wish<'_>, rows: Rows<'_>) -> String {
    let record = Record {
        revision: wish.published.revision,
        settings: &wish.settings,
        rows,
    };
    record.render()
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

fn row(line: &str) -> Row<'_> {
    Row::parse(line).expect("`Package::row` wrote it")
}
