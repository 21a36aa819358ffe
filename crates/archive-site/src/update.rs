//! Which files of a suite change with a publication, and what they hold.

use std::collections::{BTreeSet, HashSet};

use crate::badge::badge;
use crate::division::{Affected, Touched, sum};
use crate::feed;
use crate::file::File;
use crate::list::List;
use crate::listing::{ALL, Listing, section_folder, section_title};
use crate::package::Package;
use crate::package_page::{self, NEEDED_BY, PackageContext};
use crate::paths::{package_files, package_folder};
use crate::record::Record;
use crate::record_store::RecordStore;
use crate::row::Row;
use crate::search;
use crate::site::{Site, SiteSuite};
use crate::sitemap;
use crate::status::SuiteStatus;
use crate::suite_page::{self, NEWEST};

/// A name that may have changed since the site was written.
#[derive(Debug, Clone)]
pub struct Change {
    /// The name.
    pub name: String,
    /// What pages may show of it: the row that the site was written from, `None` where it had none. More than one where it is not
    /// sure which.
    pub before: Vec<Option<Row>>,
}

/// What changed since the site was written.
#[derive(Debug, Clone)]
pub enum Changed {
    /// It is not known: everything is written.
    Everything,
    /// Nothing but these.
    Names(Vec<Change>),
}

/// The change of a suite's pages with one publication.
///
/// Who follows links finds what they lead to when the files are put in place in the order of the methods: [`Update::package`] for each
/// of [`Update::new_names`], to whose pages nothing leads yet but other new ones; then for each of [`Update::names`], then
/// [`Update::lists`]; and last what is [`File::Gone`].
#[derive(Debug)]
pub struct Update<'a, S> {
    site: &'a Site,
    suite: &'a SiteSuite,
    status: &'a SuiteStatus,
    record: &'a Record<S>,
    new_names: BTreeSet<String>,
    names: BTreeSet<String>,
    lists: ChangedLists,
}

/// Which lists change; `None` for all of them.
#[derive(Debug)]
struct ChangedLists {
    /// Names whose row changed, and the sections that they were or are in.
    rows: Option<(Touched, BTreeSet<String>)>,
    /// Names that came or went.
    names: Option<Touched>,
    /// Words by which something is found, or no longer.
    keys: Option<Touched>,
}

impl ChangedLists {
    const ALL: Self = Self {
        rows: None,
        names: None,
        keys: None,
    };
}

impl<'a, S: RecordStore> Update<'a, S> {
    /// Compares; `record` has what the suite holds now.
    pub fn new(
        site: &'a Site,
        suite: &'a SiteSuite,
        status: &'a SuiteStatus,
        record: &'a Record<S>,
        changed: &Changed,
    ) -> Result<Self, S::Error> {
        let mut new_names = BTreeSet::new();
        let (mut names, lists) = match changed {
            Changed::Everything => (record.names()?.into_iter().collect(), ChangedLists::ALL),
            Changed::Names(changes) => {
                let names = changes
                    .iter()
                    .map(|change| Ok((change, record.row(&change.name)?)));
                let changes: Vec<_> = names.collect::<Result<_, S::Error>>()?;
                new_names.extend(changes.iter().filter_map(new_name));
                (affected_names(record, &changes)?, changed_lists(&changes))
            }
        };
        names.retain(|name| !new_names.contains(name));
        Ok(Self {
            site,
            suite,
            status,
            record,
            new_names,
            names,
            lists,
        })
    }

    /// Returns the time of the publication, in Unix seconds.
    pub fn published(&self) -> i64 {
        self.status.published
    }

    /// Returns the names that may have no pages yet; none where everything is written.
    pub fn new_names(&self) -> impl Iterator<Item = &str> {
        self.new_names.iter().map(String::as_str)
    }

    /// Returns the other names whose own pages change.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Returns the files of a name, with what the suite holds of it.
    pub fn package(&self, name: &str, package: Option<&Package>) -> Result<Vec<File>, S::Error> {
        let codename = &self.suite.codename;
        let Some(package) = package else {
            return Ok(package_files(codename, name).map(File::Gone).into());
        };
        let mut present = HashSet::new();
        for target in package.targets(|_| true) {
            if self.record.has(&target)? {
                present.insert(target);
            }
        }
        let (needed_by, needed_by_total) = self.record.needed_by(name, NEEDED_BY)?;
        let context = PackageContext {
            site: self.site,
            suite: self.suite,
            present: &present,
            needed_by: &needed_by,
            needed_by_total,
        };
        let version = package.newest().package.version().to_string();
        let folder = package_folder(codename, name);
        let mut files = vec![File::text(
            format!("{folder}/badge.svg"),
            badge(codename, &version),
        )];
        files.extend(feed::of_package(self.site, codename, package));
        files.extend(package_page::files(package, &context));
        Ok(files)
    }

