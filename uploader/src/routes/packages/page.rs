//! A page of a list of packages.

use archive_catalog::listing::{ListedPackage, PackageQuery, PageCursor, PageLimit};
use debian_archive::package_view::PackageView;
use debian_control::digest::Sha256;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::routes::cursor::{ListId, wrong_cursor};
use crate::routes::wire::{ListPage, PageParams};
use crate::routes::{lookup, wire};

/// After so many bytes of control files a page ends, and goes on in the next: many are read at once, each held in memory as a whole.
const PAGE_BYTES: usize = 4 << 20;

/// Where a list of packages goes on.
#[derive(Debug, Serialize, Deserialize)]
struct PackagePosition {
    name: String,
    version_key: Vec<u8>,
    architecture: String,
    sha256: String,
}

/// Returns a page of what an account uploaded and the caller may read.
pub(crate) fn page_of(
    app: &App,
    caller: &Caller,
    author: &str,
    params: &PageParams,
) -> Result<ListPage<PackageView>, Problem> {
    let query = PackageQuery {
        suites: lookup::codenames(app, caller),
        author: Some(author.to_owned()),
        ..PackageQuery::default()
    };
    let list = ListId::of(caller, "/api/users/{id}/packages", &author);
    page(app, &list, &query, params)
}

/// Returns a page of the packages that a query fits.
pub(crate) fn page(
    app: &App,
    list: &ListId,
    query: &PackageQuery,
    params: &PageParams,
) -> Result<ListPage<PackageView>, Problem> {
    let limit = page_limit(params.limit)?;
    let after = list
        .position::<PackagePosition>(params.cursor.as_deref())?
        .map(|position| {
            let wrong = |_| wrong_cursor();
            Ok::<_, Problem>(PageCursor {
                name: position.name,
                version_key: position.version_key,
                architecture: position.architecture,
                sha256: position.sha256.parse::<Sha256>().map_err(wrong)?,
            })
        })
        .transpose()?;
    let part = app.archive.listing().page(query, after.as_ref(), limit)?;
    let last = part
        .packages
        .last()
        .filter(|_| part.more)
        .map(|last| &last.entry.content);
    Ok(ListPage {
        next: last.map(|content| {
            list.cursor(&PackagePosition {
                name: content.name.to_string(),
                version_key: content.version.sort_key(),
                architecture: content.architecture.to_string(),
                sha256: content.sha256.to_string(),
            })
        }),
        items: views(&part.packages)?,
    })
}

/// Returns how much a page holds.
pub(crate) fn page_limit(limit: Option<usize>) -> Result<PageLimit, Problem> {
    Ok(PageLimit {
        packages: wire::page_limit(limit)?,
        bytes: PAGE_BYTES,
    })
}

/// Returns where the list goes on after a package.
pub(crate) fn after(package: &ListedPackage) -> PageCursor {
    let content = &package.entry.content;
    PageCursor {
        name: content.name.to_string(),
        version_key: content.version.sort_key(),
        architecture: content.architecture.to_string(),
        sha256: content.sha256,
    }
}

pub(crate) fn views(listed: &[ListedPackage]) -> Result<Vec<PackageView>, Problem> {
    listed.iter().map(wire::package).collect()
}
