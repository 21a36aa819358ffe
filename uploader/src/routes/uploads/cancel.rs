//! `DELETE /api/uploads/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::tus::check_version;
use super::view::handled_upload;
use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::{Path, PresentedBasic};
use crate::identify::identify_basic;
use crate::problem::Problem;

/// Deletes an upload and what came of it. A package that it became stays.
#[utoipa::path(delete, path = "/api/uploads/{id}", operation_id = "cancel_upload", tag = "packages", params(("id" = String, Path)),
    security(("basic" = []), ("bearer" = [])), responses((status = 204, description = "Deleted")))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    cancelled(&app, presented, id, &headers).await
}

/// Deletes an upload.
pub(crate) async fn cancelled(
    app: &Arc<App>,
    presented: PresentedCredential,
    id: String,
    headers: &HeaderMap,
) -> Result<StatusCode, Problem> {
    check_version(headers)?;
    app.changing(move |app| {
        let upload = handled_upload(app, &identify_basic(app, &presented)?, &id)?;
        app.archive.forget_upload(&upload.id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
