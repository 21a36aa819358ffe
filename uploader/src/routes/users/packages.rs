//! `GET /api/users/{id}/packages`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use debian_archive::package_view::PackageView;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::packages::page;
use crate::routes::users::account::addressed_account;
use crate::routes::wire;
use crate::routes::wire::{ListPage, PageParams};

/// Lists the packages that an account uploaded.
#[utoipa::path(get, path = "/api/users/{id}/packages", operation_id = "list_user_packages", tag = "users", params(("id" = String, Path), PageParams),
    security(("bearer" = [])), responses((status = 200, description = "The packages", body = ListPage<PackageView>)))]
pub(crate) async fn packages(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Path(id): Path<String>,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            let account = addressed_account(app, &caller, &id)?;
            page::page_of(app, &caller, account.username.as_str(), &page)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}
