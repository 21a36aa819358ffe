//! `POST /api/uploads`.

use std::sync::Arc;

use archive_catalog::resumable_uploads::ResumableUpload;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::tus::{check_version, file_name, number, set_offset};
use crate::app::App;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Params, PresentedBasic};
use crate::problem::{Code, Problem};
use crate::resumable::{bounds, no_room};
use crate::routes::upload::admission::admit;
use crate::routes::upload::params::{PlaceParams, Wait};
use crate::routes::uploads::show::expires;
use crate::routes::uploads::view::named_package;
use crate::secrets;

/// Begins an upload of a .deb that comes in parts (tus 1.0). `Location` of the answer is where its bytes go, by PATCH.
#[utoipa::path(post, path = "/api/uploads", operation_id = "begin_upload", tag = "packages",
    params(PlaceParams, ("Upload-Length" = u64, Header, description = "Bytes of the whole file"),
        ("Upload-Metadata" = Option<String>, Header, description = "`filename`, a space, and the name in base64")),
    security(("basic" = []), ("bearer" = [])), responses((status = 201, description = "Begun")))]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
    Params(params): Params<PlaceParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    begun(&app, presented, params, &headers, "/api/uploads").await
}

/// Begins an upload; its address is below `base`.
pub(crate) async fn begun(
    app: &Arc<App>,
    presented: PresentedCredential,
    params: PlaceParams,
    headers: &HeaderMap,
    base: &str,
) -> Result<Response, Problem> {
    check_version(headers)?;
    let length = number(headers, "upload-length")?;
    if length == 0 {
        return Err(Problem::new(
            Code::InvalidUpload,
            "expected a file of one byte or more",
        ));
    }
    let name = file_name(headers)?;
    let waits = params.wait == Some(Wait::Published);
    let allows_vulnerable = params.allow_vulnerable;
    let admitted = admit(app, presented, params, Some(length)).await?;
    // Whatever the file then has in it: a token goes on only with what its name says that it may upload.
    if let Some(package) = named_package(name.as_deref()) {
        admitted.caller.uploads(&admitted.suite, Some(&package))?;
    }
    let upload = ResumableUpload {
        id: secrets::new_id(),
        account: admitted.caller.account()?.id.clone(),
        suite: admitted.suite.codename.clone(),
        component: admitted.component.clone(),
        waits,
        allows_vulnerable,
        name,
        length,
        received: 0,
        since: now(),
        placed: None,
    };
    let location = format!("{base}/{}", upload.id);
    let end = expires(&upload);
    app.changing(move |app| {
        let full = app
            .archive
            .begin_upload(&upload, &bounds(app.settings.max_upload_bytes))?;
        full.map_or(Ok(()), |full| Err(no_room(full)))
    })
    .await?;
    let mut response = (StatusCode::CREATED, [(header::LOCATION, location)]).into_response();
    set_offset(response.headers_mut(), (0, length), &end);
    Ok(response)
}
