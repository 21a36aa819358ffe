//! Sitemaps (sitemaps.org) and robots.txt: for search engines.
//!
//! Each suite has a map that names parts of at most some thousand pages, divided by letters: the form allows 50,000 pages a file, and
//! a new package is to change a small one.

use askama::Template;

use crate::division::{Affected, Division, Part};
use crate::file::File;
use crate::list::List;
use crate::paths::{package_folder, suite_folder};
use crate::record::Record;
use crate::record_store::RecordStore;
use crate::site::{Site, SiteSuite};
use crate::tree;

/// How many pages a part names.
const LIMIT: usize = 2000;

#[derive(Template)]
#[template(path = "sitemap.xml")]
struct Sitemap {
    pages: Vec<String>,
}

#[derive(Template)]
#[template(path = "sitemap-index.xml")]
struct SitemapIndex {
    maps: Vec<String>,
}

/// Returns the path of the map of a suite.
fn suite_map(codename: &str) -> String {
    format!("{}/_sitemap/index.xml", suite_folder(codename))
}

fn part_path(codename: &str, prefix: &str) -> String {
    format!("{}/_sitemap/at-{prefix}.xml", suite_folder(codename))
}

/// Visits the maps of a suite that names in `affected` are in.
pub(crate) fn of_suite<S: RecordStore, E: From<S::Error>>(
    site: &Site,
    codename: &str,
    record: &Record<S>,
    affected: Affected<'_>,
    visit: &mut dyn FnMut(File) -> Result<(), E>,
) -> Result<(), E> {
    if site.url.is_none() {
        return Ok(());
    }
    let list = List::all();
    let division = Division {
        record,
        list: &list,
        limit: LIMIT,
    };
    division.visit(affected, &mut |part| match part {
        Part::Present { prefix, parts, .. } => {
            let entries = if parts.is_empty() {
                tree::entries(&record.store, &list, prefix, usize::MAX)?
            } else {
                tree::exact(&record.store, &list, prefix, usize::MAX)?
            };
            let page = |name: &str| site.address(&format!("{}/index.html", package_folder(codename, name)));
            let pages = entries.iter().filter_map(|entry| page(&entry.name)).collect();
            visit(File::page(part_path(codename, prefix), &Sitemap { pages }))
        }
        Part::Gone { prefix } => visit(File::Gone(part_path(codename, prefix))),
    })?;
    // It names all of its parts, whichever changed.
    let mut maps = Vec::new();
    division.visit::<S::Error>(None, &mut |part| {
        if let Part::Present { prefix, .. } = part {
            maps.extend(site.address(&part_path(codename, prefix)));
        }
        Ok(())
    })?;
    visit(File::page(suite_map(codename), &SitemapIndex { maps }))
}

/// Returns the map of the pages at the root, and robots.txt.
pub(crate) fn of_root(site: &Site) -> [File; 2] {
    let suites = site
        .suites
        .iter()
        .map(|suite: &SiteSuite| suite.codename.as_str());
    let maps: Vec<String> = suites
        .clone()
        .map(suite_map)
        .chain(["sitemap.xml".to_owned()])
        .filter_map(|path| site.address(&path))
        .collect();
    let mut robots =
        String::from("User-agent: *\nDisallow: /pool/\nDisallow: /dists/\nDisallow: /snapshots/\n");
    for map in &maps {
        robots.push_str(&format!("Sitemap: {map}\n"));
    }
    let robots = File::text("robots.txt", robots);
    if site.url.is_none() {
        return [File::Gone("sitemap.xml".to_owned()), robots];
    }
    let pages = suites
        .map(|codename| format!("{}/index.html", suite_folder(codename)))
        .chain(["index.html".to_owned(), "status.html".to_owned()]);
    let pages = pages.filter_map(|path| site.address(&path)).collect();
    [File::page("sitemap.xml", &Sitemap { pages }), robots]
}
