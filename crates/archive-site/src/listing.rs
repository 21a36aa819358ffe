//! Lists of packages by name: all of a suite, and those of a section.

use askama::Template;
use serde::Serialize;

use crate::division::{Affected, Division, Entry, Part, Touched};
use crate::file::File;
use crate::layout::Layout;
use crate::paths::{package_folder, slug, suite_folder};
use crate::row::Row;
use crate::site::{Site, SiteSuite};
use crate::text;

/// How many packages a page lists.
const LIMIT: usize = 150;
/// The most letters by which names are told apart.
const DEPTH: usize = 24;

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
    pub(crate) fn new(row: Row<'a>, layout: &Layout<'_>, codename: &str) -> Self {
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

impl<'a> Listing<'a> {
    /// Visits the pages that names in `touched` are on, or all of them.
    pub(crate) fn pages(&self, rows: &'a [Row<'a>], affected: Affected<'_>, visit: &mut dyn FnMut(File)) {
        let entries: Vec<Entry<'a>> = rows.iter().map(|row| Entry { key: row.name(), row }).collect();
        let division = Division {
            limit: LIMIT,
            depth: DEPTH,
            affected,
        };
        division.visit("", &entries, &mut |part| match part {
            Part::Present { prefix, entries, .. } if entries.is_empty() && self.folder != ALL => {
                self.gone(prefix, visit);
            }
            Part::Present {
                prefix,
                entries,
                parts,
            } => self.page(prefix, entries, parts, visit),
            Part::Gone { prefix } => self.gone(prefix, visit),
        });
    }

    fn page(
        &self,
        prefix: &str,
        entries: &[Entry<'a>],
        parts: Option<Vec<(String, usize)>>,
        visit: &mut dyn FnMut(File),
    ) {
        let name = file_name(prefix);
        let path = format!("{}/{}/{name}", suite_folder(&self.suite.codename), self.folder);
        let codename = self.suite.codename.as_str();
        let title = match prefix {
            "" => self.title.clone(),
            _ => format!("{}: {prefix}…", self.title),
        };
        // Those that are in none of the parts are listed here.
        let is_here = |entry: &&Entry<'_>| parts.is_none() || entry.key.len() == prefix.len();
        let here: Vec<Row<'a>> = entries.iter().filter(is_here).map(|entry| *entry.row).collect();
        let parts = parts.unwrap_or_default();
        let layout = Layout::new(self.site, &format!("{path}.html"), title)
            .of_suite(codename)
            .with_twin(format!("{name}.json"));
        let page = ListingPage {
            codename,
            title: self.title.clone(),
            prefix,
            count: text::count(entries.len() as u64),
            parts: parts
                .iter()
                .map(|(prefix, count)| part_view(prefix, *count))
                .collect(),
            packages: here
                .iter()
                .map(|row| RowView::new(*row, &layout, codename))
                .collect(),
            layout,
        };
        visit(File::page(format!("{path}.html"), &page));
        let row = |row: &Row<'a>| RowJson {
            name: row.name(),
            version: row.version(),
            summary: row.summary(),
        };
        let twin = ListingJson {
            suite: codename,
            title: &self.title,
            prefix,
            total: entries.len(),
            parts: parts.iter().map(|(prefix, _)| prefix.as_str()).collect(),
            packages: here.iter().map(row).collect(),
        };
        visit(File::json(format!("{path}.json"), &twin));
    }

    fn gone(&self, prefix: &str, visit: &mut dyn FnMut(File)) {
        let folder = suite_folder(&self.suite.codename);
        for ending in ["html", "json"] {
            let path = format!("{folder}/{}/{}.{ending}", self.folder, file_name(prefix));
            visit(File::Gone(path));
        }
    }
}

fn part_view(prefix: &str, count: usize) -> PartView {
    PartView {
        prefix: prefix.to_owned(),
        count: text::count(count as u64),
        href: crate::paths::href(&format!("{}.html", file_name(prefix))),
    }
}

/// Returns the parts that a list of these names begins with: what the page of a suite links to.
pub(crate) fn letters(rows: &[Row<'_>]) -> Option<Vec<(String, usize)>> {
    let entries: Vec<Entry<'_>> = rows.iter().map(|row| Entry { key: row.name(), row }).collect();
    let nothing = Touched::new();
    let division = Division {
        limit: LIMIT,
        depth: DEPTH,
        affected: Affected::Under(&nothing),
    };
    let mut letters = None;
    division.visit("", &entries, &mut |part| {
        if let Part::Present {
            prefix: "", parts, ..
        } = part
        {
            letters = parts;
        }
    });
    letters
}

/// Returns the name of the page of a part, without its ending.
pub(crate) fn file_name(prefix: &str) -> String {
    if prefix.is_empty() {
        "index".to_owned()
    } else {
        format!("at-{prefix}")
    }
}
