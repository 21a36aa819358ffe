//! Sitemaps (sitemaps.org) and robots.txt: for search engines.
//!
//! Each suite has a map that names parts of at most some thousand pages, divided by letters: the form allows 50,000 pages a file, and
//! a new package is to change a small one.

use askama::Template;

use crate::division::{Affected, Division, Entry, Part};
use crate::file::File;
use crate::paths::{package_folder, suite_folder};
use crate::row::Rows;
use crate::site::{Site, SiteSuite};

/// How many pages a part names.
const LIMIT: usize = 2000;
/// The most letters by which parts are told apart.
const DEPTH: usize = 24;

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

/// Visits the maps of a suite that names in `touched` are in, or all of them.
pub(crate) fn of_suite(
    site: &Site,
    codename: &str,
    rows: &Rows<'_>,
    affected: Affected<'_>,
    visit: &mut dyn FnMut(File),
) {
    if site.url.is_none() {
        return;
    }
    let entries: Vec<Entry<'_>> = rows
        .all()
        .iter()
        .map(|row| Entry { key: row.name(), row })
        .collect();
    let division = Division {
        limit: LIMIT,
        depth: DEPTH,
        affected,
    };
    division.visit("", &entries, &mut |part| match part {
        Part::Present {
            prefix,
            entries,
            parts,
        } => {
            let is_here = |entry: &&Entry<'_>| parts.is_none() || entry.key.len() == prefix.len();
            let page = |entry: &Entry<'_>| {
                site.address(&format!(
                    "{}/index.html",
                    package_folder(codename, entry.row.name())
                ))
            };
            let pages = entries.iter().filter(is_here).filter_map(page).collect();
            visit(File::page(part_path(codename, prefix), &Sitemap { pages }));
        }
        Part::Gone { prefix } => visit(File::Gone(part_path(codename, prefix))),
    });
    // It names all of its parts, whichever changed.
    let mut maps = Vec::new();
    let whole = Division {
        affected: Affected::All,
        ..division
    };
    whole.visit("", &entries, &mut |part| {
        if let Part::Present { prefix, .. } = part {
            maps.extend(site.address(&part_path(codename, prefix)));
        }
    });
    visit(File::page(suite_map(codename), &SitemapIndex { maps }));
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
