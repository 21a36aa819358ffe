//! Which files of a suite change with a publication, and what they hold.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::badge::badge;
use crate::division::{Affected, Touched, sum};
use crate::feed;
use crate::file::File;
use crate::listing::{ALL, Listing, section_folder, section_title};
use crate::package::Package;
use crate::package_page::{self, PackageContext};
use crate::paths::{package_files, package_folder};
use crate::row::{Row, Rows};
use crate::search;
use crate::site::{Site, SiteSuite};
use crate::sitemap;
use crate::status::SuiteStatus;
use crate::suite_page;

/// A name that may have changed since the site was written.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// The name.
    pub name: &'a str,
    /// What pages may show of it: the row that the site was written from, `None` where it had none. More than one where it is not
    /// sure which.
    pub before: Vec<Option<Row<'a>>>,
}

/// What changed since the site was written.
#[derive(Debug, Clone)]
pub enum Changed<'a> {
    /// It is not known: everything is written.
    Everything,
    /// Nothing but these.
    Names(Vec<Change<'a>>),
}

/// The change of a suite's pages with one publication.
///
/// Links lead to what is there when the files are put in place in the order of the methods: [`Update::package`] for each of
/// [`Update::names`], then [`Update::lists`]; and last what is [`File::Gone`].
#[derive(Debug)]
pub struct Update<'a> {
    site: &'a Site,
    suite: &'a SiteSuite,
    status: &'a SuiteStatus,
    rows: &'a Rows<'a>,
    names: BTreeSet<&'a str>,
    lists: Lists,
    needed_by: HashMap<&'a str, Vec<&'a str>>,
}

/// Which lists change; `None` for all of them.
#[derive(Debug)]
struct Lists {
    /// Names whose row changed, and the sections that they were or are in.
    rows: Option<(Touched, BTreeSet<String>)>,
    /// Names that came or went.
    names: Option<Touched>,
    /// Words by which something is found, or no longer.
    keys: Option<Touched>,
}

impl<'a> Update<'a> {
    /// Compares; `rows` are what the suite holds now.
    pub fn new(
        site: &'a Site,
        suite: &'a SiteSuite,
        status: &'a SuiteStatus,
        rows: &'a Rows<'a>,
        changed: &Changed<'a>,
    ) -> Self {
        let (names, lists) = match changed {
            Changed::Everything => {
                let names = rows.all().iter().map(|row| row.name()).collect();
                (
                    names,
                    Lists {
                        rows: None,
                        names: None,
                        keys: None,
                    },
                )
            }
            Changed::Names(changes) => (affected_names(rows, changes), changed_lists(rows, changes)),
        };
        let needed_by = needed_by(rows, &names);
        Self {
            site,
            suite,
            status,
            rows,
            names,
            lists,
            needed_by,
        }
    }

    /// Returns the time of the publication, in Unix seconds.
    pub fn published(&self) -> i64 {
        self.status.published
    }

    /// Returns the names whose own pages change.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.names.iter().copied()
    }

    /// Returns the files of a name, with what the suite holds of it.
    pub fn package(&self, name: &str, package: Option<&Package>) -> Vec<File> {
        let codename = &self.suite.codename;
        let Some(package) = package else {
            return package_files(codename, name).map(File::Gone).into();
        };
        let context = PackageContext {
            site: self.site,
            suite: self.suite,
            rows: self.rows,
            needed_by: self.needed_by.get(name).map_or(&[], Vec::as_slice),
        };
        let version = package.newest().package.version().to_string();
        let folder = package_folder(codename, name);
        let mut files: Vec<File> = package_page::files(package, &context).into();
        files.push(File::text(
            format!("{folder}/badge.svg"),
            badge(codename, &version),
        ));
        files.extend(feed::of_package(self.site, codename, package));
        files
    }

    /// Visits the files that are about many packages.
    pub fn lists(&self, visit: &mut dyn FnMut(File)) {
        let codename = self.suite.codename.as_str();
        let rows = self.rows;
        let (row_names, sections) = match &self.lists.rows {
            None => (
                None,
                rows.all().iter().map(|row| row.section().to_owned()).collect(),
            ),
            Some((names, sections)) => (Some(names), sections.clone()),
        };
        self.listing(ALL.to_owned(), "All packages")
            .pages(rows.all(), affected(row_names), visit);
        for section in &sections {
            let here: Vec<Row<'_>> = rows
                .all()
                .iter()
                .filter(|row| row.section() == section.as_str())
                .copied()
                .collect();
            self.listing(section_folder(section), section_title(section))
                .pages(&here, affected(row_names), visit);
        }
        search::shards(codename, rows, affected(self.lists.keys.as_ref()), visit);
        if self.lists.names.as_ref().is_none_or(|names| !names.is_empty()) {
            sitemap::of_suite(
                self.site,
                codename,
                rows,
                affected(self.lists.names.as_ref()),
                visit,
            );
        }
        let newest = suite_page::newest(rows);
        feed::of_suite(self.site, codename, self.status.published, &newest)
            .into_iter()
            .for_each(&mut *visit);
        suite_page::files(self.site, self.suite, self.status, rows, visit);
    }

    fn listing(&self, folder: String, title: &str) -> Listing<'a> {
        Listing {
            site: self.site,
            suite: self.suite,
            folder,
            title: title.to_owned(),
        }
    }
}

