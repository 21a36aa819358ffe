//! The body of an upload: the file itself, or a form that carries it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::HeaderMap;
use debian_archive::ingest::FileKind;
use futures_util::{Stream, StreamExt as _};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::media_type;
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
    let (form, rest) = CountedBody::of(request);
    // The limit of JSON bodies is off for this route; every byte is counted instead.
    let form = Multipart::from_request(form, &())
        .await
        .map_err(|rejection| wrong(rejection.body_text()))?;
    let most = limit.saturating_add(FORM_BYTES);
    let read = tokio::time::timeout(total, file_of(app, form, digests, (&rest, most)));
    let read = read.await.unwrap_or_else(|_| Err(took_too_long(total)));
    if let Err(problem) = &read {
        rest.allow(u64::MAX);
        receive::drain_rest(app, problem, rest);
    }
    read
}

/// Says whether a body is a form.
fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| kind == "multipart/form-data")
}

/// What a form may have besides its file, in bytes: the lines around it.
const FORM_BYTES: u64 = 1 << 20;

/// How much of a form is read before its reader looks at it, in bytes.
const READ_AHEAD: u64 = 256 << 10;

/// What the head of one field may have, in bytes.
const FIELD_HEAD_BYTES: usize = 16 << 10;

/// The body of a form: its bytes are counted, and what the reader of the form leaves of it can still be read.
#[derive(Clone)]
struct CountedBody {
    pieces: Arc<Mutex<BodyDataStream>>,
    size: Arc<AtomicU64>,
    /// Up to which size it is read: the reader keeps the head of a field in memory, however long it is.
    most: Arc<AtomicU64>,
    /// The size at which the reader was last made to look at what it has.
    paused: Arc<AtomicU64>,
    /// Whether the reader wanted more than it may have.
    is_exhausted: Arc<AtomicBool>,
}

/// What the reader of a form may do next.
enum NextRead {
    Read,
    /// Look at what it has.
    Look,
    /// Nothing: it found no field in all that it may have.
    End,
}

/// What says in the body of a form that its reader wants more than it may have.
#[derive(Debug, thiserror::Error)]
#[error("expected the next field of the form within {FORM_BYTES} bytes")]
struct FieldTooFar;

impl CountedBody {
    /// Returns a request with the same body, and what is left of it at any time.
    fn of(request: Request) -> (Request, Self) {
        let (head, body) = request.into_parts();
        let counted = Self {
            pieces: Arc::new(Mutex::new(body.into_data_stream())),
            size: Arc::default(),
            most: Arc::new(AtomicU64::new(FORM_BYTES)),
            paused: Arc::default(),
            is_exhausted: Arc::default(),
        };
        let body = Body::from_stream(counted.clone());
        (Request::from_parts(head, body), counted)
    }

    /// Lets so many more bytes be read.
    fn allow(&self, more: u64) {
        let most = self.size.load(Ordering::Relaxed).saturating_add(more);
        self.most.store(most, Ordering::Relaxed);
    }

    /// Says whether the reader has to look at what it has before it gets more, or gets no more.
    ///
    /// It takes all that is there first, and a client may send faster than that is put anywhere.
    fn next_read(&self) -> NextRead {
        let size = self.size.load(Ordering::Relaxed);
        let most = self.most.load(Ordering::Relaxed);
        let paused = self.paused.load(Ordering::Relaxed);
        if size > paused && size >= most.min(paused.saturating_add(READ_AHEAD)) {
            self.paused.store(size, Ordering::Relaxed);
            return NextRead::Look;
        }
        if size >= most {
            self.is_exhausted.store(true, Ordering::Relaxed);
            return NextRead::End;
        }
        NextRead::Read
    }

    fn check(&self, most: u64) -> Result<(), Problem> {
        check_size(most, self.size.load(Ordering::Relaxed))
    }
}

impl Stream for CountedBody {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.next_read() {
            NextRead::Read => {}
            NextRead::Look => {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            NextRead::End => return Poll::Ready(Some(Err(axum::Error::new(FieldTooFar)))),
        }
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let next = pieces.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(piece))) = &next {
            self.size.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        next
    }
}

/// Reads the field `file` of a form that may have `most` bytes in all.
async fn file_of(
    app: &Arc<App>,
    mut form: Multipart,
    digests: SentDigests,
    (body, most): (&CountedBody, u64),
) -> Result<ReceivedBody, Problem> {
    let wrong = |detail: String| Problem::new(Code::InvalidUpload, detail);
    let (limit, idle) = (app.settings.max_upload_bytes, app.settings.upload_idle);
    let mut found = None;
    while let Some(field) = tokio::time::timeout(idle, form.next_field())
        .await
        .map_err(|_| idle_too_long(idle))?
        .map_err(|error| {
            wrong(if body.is_exhausted.load(Ordering::Relaxed) {
                FieldTooFar.to_string()
            } else {
                error.body_text()
            })
        })?
    {
        body.allow(u64::MAX);
        check_field(&field).map_err(wrong)?;
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
        body.check(most)?;
        body.allow(FORM_BYTES);
    }
    found.ok_or_else(|| wrong("expected the .deb in a field `file`".into()))
}

/// Checks the head of a field: a form has its file and nothing else, so that no parameter in it seems to have taken effect.
fn check_field(field: &Field<'_>) -> Result<(), String> {
    let headers = field.headers().iter();
    let head: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if head > FIELD_HEAD_BYTES {
        return Err(format!(
            "a field of the form has {head} bytes of headers: expected at most {FIELD_HEAD_BYTES}"
        ));
    }
    let name = field.name().unwrap_or_default();
    if name == "file" {
        return Ok(());
    }
    let name: String = name.chars().take(64).collect();
    let name = name.escape_debug();
    Err(if field.file_name().is_some() {
        format!("unexpected file in the field `{name}`: send one .deb per request, in the field `file`")
    } else {
        format!(
            "unexpected field `{name}`: a form has only the .deb in the field `file`, and parameters such as `suite` go in the query"
        )
    })
}
