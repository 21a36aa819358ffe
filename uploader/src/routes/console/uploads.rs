//! `/console/uploads`: large files that are dropped on a page, in parts, as `/api/uploads` takes them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::visitor::Sender;
use crate::app::App;
use crate::extract::{Params, Path};
use crate::problem::Problem;
use crate::routes::upload::params::PlaceParams;
use crate::routes::uploads::append::appended;
use crate::routes::uploads::begin::begun;
use crate::routes::uploads::show::shown;

/// Begins an upload.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    Sender(visitor): Sender,
    Params(params): Params<PlaceParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    begun(&app, visitor.presented, params, &headers, "/console/uploads").await
}

/// Says how far an upload is.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Sender(visitor): Sender,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(&app, visitor.presented, id, &headers).await
}

/// Adds to an upload.
pub(super) async fn append(
    State(app): State<Arc<App>>,
    Sender(visitor): Sender,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    appended(&app, visitor.presented, id, request).await
}
