//! Lists of packages by name: all of a suite, and those of a section.

use askama::Template;
use serde::Serialize;

use crate::division::{Affected, Division, Part};
use crate::file::File;
use crate::layout::Layout;
use crate::list::List;
use crate::paths::{package_folder, slug, suite_folder};
use crate::record::Record;
use crate::record_store::RecordStore;
use crate::row::Row;
use crate::site::{Site, SiteSuite};
use crate::text;
use crate::tree::{self, below};

/// The folder of the list of all packages, below that of the suite.
pub(crate) const ALL: &str = "_all";

/// Returns the folder of the list of a section, below that of the suite.
pub(crate) fn section_folder(section: &str) -> String {
    format!("_section/{}", slug(section))
}

/// Returns what a section is called where one reads it.
pub(crate) fn section_title(section: &str) -> &str {
    if section.is_empty() { "no section" } else { section }
}

/// A list.
pub(crate) struct Listing<'a> {
    pub(crate) site: &'a Site,
    pub(crate) suite: &'a SiteSuite,
    pub(crate) list: List,
    /// Its folder, below that of the suite.
    pub(crate) folder: String,
    pub(crate) title: String,
}

#[derive(Template)]
#[template(path = "listing.html")]
struct ListingPage<'a> {
    layout: Layout<'a>,
    codename: &'a str,
    title: String,
    /// How names of this page begin; empty for any.
    prefix: &'a str,
    count: String,
    parts: Vec<PartView>,
    packages: Vec<RowView<'a>>,
}

struct PartView {
    prefix: String,
    count: String,
    href: String,
}

/// A package in a list.
pub(crate) struct RowView<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) summary: &'a str,
    pub(crate) href: String,
    /// When it came.
    pub(crate) day: String,
}

impl<'a> RowView<'a> {
    pub(crate) fn new(row: &'a Row, layout: &Layout<'_>, codename: &str) -> Self {
        let page = format!("{}/index.html", package_folder(codename, row.name()));
        Self {
            name: row.name(),
            version: row.version(),
            summary: row.summary(),
            href: layout.link(&page),
            day: text::day(row.added_at()),
        }
    }
}

#[derive(Serialize)]
struct ListingJson<'a> {
    suite: &'a str,
    title: &'a str,
    prefix: &'a str,
    total: usize,
    parts: Vec<&'a str>,
    packages: Vec<RowJson<'a>>,
}

#[derive(Serialize)]
struct RowJson<'a> {
    name: &'a str,
    version: &'a str,
    summary: &'a str,
}

impl Listing<'_> {
    /// Visits the pages that show something of the names in `affected`; `names` are those of them that came or went.
    pub(crate) fn pages<S: RecordStore, E: From<S::Error>>(
        &self,
        record: &Record<S>,
        affected: Affected<'_>,
        names: Affected<'_>,
        visit: &mut dyn FnMut(File) -> Result<(), E>,
    ) -> Result<(), E> {
        // A part with parts shows how many names they have, and none of these but one that is as long as its own.
        let shows = |prefix: &str| match (affected, names) {
            (Some(affected), Some(names)) => {
                affected.contains_key(prefix) || below(names, prefix).next().is_some()
            }
            _ => true,
        };
        let division = Division {
            record,
            list: &self.list,
            limit: self.list.limit,
        };
        division.visit(affected, &mut |part| match part {
            Part::Present { prefix, count: 0, .. } if self.folder != ALL => self.gone(prefix, visit),
            Part::Present { prefix, parts, .. } if !parts.is_empty() && !shows(prefix) => Ok(()),
            Part::Present { prefix, count, parts } => {
                let rows = self.rows(record, prefix, !parts.is_empty())?;
                self.page(prefix, count, &parts, &rows, visit)
            }
            Part::Gone { prefix } => self.gone(prefix, visit),
        })
    }

    /// Returns the rows of a part that are in none of its own parts.
    fn rows<S: RecordStore>(
        &self,
        record: &Record<S>,
        prefix: &str,
        is_divided: bool,
    ) -> Result<Vec<Row>, S::Error> {
        let entries = if is_divided {
            tree::exact(&record.store, &self.list, prefix, usize::MAX)?
        } else {
            tree::entries(&record.store, &self.list, prefix, usize::MAX)?
        };
        entries.iter().map(|entry| record.row_of(&entry.name)).collect()
    }

    fn page<E>(
        &self,
        prefix: &str,
        count: usize,
        parts: &[(String, usize)],
        rows: &[Row],
        visit: &mut dyn FnMut(File) -> Result<(), E>,
    ) -> Result<(), E> {
        let name = file_name(prefix);
        let path = format!("{}/{}/{name}", suite_folder(&self.suite.codename), self.folder);
        let codename = self.suite.codename.as_str();
        let title = match prefix {
            "" => self.title.clone(),
            _ => format!("{}: {prefix}…", self.title),
        };
        let layout = Layout::new(self.site, &format!("{path}.html"), title)
            .of_suite(codename)
            .with_twin(format!("{name}.json"));
        let page = ListingPage {
            codename,
            title: self.title.clone(),
            prefix,
            count: text::count(count as u64),
            parts: parts
                .iter()
                .map(|(prefix, count)| part_view(prefix, *count))
                .collect(),
            packages: rows
                .iter()
                .map(|row| RowView::new(row, &layout, codename))
                .collect(),
            layout,
        };
        let twin = ListingJson {
            suite: codename,
            title: &self.title,
            prefix,
            total: count,
            parts: parts.iter().map(|(prefix, _)| prefix.as_str()).collect(),
            packages: rows.iter().map(row_json).collect(),
        };
        visit(File::json(format!("{path}.json"), &twin))?;
        visit(File::page(format!("{path}.html"), &page))
    }

    fn gone<E>(&self, prefix: &str, visit: &mut dyn FnMut(File) -> Result<(), E>) -> Result<(), E> {
        let folder = suite_folder(&self.suite.codename);
        ["html", "json"].into_iter().try_for_each(|ending| {
            let path = format!("{folder}/{}/{}.{ending}", self.folder, file_name(prefix));
            visit(File::Gone(path))
        })
    }
}

fn part_view(prefix: &str, count: usize) -> PartView {
    PartView {
        prefix: prefix.to_owned(),
        count: text::count(count as u64),
        href: crate::paths::href(&format!("{}.html", file_name(prefix))),
    }
}

fn row_json(row: &Row) -> RowJson<'_> {
    RowJson {
        name: row.name(),
        version: row.version(),
        summary: row.summary(),
    }
}

/// Returns the name of the page of a part, without its ending.
pub(crate) fn file_name(prefix: &str) -> String {
    if prefix.is_empty() {
        "index".to_owned()
    } else {
        format!("at-{prefix}")
    }
}
