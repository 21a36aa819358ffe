//! `GET` and `HEAD /api/uploads/{id}`.

use std::sync::Arc;

use archive_catalog::resumable_uploads::ResumableUpload;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use debian_archive::resumable_uploads::PATIENCE;
use debian_control::release::format_date;

use super::tus::{check_version, set_offset};
use super::view::{UploadView, handled_upload};
use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::{Path, PresentedBasic};
use crate::identify::identify_basic;
use crate::problem::Problem;

/// Says how far an upload is, in `Upload-Offset` and in the body; HEAD answers with the headers alone.
#[utoipa::path(get, path = "/api/uploads/{id}", operation_id = "get_upload", tag = "packages", params(("id" = String, Path)),
    security(("basic" = []), ("bearer" = [])), responses((status = 200, description = "The upload", body = UploadView)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(&app, presented, id, &headers).await
}

/// Says how far an upload is.
pub(crate) async fn shown(
    app: &Arc<App>,
    presented: PresentedCredential,
    id: String,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    check_version(headers)?;
    let upload = app
        .blocking(move |app| handled_upload(app, &identify_basic(app, &presented)?, &id))
        .await?;
    let mut response = Answer(UploadView::new(&upload)).into_response();
    set_offset(
        response.headers_mut(),
        (upload.received, upload.length),
        &expires(&upload),
    );
    Ok(response)
}

/// Returns when an upload is forgotten, as HTTP writes dates.
pub(crate) fn expires(upload: &ResumableUpload) -> String {
    format_date(upload.since + PATIENCE).replace("UTC", "GMT")
}
