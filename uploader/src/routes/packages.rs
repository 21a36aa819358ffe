//! Reading packages.

use std::sync::Arc;

use archive_catalog::listing::{ListedPackage, PackageQuery, PageCursor, PageLimit};
use axum::Json as Answer;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse as _, Response};
use debian_archive::package_view::PackageView;
use debian_control::digest::Sha256;
use serde::{Deserialize, Serialize};

use super::lookup;
use super::wire::{self, Page, PageParams};
use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::static_files::{self, StaticPath};

/// After so many bytes of control files a page ends, and goes on in the next: many are read at once, each held in memory as a whole.
const PAGE_BYTES: usize = 4 << 20;

/// Which packages.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filters {
    /// The package's name.
    name: Option<String>,
    /// Its version, or one that dpkg calls equal.
    version: Option<String>,
    /// Codename or alias.
    suite: Option<String>,
    component: Option<String>,
    architecture: Option<String>,
    section: Option<String>,
    /// A part of the maintainer's name or address, in any case.
    maintainer: Option<String>,
    tag: Option<String>,
    /// 50 when left out, 500 at most.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl Filters {
    fn query(&self, app: &App, caller: &Caller) -> Result<PackageQuery, Problem> {
        Ok(PackageQuery {
            suites: match &self.suite {
                None => lookup::codenames(app, caller),
                Some(name) => {
                    let suite = caller.suite(app.archive.config(), name)?;
                    let read = caller.reads(suite).then(|| suite.codename.clone());
                    vec![read.ok_or_else(|| Problem::no_such_suite(name))?]
                }
            },
            name: wire::asked(self.name.as_ref())?,
            version: wire::asked(self.version.as_ref())?,
            component: wire::asked(self.component.as_ref())?,
            architecture: wire::asked(self.architecture.as_ref())?,
            section: self.section.clone(),
            maintainer: self.maintainer.clone(),
            tag: self.tag.clone(),
            author: None,
        })
    }
}

/// Where a list of packages goes on.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    name: String,
    version_key: Vec<u8>,
    architecture: String,
    sha256: String,
}

/// Lists packages by name, version and architecture.
#[utoipa::path(get, path = "/api/packages", operation_id = "list_packages", tag = "packages", params(Filters), security((), ("bearer" = [])),
    responses((status = 200, description = "A page of packages", body = Page<PackageView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Params(filters): Params<Filters>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            let query = filters.query(app, &caller)?;
            page(app, &query, filters.limit, filters.cursor.as_deref())
        })
        .await?;
    let next = page.next.clone();
    Ok(wire::with_link(
        Answer(page).into_response(),
        &uri,
        next.as_deref(),
    ))
}

/// Returns a page of what an account uploaded and the caller may read.
pub(super) fn page_of(
    app: &App,
    caller: &Caller,
    author: &str,
    params: &PageParams,
) -> Result<Page<PackageView>, Problem> {
    let query = PackageQuery {
        suites: lookup::codenames(app, caller),
        author: Some(author.to_owned()),
        ..PackageQuery::default()
    };
    page(app, &query, params.limit, params.cursor.as_deref())
}

fn page(
    app: &App,
    query: &PackageQuery,
    limit: Option<usize>,
    cursor: Option<&str>,
) -> Result<Page<PackageView>, Problem> {
    let most = most(limit)?;
    let after = wire::position::<Position>(cursor)?
        .map(|position| {
            let wrong = |_| Problem::new(Code::InvalidCursor, "expected `next` of the page before");
            Ok::<_, Problem>(PageCursor {
                name: position.name,
                version_key: position.version_key,
                architecture: position.architecture,
                sha256: position.sha256.parse::<Sha256>().map_err(wrong)?,
            })
        })
        .transpose()?;
    let part = app.archive.listing().page(query, after.as_ref(), most)?;
    let last = part
        .packages
        .last()
        .filter(|_| part.more)
        .map(|last| &last.entry.content);
    Ok(Page {
        next: last
            .map(|content| {
                wire::cursor(&Position {
                    name: content.name.to_string(),
                    version_key: content.version.sort_key(),
                    architecture: content.architecture.to_string(),
                    sha256: content.sha256.to_string(),
                })
            })
            .transpose()?,
        items: views(&part.packages)?,
    })
}

