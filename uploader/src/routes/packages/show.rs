//! `GET /api/packages/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use debian_archive::package_view::PackageView;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::packages::placement::PackageParams;
use crate::routes::{lookup, wire};

/// Returns a package, as all suites have it that the caller may read, or as one of them does.
#[utoipa::path(get, path = "/api/packages/{id}", operation_id = "show_package", tag = "packages", params(("id" = String, Path), PackageParams), security((), ("bearer" = [])),
    responses((status = 200, description = "The package", body = PackageView), (status = 304, description = "Not modified")))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    Params(params): Params<PackageParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let package = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            let only = params.only(app, &caller)?;
            wire::package(&lookup::as_said_by(app, &caller, &id, only)?)
        })
        .await?;
    Ok(wire::revalidated(&headers, &package))
}