    /// Visits the files that are about many packages.
    pub fn lists<E: From<S::Error>>(&self, visit: &mut dyn FnMut(File) -> Result<(), E>) -> Result<(), E> {
        let codename = self.suite.codename.as_str();
        let record = self.record;
        let (rows, sections): (Affected<'_>, BTreeSet<String>) = match &self.lists.rows {
            None => {
                let sections = record.sections()?;
                (None, sections.into_iter().map(|(section, _)| section).collect())
            }
            Some((names, sections)) => (Some(names), sections.clone()),
        };
        let names = self.lists.names.as_ref();
        self.listing(List::all(), ALL.to_owned(), "All packages")
            .pages(record, rows, names, visit)?;
        for section in &sections {
            let (folder, title) = (section_folder(section), section_title(section));
            self.listing(List::section(section), folder, title)
                .pages(record, rows, names, visit)?;
        }
        search::shards(codename, record, self.lists.keys.as_ref(), visit)?;
        if names.is_none_or(|names| !names.is_empty()) {
            sitemap::of_suite(self.site, codename, record, names, visit)?;
        }
        let newest = record.newest(NEWEST)?;
        feed::of_suite(self.site, codename, self.status.published, &newest)
            .into_iter()
            .try_for_each(&mut *visit)?;
        suite_page::files(self.site, self.suite, self.status, record, &newest, visit)
    }

    fn listing(&self, list: List, folder: String, title: &str) -> Listing<'a> {
        Listing {
            site: self.site,
            suite: self.suite,
            list,
            folder,
            title: title.to_owned(),
        }
    }
}

/// A change, and what the suite holds of its name now.
type ChangeNow<'c> = (&'c Change, Option<Row>);

/// Returns the name of a change where it may have come.
fn new_name((change, now): &ChangeNow<'_>) -> Option<String> {
    let is_new = now.is_some() && change.before.contains(&None);
    is_new.then(|| change.name.clone())
}

/// Returns the names whose pages change: those that changed, those that they need or needed, and where one came or went, those that
/// link to it.
fn affected_names<S: RecordStore>(
    record: &Record<S>,
    changes: &[ChangeNow<'_>],
) -> Result<BTreeSet<String>, S::Error> {
    let mut names = BTreeSet::new();
    let mut needs = BTreeSet::new();
    for (change, now) in changes {
        names.insert(change.name.clone());
        let needed = |row: &Option<Row>| -> BTreeSet<String> {
            let needs = row.iter().flat_map(Row::needs);
            needs.map(str::to_owned).collect()
        };
        let needed_now = needed(now);
        for before in &change.before {
            needs.extend(needed(before).symmetric_difference(&needed_now).cloned());
        }
        if change
            .before
            .iter()
            .any(|before| before.is_some() != now.is_some())
        {
            names.extend(record.linked_by(&change.name)?);
        }
    }
    for name in needs {
        if record.has(&name)? {
            names.insert(name);
        }
    }
    Ok(names)
}

fn changed_lists(changes: &[ChangeNow<'_>]) -> ChangedLists {
    let (mut row_names, mut names, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    let mut sections = BTreeSet::new();
    for (change, now) in changes {
        let name = change.name.as_str();
        for before in change.before.iter().filter(|before| *before != now) {
            row_names.push((name, 1));
            let states = || before.iter().chain(now);
            sections.extend(states().map(|row| row.section().to_owned()));
            if before.is_some() != now.is_some() {
                names.push((name, 1));
            }
            let is_found_alike = match (before, now) {
                (Some(before), Some(now)) => before.summary() == now.summary(),
                _ => false,
            };
            if !is_found_alike {
                keys.extend(states().flat_map(Row::keys).map(|key| (key, 1)));
            }
        }
    }
    ChangedLists {
        rows: Some((sum(row_names.into_iter()), sections)),
        names: Some(sum(names.into_iter())),
        keys: Some(sum(keys.into_iter())),
    }
}