/// Returns how much a page holds.
fn most(limit: Option<usize>) -> Result<PageLimit, Problem> {
    Ok(PageLimit {
        packages: wire::page_limit(limit)?,
        bytes: PAGE_BYTES,
    })
}

fn views(listed: &[ListedPackage]) -> Result<Vec<PackageView>, Problem> {
    listed.iter().map(wire::package).collect()
}

/// Searches names, summaries and descriptions; the best first.
#[utoipa::path(get, path = "/api/packages/search/{query}", operation_id = "search_packages", tag = "packages", params(("query" = String, Path), Filters),
    security((), ("bearer" = [])), responses((status = 200, description = "A page of packages", body = Page<PackageView>)))]
pub(crate) async fn search(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Path(text): Path<String>,
    Params(filters): Params<Filters>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            let query = filters.query(app, &caller)?;
            let most = most(filters.limit)?;
            let skip: usize = wire::position(filters.cursor.as_deref())?.unwrap_or(0);
            let text: String = text.chars().take(200).collect();
            let part = app.archive.listing().search(&query, &text, skip, most)?;
            let read = skip.saturating_add(part.packages.len());
            Ok(Page {
                next: part.more.then(|| wire::cursor(&read)).transpose()?,
                items: views(&part.packages)?,
            })
        })
        .await?;
    let next = page.next.clone();
    Ok(wire::with_link(
        Answer(page).into_response(),
        &uri,
        next.as_deref(),
    ))
}

/// Shows a package.
#[utoipa::path(get, path = "/api/packages/{id}", operation_id = "show_package", tag = "packages", params(("id" = String, Path)), security((), ("bearer" = [])),
    responses((status = 200, description = "The package", body = PackageView), (status = 304, description = "Not modified")))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let package = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            wire::package(&lookup::readable(app, &caller, &id)?)
        })
        .await?;
    wire::revalidated(&headers, &package)
}

/// Fetches the .deb: the bytes, or where they are served.
#[utoipa::path(get, path = "/api/packages/{id}/download", operation_id = "download_package", tag = "packages", params(("id" = String, Path)),
    security((), ("bearer" = [])),
    responses((status = 200, description = "The .deb", body = wire::Binary, content_type = "application/vnd.debian.binary-package"),
        (status = 206, description = "The requested range", body = wire::Binary, content_type = "application/vnd.debian.binary-package"), (status = 302, description = "Redirect to the static file"),
        (status = 304, description = "Not modified"), (status = 416, description = "The range lies outside the file")))]
pub(crate) async fn download(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let listed = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            lookup::readable(app, &caller, &id)
        })
        .await?;
    let sha256 = listed.entry.content.sha256;
    let is_get = request.method() == axum::http::Method::GET;
    let filename = &listed.entry.filename;
    if let Some(url) = &app.settings.public_url {
        let location = format!("{url}/{}", filename.replace('%', "%25").replace('+', "%2B"));
        // Who is sent on fetches the file elsewhere, in one piece or in many: that it was asked for is all that can be known here.
        let whole = is_get && !request.headers().contains_key(header::RANGE);
        if whole {
            app.usage.download(&sha256);
        }
        return Ok((axum::http::StatusCode::FOUND, [(header::LOCATION, location)]).into_response());
    }
    match StaticPath::of_catalog(filename) {
        Some(path) => {
            let response = static_files::serve(app.archive.root(), &path, request).await;
            // A part, a file that is known already and the head alone are no downloads.
            if is_get && response.status() == axum::http::StatusCode::OK {
                app.usage.download(&sha256);
            }
            Ok(response)
        }
        None => Ok(static_files::missing()),
    }
}
