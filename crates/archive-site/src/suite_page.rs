//! The page of a suite: what it is, its letters and sections, and what is new.

use std::collections::BTreeMap;

use askama::Template;
use debian_control::release::format_iso;

use crate::file::File;
use crate::layout::Layout;
use crate::listing::{ALL, RowView, file_name, letters, section_folder, section_title};
use crate::paths::{href, suite_folder};
use crate::row::{Row, Rows};
use crate::site::{Site, SiteSuite};
use crate::status::SuiteStatus;
use crate::text;

/// How many new packages the page of a suite shows.
const NEW: usize = 12;
/// How many the page of new packages shows.
pub(crate) const NEWEST: usize = 100;

#[derive(Template)]
#[template(path = "suite.html")]
struct SuitePage<'a> {
    layout: Layout<'a>,
    suite: &'a SiteSuite,
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

/// Returns the rows that came last, the newest first.
pub(crate) fn newest<'a>(rows: &Rows<'a>) -> Vec<Row<'a>> {
    let mut dated: Vec<(i64, Row<'a>)> = rows.all().iter().map(|row| (row.added_at(), *row)).collect();
    let order = |left: &(i64, Row<'a>), right: &(i64, Row<'a>)| {
        right
            .0
            .cmp(&left.0)
            .then_with(|| left.1.name().cmp(right.1.name()))
    };
    if dated.len() > NEWEST {
        dated.select_nth_unstable_by(NEWEST, order);
        dated.truncate(NEWEST);
    }
    dated.sort_unstable_by(order);
    dated.into_iter().map(|(_, row)| row).collect()
}

/// Visits the page of a suite with its twin, and that of what is new.
pub(crate) fn files(
    site: &Site,
    suite: &SiteSuite,
    status: &SuiteStatus,
    rows: &Rows<'_>,
    visit: &mut dyn FnMut(File),
) {
    let folder = suite_folder(&suite.codename);
    let newest = newest(rows);
    visit(File::page(
        format!("{folder}/index.html"),
        &suite_page(site, suite, status, rows, &newest),
    ));
    visit(File::json(format!("{folder}/index.json"), status));
    let path = format!("{folder}/_newest/index.html");
    let layout = Layout::new(site, &path, "Newest packages")
        .of_suite(&suite.codename)
        .with_feed(&format!("{folder}/_feed.xml"));
    let page = NewestPage {
        codename: &suite.codename,
        packages: newest
            .iter()
            .map(|row| RowView::new(*row, &layout, &suite.codename))
            .collect(),
        layout,
    };
    visit(File::page(path, &page));
}

fn suite_page<'a>(
    site: &'a Site,
    suite: &'a SiteSuite,
    status: &SuiteStatus,
    rows: &Rows<'a>,
    newest: &[Row<'a>],
) -> SuitePage<'a> {
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
    SuitePage {
        suite,
        packages: text::count(rows.all().len() as u64),
        size: text::bytes(status.size_bytes),
        published: format_iso(status.published),
        published_day: text::day(status.published),
        valid_until: status
            .valid_until
            .map(|until| (format_iso(until), text::day(until))),
        letters: letters(rows.all())
            .unwrap_or_default()
            .into_iter()
            .map(letter)
            .collect(),
        sections: sections(rows),
        newest: newest
            .iter()
            .take(NEW)
            .map(|row| RowView::new(*row, &layout, codename))
            .collect(),
        layout,
    }
}

fn sections(rows: &Rows<'_>) -> Vec<Link> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows.all() {
        *counts.entry(row.section()).or_default() += 1;
    }
    let link = |(section, count): (&str, usize)| Link {
        text: section_title(section).to_owned(),
        count: text::count(count as u64),
        href: href(&format!("{}/index.html", section_folder(section))),
    };
    counts.into_iter().map(link).collect()
}