fn affected(touched: Option<&Touched>) -> Affected<'_> {
    touched.map_or(Affected::All, Affected::Under)
}

/// Returns the names whose pages change: those that changed, those that they need or needed, and where one came or went, those that
/// link to it.
fn affected_names<'a>(rows: &Rows<'a>, changes: &[Change<'a>]) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    let mut came_or_went = HashSet::new();
    for change in changes {
        names.insert(change.name);
        let now = rows.get(change.name);
        let needs = |row: Option<Row<'a>>| -> BTreeSet<&'a str> {
            row.map(|row| row.needs().collect()).unwrap_or_default()
        };
        for before in &change.before {
            if before.is_some() != now.is_some() {
                came_or_went.insert(change.name);
            }
            let changed: Vec<&str> = needs(*before)
                .symmetric_difference(&needs(now))
                .copied()
                .collect();
            names.extend(changed.into_iter().filter(|name| rows.get(name).is_some()));
        }
    }
    if !came_or_went.is_empty() {
        let is_linked = |name: &str| came_or_went.contains(name);
        let linking = rows
            .all()
            .iter()
            .filter(|row| row.needs().chain(row.mentions()).any(is_linked));
        names.extend(linking.map(|row| row.name()));
    }
    names
}

fn changed_lists(rows: &Rows<'_>, changes: &[Change<'_>]) -> Lists {
    let (mut row_names, mut names, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    let mut sections = BTreeSet::new();
    for change in changes {
        let now = rows.get(change.name);
        for before in change.before.iter().filter(|before| **before != now) {
            row_names.push((change.name, 1));
            let states = || before.iter().chain(now.iter());
            sections.extend(states().map(|row| row.section().to_owned()));
            if before.is_some() != now.is_some() {
                names.push((change.name, 1));
            }
            let is_found_alike = match (before, now) {
                (Some(before), Some(now)) => before.summary() == now.summary(),
                _ => false,
            };
            if !is_found_alike {
                keys.extend(states().flat_map(|row| row.keys()).map(|key| (key, 1)));
            }
        }
    }
    Lists {
        rows: Some((sum(row_names.into_iter()), sections)),
        names: Some(sum(names.into_iter())),
        keys: Some(sum(keys.into_iter())),
    }
}

/// Returns, for each of `names`, the names that cannot be installed without it, in order.
fn needed_by<'a>(rows: &Rows<'a>, names: &BTreeSet<&'a str>) -> HashMap<&'a str, Vec<&'a str>> {
    let wanted: HashSet<&str> = names.iter().copied().collect();
    // Of a few names, most needs differ in their length: a look at it is cheaper than a digest.
    let lengths: HashSet<usize> = names.iter().map(|name| name.len()).collect();
    let longest = lengths.iter().max().map_or(0, |longest| longest + 1);
    let is_length: Vec<bool> = (0..longest).map(|length| lengths.contains(&length)).collect();
    let is_wanted = |name: &&str| is_length.get(name.len()) == Some(&true) && wanted.contains(name);
    let mut needed: HashMap<&'a str, Vec<&'a str>> = HashMap::new();
    for row in rows.all() {
        for need in row.needs().filter(is_wanted) {
            needed.entry(need).or_default().push(row.name());
        }
    }
    needed
}
