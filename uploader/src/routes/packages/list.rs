//! `GET /api/packages`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use debian_archive::package_view::PackageView;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::cursor::ListId;
use crate::routes::packages::filters::Filters;
use crate::routes::packages::page;
use crate::routes::wire::{self, ListPage};

/// Lists packages by name, version and architecture.
#[utoipa::path(get, path = "/api/packages", operation_id = "list_packages", tag = "packages", params(Filters), security((), ("bearer" = [])),
    responses((status = 200, description = "A page of packages", body = ListPage<PackageView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Params(filters): Params<Filters>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            listed(app, &caller, &filters)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns a page of what the filters fit, as far as the caller may read it.
pub(crate) fn listed(
    app: &App,
    caller: &Caller,
    filters: &Filters,
) -> Result<ListPage<PackageView>, Problem> {
    let query = filters.query(app, caller)?;
    let list = ListId::of(caller, "/api/packages", &filters.list());
    page::page(app, &list, &query, &filters.page())
}
