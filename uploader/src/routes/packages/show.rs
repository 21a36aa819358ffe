//! `GET /api/packages/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use debian_archive::package_view::PackageView;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::{lookup, wire};

/// Returns a package.
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
    Ok(wire::revalidated(&headers, &package))
}
