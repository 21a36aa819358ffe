//! The body of an upload: the file itself, or a form that carries it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use debian_archive::ingest::FileKind;
use futures_util::StreamExt as _;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::{Code, Problem};
use crate::receive;
use crate::receive::{ReceivedBody, check_size, idle_too_long, took_too_long};
use crate::routes::upload::file_name::check_name;
use crate::sent_digest::SentDigests;

/// A form that carries a .deb.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "stands for its schema only: the form is read as it comes in"
)]
pub(crate) struct UploadForm {
    /// The .deb; one per request.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Receives a body as it is, or the field `file` of a form.
pub(crate) async fn body(app: &Arc<App>, request: Request) -> Result<ReceivedBody, Problem> {
    let headers = request.headers();
    let limit = app.settings.max_upload_bytes;
    if !is_form(headers) {
        return receive::receive_whole(app, limit, request).await;
    }
    receive::refuse_encoding(headers)?;
    SentDigests::refuse_of_form(headers)?;
    let digests = SentDigests::of_form(headers)?;
    let wrong = |detail: String| Problem::new(Code::InvalidUpload, detail);
    let total = app.settings.upload_total;
    let (form, size) = counted(request);
    // The limit of JSON bodies is off for this route; every byte is counted instead.
    let form = Multipart::from_request(form, &())
        .await
        .map_err(|rejection| wrong(rejection.body_text()))?;
    let most = limit.saturating_add(FORM_BYTES);
    tokio::time::timeout(total, file_of(app, form, digests, (&size, most)))
        .await
        .map_err(|_| took_too_long(total))?
}

/// Says whether a body is a form. Media types are the same in any case (RFC 9110, section 8.3.1).
fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let kind = kind.and_then(|kind| kind.split(|byte| *byte == b';').next());
    kind.is_some_and(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data"))
}

/// What a form may have besides its file, in bytes: other fields and the lines between them.
const FORM_BYTES: u64 = 1 << 20;

/// What the head of one field may have, in bytes.
const FIELD_HEAD_BYTES: usize = 16 << 10;

/// Returns a request whose body counts its bytes, and the count.
fn counted(request: Request) -> (Request, Arc<AtomicU64>) {
    let size = Arc::new(AtomicU64::new(0));
    let count = size.clone();
    let request = request.map(|body| {
        let pieces = body.into_data_stream().inspect(move |piece| {
            if let Ok(piece) = piece {
                count.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
        });
        Body::from_stream(pieces)
    });
    (request, size)
}

/// Reads the field `file` of a form that may have `most` bytes in all.
async fn file_of(
    app: &Arc<App>,
    mut form: Multipart,
    digests: SentDigests,
    (size, most): (&AtomicU64, u64),
) -> Result<ReceivedBody, Problem> {
    let wrong = |detail: String| Problem::new(Code::InvalidUpload, detail);
    let (limit, idle) = (app.settings.max_upload_bytes, app.settings.upload_idle);
    let mut found = None;
    while let Some(mut field) = tokio::time::timeout(idle, form.next_field())
        .await
        .map_err(|_| idle_too_long(idle))?
        .map_err(|error| wrong(error.body_text()))?
    {
        let head: usize = field
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if head > FIELD_HEAD_BYTES {
            return Err(wrong(format!(
                "a field of the form has {head} bytes of headers: expected at most {FIELD_HEAD_BYTES}"
            )));
        }
        if field.name() != Some("file") {
            while tokio::time::timeout(idle, field.chunk())
                .await
                .map_err(|_| idle_too_long(idle))?
                .map_err(|error| wrong(error.body_text()))?
                .is_some()
            {
                check_size(most, size.load(Ordering::Relaxed))?;
            }
            continue;
        }
        if found.is_some() {
            return Err(wrong(
                "expected one field `file`, found several: send one .deb per request".into(),
            ));
        }
        // Programs send blobs under names of every kind; only one that says what is not taken counts.
        if let Some(name) = field.file_name()
            && matches!(FileKind::of(std::path::Path::new(name)), FileKind::NotTaken(_))
        {
            check_name(name)?;
        }
        receive::refuse_encoding(field.headers())?;
        let digests = digests.clone().and(SentDigests::of(field.headers())?);
        found = Some(receive::receive(app, limit, digests, field).await?);
        check_size(most, size.load(Ordering::Relaxed))?;
    }
    found.ok_or_else(|| wrong("expected the .deb in a field `file`".into()))
}
