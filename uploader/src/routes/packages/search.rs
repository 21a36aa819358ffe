//! `GET /api/packages/search/{query}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use debian_archive::package_view::PackageView;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::cursor::ListId;
use crate::routes::packages::filters::Filters;
use crate::routes::packages::page;
use crate::routes::wire::{self, ListPage};

/// Searches names, summaries and descriptions, best matches first.
#[utoipa::path(get, path = "/api/packages/search/{query}", operation_id = "search_packages", tag = "packages", params(("query" = String, Path), Filters),
    security((), ("bearer" = [])), responses((status = 200, description = "A page of packages", body = ListPage<PackageView>)))]
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
            found(app, &caller, &text, &filters)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns a page of what a search finds, as far as the caller may read it.
pub(crate) fn found(
    app: &App,
    caller: &Caller,
    text: &str,
    filters: &Filters,
) -> Result<ListPage<PackageView>, Problem> {
    let query = filters.query(app, caller)?;
    let most = page::page_limit(filters.limit)?;
    let list = ListId::of(caller, "/api/packages/search/{query}", &(text, filters.list()));
    let skip = list.skipped(filters.cursor.as_deref())?;
    let text: String = text.chars().take(200).collect();
    let part = app.archive.listing().search(&query, &text, skip, most)?;
    let read = skip.saturating_add(part.packages.len());
    Ok(ListPage {
        next: part.more.then(|| list.cursor(&read)),
        items: page::views(&part.packages)?,
    })
}
