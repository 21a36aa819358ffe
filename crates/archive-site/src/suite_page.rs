//! The page of a suite: what it is, its letters and sections, and what is new.

use askama::Template;
use debian_control::release::format_iso;
use serde::Serialize;

use crate::file::File;
use crate::home::has_setup;
use crate::layout::Layout;
use crate::list::List;
use crate::listing::{ALL, RowView, file_name, section_folder, section_title};
use crate::paths::{href, suite_folder};
use crate::record::Record;
use crate::record_store::RecordStore;
use crate::row::Row;
use crate::site::{Site, SiteSuite};
use crate::status::SuiteStatus;
use crate::text;
use crate::tree;

/// How many new packages the page of a suite shows.
const NEW: usize = 12;
/// How many the page of new packages shows.
pub(crate) const NEWEST: usize = 100;

#[derive(Template)]
#[template(path = "suite.html")]
struct SuitePage<'a> {
    layout: Layout<'a>,
    suite: &'a SiteSuite,
    /// Whether the first page says how to use it.
    has_setup: bool,
    packages: String,
    size: String,
    published: String,
    published_day: String,
    valid_until: Option<(String, String)>,
    letters: Vec<Link>,
    sections: Vec<Link>,
    newest: Vec<RowView<'a>>,
}

struct Link {
    text: String,
    count: String,
    href: String,
}

#[derive(Template)]
#[template(path = "newest.html")]
struct NewestPage<'a> {
    layout: Layout<'a>,
    codename: &'a str,
    packages: Vec<RowView<'a>>,
}

#[derive(Serialize)]
struct NewestJson<'a> {
    suite: &'a str,
    packages: Vec<NewestRowJson<'a>>,
}

#[derive(Serialize)]
struct NewestRowJson<'a> {
    name: &'a str,
    version: &'a str,
    summary: &'a str,
    added_at: String,
}

impl<'a> NewestRowJson<'a> {
    fn new(row: &'a Row) -> Self {
        Self {
            name: row.name(),
            version: row.version(),
            summary: row.summary(),
            added_at: format_iso(row.added_at()),
        }
    }
}

/// Visits the page of a suite and that of what is new, with their twins.
pub(crate) fn files<S: RecordStore, E: From<S::Error>>(
    site: &Site,
    suite: &SiteSuite,
    status: &SuiteStatus,
    record: &Record<S>,
    newest: &[Row],
    visit: &mut dyn FnMut(File) -> Result<(), E>,
) -> Result<(), E> {
    let folder = suite_folder(&suite.codename);
    let path = format!("{folder}/_newest/index.html");
    let layout = Layout::new(site, &path, "Newest packages")
        .of_suite(&suite.codename)
        .with_twin("index.json")
        .with_feed(&format!("{folder}/_feed.xml"));
    let page = NewestPage {
        codename: &suite.codename,
        packages: newest
            .iter()
            .map(|row| RowView::new(row, &layout, &suite.codename))
            .collect(),
        layout,
    };
    let twin = NewestJson {
        suite: &suite.codename,
        packages: newest.iter().map(NewestRowJson::new).collect(),
    };
    visit(File::json(format!("{folder}/_newest/index.json"), &twin))?;
    visit(File::page(path, &page))?;
    visit(File::json(format!("{folder}/index.json"), status))?;
    // It leads to all of them.
    visit(File::page(
        format!("{folder}/index.html"),
        &suite_page(site, suite, status, record, newest)?,
    ))
}

fn suite_page<'a, S: RecordStore>(
    site: &'a Site,
    suite: &'a SiteSuite,
    status: &SuiteStatus,
    record: &Record<S>,
    newest: &'a [Row],
) -> Result<SuitePage<'a>, S::Error> {
    let codename = suite.codename.as_str();
    let folder = suite_folder(codename);
    let layout = Layout::new(site, &format!("{folder}/index.html"), codename)
        .of_suite(codename)
        .with_twin("index.json")
        .with_feed(&format!("{folder}/_feed.xml"));
    let letter = |(prefix, count): (String, usize)| Link {
        href: href(&format!("{ALL}/{}.html", file_name(&prefix))),
        count: text::count(count as u64),
        text: prefix,
    };
    let letters = tree::parts(&record.store, &List::all(), "")?;
    Ok(SuitePage {
        has_setup: has_setup(site, suite),
        suite,
        packages: text::count(status.names),
        size: text::bytes(status.size_bytes),
        published: format_iso(status.published),
        published_day: text::day(status.published),
        valid_until: status
            .valid_until
            .map(|until| (format_iso(until), text::day(until))),
        letters: letters.into_iter().map(letter).collect(),
        sections: record.sections()?.iter().map(section_link).collect(),
        newest: newest
            .iter()
            .take(NEW)
            .map(|row| RowView::new(row, &layout, codename))
            .collect(),
        layout,
    })
}

fn section_link((section, count): &(String, usize)) -> Link {
    Link {
        text: section_title(section).to_owned(),
        count: text::count(*count as u64),
        href: href(&format!("{}/index.html", section_folder(section))),
    }
}
