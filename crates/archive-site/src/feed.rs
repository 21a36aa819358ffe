//! Atom feeds (RFC 4287): what is new in a suite, and the versions of a package.
//!
//! A feed names itself and its entries by address, so that there are none where the settings say no `url`.

use askama::Template;
use debian_control::release::format_iso;

use crate::file::File;
use crate::package::Package;
use crate::paths::{package_folder, suite_folder};
use crate::row::Row;
use crate::site::Site;
use crate::text;

#[derive(Template)]
#[template(path = "feed.xml")]
struct Feed<'a> {
    site: &'a Site,
    title: String,
    /// The address of the feed, which is its name for ever, too.
    address: String,
    /// The address of the page that it is about.
    page: String,
    updated: String,
    entries: Vec<Entry>,
}

struct Entry {
    title: String,
    id: String,
    page: String,
    updated: String,
    summary: String,
}

/// Returns the feed of a suite, where it has an address: of the names that came last, their newest versions.
pub(crate) fn of_suite(site: &Site, codename: &str, published: i64, newest: &[Row]) -> Option<File> {
    let folder = suite_folder(codename);
    let path = format!("{folder}/_feed.xml");
    let address = site.address(&path)?;
    let page = site.address(&format!("{folder}/index.html"))?;
    let entry = |row: &Row| {
        let page = site.address(&format!("{}/index.html", package_folder(codename, row.name())))?;
        Some(Entry {
            title: format!("{} {}", row.name(), row.version()),
            id: format!("{page}#{}", crate::paths::href(row.version())),
            page,
            updated: format_iso(row.added_at()),
            summary: row.summary().to_owned(),
        })
    };
    let feed = Feed {
        site,
        title: format!("{codename}: new packages"),
        address,
        page,
        updated: format_iso(newest.first().map_or(published, Row::added_at)),
        entries: newest.iter().filter_map(entry).collect(),
    };
    Some(File::page(path, &feed))
}

/// Returns the feed of a package, where it has an address: an entry for each version that came on an architecture.
pub(crate) fn of_package(site: &Site, codename: &str, package: &Package) -> Option<File> {
    let folder = package_folder(codename, package.name());
    let path = format!("{folder}/feed.xml");
    let address = site.address(&path)?;
    let page = site.address(&format!("{folder}/index.html"))?;
    let summary = text::line(package.newest().package.synopsis().unwrap_or_default());
    let came = package.builds.iter().map(|build| build.added_at);
    let passed = package
        .history
        .iter()
        .flat_map(|placed| [Some(placed.added_at), placed.removed_at]);
    let updated = came.chain(passed.flatten()).max();
    let entries = package.history.iter().map(|placed| Entry {
        title: format!("{} {} ({})", package.name(), placed.version, placed.architecture),
        id: format!(
            "{page}#{}_{}_{}",
            crate::paths::href(&placed.version),
            placed.architecture,
            placed.added_at
        ),
        page: page.clone(),
        updated: format_iso(placed.added_at),
        summary: summary.clone(),
    });
    let feed = Feed {
        site,
        title: format!("{} in {codename}", package.name()),
        address,
        updated: format_iso(updated.expect("a name is in a suite by its builds")),
        entries: entries.collect(),
        page,
    };
    Some(File::page(path, &feed))
}
