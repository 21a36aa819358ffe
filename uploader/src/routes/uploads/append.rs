//! `PATCH /api/uploads/{id}`.

use std::sync::Arc;

use archive_catalog::resumable_uploads::ResumableUpload;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use debian_archive::ingest::ReceivedFile;

use super::show::expires;
use super::tus::{check_version, number, set_offset, wants_package};
use super::view::handled_upload;
use crate::app::App;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Path, PresentedBasic, media_type};
use crate::identify::identify_basic;
use crate::problem::{Code, Problem};
use crate::receive::{check_size, drain_refused, refuse_encoding};
use crate::resumable::{self, Appended, other_offset};
use crate::routes::upload::admission::{Admitted, admit, content_length};
use crate::routes::upload::params::{PlaceParams, Wait};
use crate::routes::upload::take::{self, PlacedUpload};
use crate::routes::wire;
use crate::sent_digest::SentDigests;

/// Adds bytes to an upload, from its offset on. With the last of them the package is placed as by any other upload: with
/// `Prefer: return=representation` the answer is the same, too, and otherwise 204.
#[utoipa::path(patch, path = "/api/uploads/{id}", operation_id = "append_to_upload", tag = "packages",
    params(("id" = String, Path), ("Upload-Offset" = u64, Header, description = "Where the bytes begin: the offset of the upload"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha256`, a space, and the digest of the body in base64"),
        ("Prefer" = Option<String>, Header, description = "`return=representation`: the package in the last answer")),
    request_body(content = wire::Binary, content_type = "application/offset+octet-stream"),
    security(("basic" = []), ("bearer" = [])),
    responses((status = 204, description = "Added"),
        (status = 201, description = "The package was created", body = debian_archive::package_view::PackageView),
        (status = 200, description = "The package was there already", body = debian_archive::package_view::PackageView),
        (status = 202, description = "The package is not yet in a live InRelease", body = debian_archive::package_view::PackageView)))]
pub(crate) async fn append(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    appended(&app, presented, id, request).await
}

/// Adds the body of a request to an upload.
///
/// In a task of its own: when the client goes, what came of the body is kept all the same.
pub(crate) async fn appended(
    app: &Arc<App>,
    presented: PresentedCredential,
    id: String,
    request: Request,
) -> Result<Response, Problem> {
    let app = app.clone();
    let span = tracing::Span::current();
    let work = async move {
        match checked(&app, presented, id, request.headers()).await {
            Ok(checked) => add(&app, checked, request).await,
            Err(problem) => {
                drain_refused(&app, &problem, request).await;
                Err(problem)
            }
        }
    };
    let done = tokio::spawn(tracing::Instrument::instrument(work, span)).await;
    done.map_err(|error| Problem::internal(&error))?
}

/// An addition of which nothing speaks against the head.
struct CheckedAppend {
    upload: ResumableUpload,
    admitted: Admitted,
    digests: Option<SentDigests>,
}

async fn checked(
    app: &Arc<App>,
    presented: PresentedCredential,
    id: String,
    headers: &HeaderMap,
) -> Result<CheckedAppend, Problem> {
    check_version(headers)?;
    if media_type(headers).as_deref() != Some("application/offset+octet-stream") {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            "expected `Content-Type: application/offset+octet-stream`",
        ));
    }
    refuse_encoding(headers)?;
    let offset = number(headers, "upload-offset")?;
    let digests = SentDigests::of_part(headers)?;
    let by = presented.clone();
    let upload = app
        .blocking(move |app| handled_upload(app, &identify_basic(app, &by)?, &id))
        .await?;
    if offset != upload.received {
        return Err(other_offset(upload.received));
    }
    let size = content_length(headers);
    check_size(upload.length - upload.received, size.unwrap_or(0))?;
    let params = PlaceParams {
        suite: Some(upload.suite.to_string()),
        component: Some(upload.component.to_string()),
        wait: upload.waits.then_some(Wait::Published),
        allow_vulnerable: upload.allows_vulnerable,
    };
    Ok(CheckedAppend {
        admitted: admit(app, presented, params, size).await?,
        upload,
        digests,
    })
}

async fn add(app: &Arc<App>, addition: CheckedAppend, request: Request) -> Result<Response, Problem> {
    let CheckedAppend {
        upload,
        admitted,
        digests,
    } = addition;
    let wants_package = wants_package(request.headers());
    if let Some(placed) = upload.placed {
        let package = app
            .blocking(move |app| take::placed_before(app, &admitted, &placed))
            .await?;
        return Ok(finished(package, &upload, wants_package));
    }
    let _slot = app.upload_slots.acquire(&upload.account).await?;
    let pieces = request.into_body().into_data_stream();
    match resumable::append(app, upload.clone(), digests, pieces).await? {
        Appended::More(offset) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            let now = ResumableUpload {
                since: now(),
                ..upload
            };
            set_offset(response.headers_mut(), (offset, now.length), &expires(&now));
            Ok(response)
        }
        Appended::Whole(file) => {
            let package = place(app, &upload, admitted, file).await?;
            Ok(finished(package, &upload, wants_package))
        }
    }
}

/// Places the package that an upload is. What no other attempt could make right ends the upload.
async fn place(
    app: &Arc<App>,
    upload: &ResumableUpload,
    admitted: Admitted,
    file: ReceivedFile,
) -> Result<PlacedUpload, Problem> {
    let wait = upload.waits.then_some(Wait::Published);
    let placed = take::place(app, admitted, wait, move |_| Ok(file)).await;
    let id = upload.id.clone();
    match placed {
        Ok(package) => {
            let outcome = package.outcome();
            app.changing(move |app| Ok(app.archive.finish_upload(&id, &outcome, now())?))
                .await?;
            Ok(package)
        }
        Err(problem) => {
            let status = problem.code.status();
            if matches!(status, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) {
                app.changing(move |app| Ok(app.archive.forget_upload(&id)?))
                    .await?;
            }
            Err(problem)
        }
    }
}

/// Answers that an upload is a package now.
fn finished(package: PlacedUpload, upload: &ResumableUpload, wants_package: bool) -> Response {
    let now = ResumableUpload {
        since: now(),
        ..upload.clone()
    };
    let end = (upload.length, upload.length);
    let mut response = if wants_package {
        package.into_json()
    } else {
        (
            StatusCode::NO_CONTENT,
            [(header::CONTENT_LOCATION, package.location())],
        )
            .into_response()
    };
    set_offset(response.headers_mut(), end, &expires(&now));
    response
}
