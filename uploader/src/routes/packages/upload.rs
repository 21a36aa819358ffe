//! `POST /api/packages`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use debian_archive::package_view::PackageView;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::problem::Problem;
use crate::routes::upload::form::UploadForm;
use crate::routes::upload::params::PlaceParams;
use crate::routes::upload::take::take;
use crate::routes::wire;

/// Uploads a .deb, as the body or as the field `file` of a form.
#[utoipa::path(post, path = "/api/packages", operation_id = "upload_package", tag = "packages", params(PlaceParams), security(("bearer" = [])),
    request_body(content((wire::Binary = "application/vnd.debian.binary-package"), (UploadForm = "multipart/form-data"))),
    responses((status = 201, description = "Created", body = PackageView),
        (status = 200, description = "Already present with identical content", body = PackageView),
        (status = 202, description = "Accepted, but not yet in a live InRelease", body = PackageView)))]
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Params(params): Params<PlaceParams>,
    request: Request,
) -> Result<Response, Problem> {
    let taken = take(&app, presented, &params, request).await?;
    Ok(taken.into_json())
}
