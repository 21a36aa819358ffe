//! The body of an upload, from the network to a staged file.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use debian_archive::ingest::{IncomingFile, ReceivedFile};
use futures_util::{Stream, StreamExt as _};

use crate::app::App;
use crate::problem::{Code, Problem};
use crate::sent_digest::SentDigests;

/// How much is kept in memory before it is written: few uploads are larger.
pub(crate) const BUFFER: usize = 512 * 1024;
/// What stays free for publishing, in bytes.
pub(crate) const RESERVE: u64 = 64 << 20;

/// After this time an upload must have had [`LEAST_RATE`] or more on average: it holds a slot that others wait for.
const GRACE: Duration = Duration::from_secs(60);
/// Bytes a second.
const LEAST_RATE: u64 = 1024;

/// How far a refused body is read, in bytes and in time, so that programs that send all before they look get the answer.
#[derive(Debug, Clone, Copy)]
struct Hearing {
    bytes: u64,
    time: Duration,
}

/// For clients that are known.
const REFUSED: Hearing = Hearing {
    bytes: 64 << 20,
    time: Duration::from_secs(180),
};
/// For those that are not: anybody can be refused so, as often as they like.
const STRANGERS: Hearing = Hearing {
    bytes: 8 << 20,
    time: Duration::from_millis(500),
};

/// An upload that came in: on disk, but for its end.
pub(crate) struct ReceivedBody {
    digests: SentDigests,
    receiving: Option<IncomingFile>,
    rest: Vec<Bytes>,
}

impl ReceivedBody {
    /// Writes the rest to disk, and compares the digests that the client sent. Blocking.
    pub(crate) fn finish(self, app: &App) -> Result<ReceivedFile, Problem> {
        let mut receiving = match self.receiving {
            Some(receiving) => receiving,
            None => IncomingFile::start(&app.staging)?,
        };
        for piece in &self.rest {
            receiving.write(piece)?;
        }
        let received = receiving.finish();
        self.digests.check(&received)?;
        Ok(received)
    }
}

/// Takes a request's whole body of at most `limit` bytes in.
pub(crate) async fn receive_whole(
    app: &Arc<App>,
    limit: u64,
    request: Request,
) -> Result<ReceivedBody, Problem> {
    refuse_encoding(request.headers())?;
    refuse_part(request.headers())?;
    let digests = SentDigests::of(request.headers())?;
    receive(app, limit, digests, request.into_body().into_data_stream()).await
}

/// Refuses a body that is compressed for transport: the bytes of a package are stored as they come, and JSON is read as it comes.
///
/// hyper takes a message with `Transfer-Encoding: gzip, chunked` as chunked, and leaves it compressed.
pub(crate) fn refuse_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    for (name, expected) in [
        (header::CONTENT_ENCODING, "identity"),
        (header::TRANSFER_ENCODING, "chunked"),
    ] {
        let mut values = headers.get_all(&name).iter();
        let is_other = |value: &&HeaderValue| !value.as_bytes().eq_ignore_ascii_case(expected.as_bytes());
        if let Some(value) = values.find(is_other) {
            let value = String::from_utf8_lossy(value.as_bytes());
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                format!(
                    "unsupported `{name}: {}`: send the body without an encoding",
                    value.escape_debug()
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses a part of a file, as `curl -C -` sends it: it would be taken for the whole.
///
/// Source: RFC 9110, section 14.5.
fn refuse_part(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(range) = headers.get(header::CONTENT_RANGE) else {
        return Ok(());
    };
    let range = String::from_utf8_lossy(range.as_bytes());
    Err(Problem::new(
        Code::InvalidUpload,
        format!(
            "the body is a part (`Content-Range: {}`): send the whole file, or its parts to `/api/uploads`",
            range.escape_debug()
        ),
    ))
}

/// Takes a file of at most `limit` bytes in.
pub(crate) async fn receive<E: std::fmt::Display>(
    app: &Arc<App>,
    limit: u64,
    digests: SentDigests,
    pieces: impl Stream<Item = Result<Bytes, E>>,
) -> Result<ReceivedBody, Problem> {
    let total = app.settings.upload_total;
    tokio::time::timeout(total, receive_pieces(app, limit, digests, pieces))
        .await
        .map_err(|_| took_too_long(total))?
}

async fn receive_pieces<E: std::fmt::Display>(
    app: &Arc<App>,
    limit: u64,
    digests: SentDigests,
    pieces: impl Stream<Item = Result<Bytes, E>>,
) -> Result<ReceivedBody, Problem> {
    let mut pieces = Pieces::new(app, limit, pieces);
    let mut body = ReceivedBody {
        digests,
        receiving: None,
        rest: Vec::new(),
    };
    let mut kept = 0;
    while let Some(piece) = pieces.next().await? {
        kept += piece.len();
        body.rest.push(piece);
        if kept >= BUFFER {
            body = flush(app, body).await?;
            kept = 0;
        }
    }
    Ok(body)
}

/// A body piece by piece, within the bounds of an upload: its size, and how long it may take.
pub(crate) struct Pieces<S> {
    stream: Pin<Box<S>>,
    limit: u64,
    size: u64,
    idle: Duration,
    since: Instant,
}

impl<S: Stream<Item = Result<Bytes, E>>, E: std::fmt::Display> Pieces<S> {
    pub(crate) fn new(app: &App, limit: u64, stream: S) -> Self {
        Self {
            stream: Box::pin(stream),
            limit,
            size: 0,
            idle: app.settings.upload_idle,
            since: Instant::now(),
        }
    }

    /// Returns the next piece; `None`: that was all.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let next = tokio::time::timeout(self.idle, self.stream.next()).await;
        let Some(piece) = next.map_err(|_| idle_too_long(self.idle))? else {
            return Ok(None);
        };
        let piece = piece.map_err(|error| Problem::new(Code::InvalidUpload, error.to_string()))?;
        self.size += piece.len() as u64;
        check_size(self.limit, self.size)?;
        if is_too_slow(self.since.elapsed(), self.size) {
            return Err(Problem::new(
                Code::UploadTimeout,
                format!("the upload is too slow: expected {LEAST_RATE} bytes a second or more"),
            ));
        }
        Ok(Some(piece))
    }
}

/// Says whether an upload that has come so far in so much time takes a place from others.
fn is_too_slow(elapsed: Duration, size: u64) -> bool {
    elapsed > GRACE && size < LEAST_RATE.saturating_mul(elapsed.as_secs())
}

async fn flush(app: &Arc<App>, body: ReceivedBody) -> Result<ReceivedBody, Problem> {
    app.changing(move |app| {
        // Not every client said how much comes, and others fill the disk meanwhile.
        check_room(app, 0)?;
        let mut receiving = match body.receiving {
            Some(receiving) => receiving,
            None => IncomingFile::start(&app.staging)?,
        };
        for piece in &body.rest {
            receiving.write(piece)?;
        }
        Ok(ReceivedBody {
            digests: body.digests,
            receiving: Some(receiving),
            rest: Vec::new(),
        })
    })
    .await
}

/// Checks that so many bytes may be taken.
pub(crate) fn check_size(limit: u64, size: u64) -> Result<(), Problem> {
    if size > limit {
        return Err(Problem::new(
            Code::PayloadTooLarge,
            format!("expected at most {limit} bytes"),
        ));
    }
    Ok(())
}

/// Checks that there is room for so many bytes and for publishing them. Blocking.
pub(crate) fn check_room(app: &App, size: u64) -> Result<(), Problem> {
    let free = free_bytes(app).map_err(|error| Problem::internal(&error))?;
    if free < size.saturating_add(RESERVE) {
        tracing::error!(
            free_bytes = free,
            size_bytes = size,
            "an upload was refused: the disk is full"
        );
        return Err(Problem::new(
            Code::StorageFull,
            "the disk has no room for the upload: try again later",
        ));
    }
    Ok(())
}

/// Returns how many bytes of the archive's disk are free. Blocking.
pub(crate) fn free_bytes(app: &App) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(app.archive.local())?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Reads what a client is still sending to its end, as far as it is heard, and as fast as an upload has to be.
///
/// Programs that send the whole body before they look at the answer fail on the way otherwise. Where it does not end in time, the
/// connection is closed after the answer.
async fn drain<E>(
    hearing: Hearing,
    idle: Duration,
    mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
) {
    let since = Instant::now();
    let mut size = 0_u64;
    let all = async {
        while let Ok(Some(Ok(piece))) = tokio::time::timeout(idle, pieces.next()).await {
            size += piece.len() as u64;
            if size > hearing.bytes || is_too_slow(since.elapsed(), size) {
                break;
            }
        }
    };
    // Nothing is kept of it, so nothing depends on whether it ends in time.
    let _ = tokio::time::timeout(hearing.time, all).await;
}

/// Says that a body took too long in total.
pub(crate) fn took_too_long(limit: Duration) -> Problem {
    let limit = limit.as_secs();
    Problem::new(Code::UploadTimeout, format!("the body took more than {limit} s"))
}

/// Says that nothing came of a body for too long.
pub(crate) fn idle_too_long(limit: Duration) -> Problem {
    let limit = limit.as_secs();
    Problem::new(
        Code::UploadTimeout,
        format!("the client sent nothing for {limit} s"),
    )
}

/// Reads the body of a refused request to its end, if the client sends it without waiting for `100 Continue` and it is not too large.
pub(crate) async fn drain_refused(app: &App, refused: &Problem, request: Request) {
    if refused.code != Code::PayloadTooLarge {
        let hearing = match refused.code.status() {
            StatusCode::UNAUTHORIZED => STRANGERS,
            _ => REFUSED,
        };
        drain_unasked(app, hearing, request).await;
    }
}

/// The same for a request that is refused before it is known whose it is.
pub(crate) async fn drain_stranger(app: &App, request: Request) {
    drain_unasked(app, STRANGERS, request).await;
}

async fn drain_unasked(app: &App, hearing: Hearing, request: Request) {
    if !request.headers().contains_key(header::EXPECT) {
        drain(
            hearing,
            app.settings.upload_idle,
            request.into_body().into_data_stream(),
        )
        .await;
    }
}

/// Has the rest of a body read that was refused midway, while the answer is on its way already.
pub(crate) fn drain_rest<E: Send + 'static>(
    app: &App,
    refused: &Problem,
    rest: impl Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
) {
    // Whoever is too slow, or sends too much, was heard for long enough.
    if !matches!(refused.code, Code::UploadTimeout | Code::PayloadTooLarge) {
        tokio::spawn(drain(REFUSED, app.settings.upload_idle, rest));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn who_is_refused_is_heard_out_within_bounds() {
        let hearing = Hearing {
            bytes: 1000,
            time: Duration::from_millis(50),
        };
        let mut taken = 0;
        let endless = stream::repeat_with(|| {
            taken += 1;
            Ok::<_, std::io::Error>(Bytes::from_static(&[0; 100]))
        });
        drain(hearing, Duration::from_secs(3600), endless).await;
        assert_eq!(taken, 11, "pieces of 100 bytes");
        let silent = stream::pending::<Result<Bytes, std::io::Error>>();
        let ends = drain(hearing, Duration::from_secs(3600), silent);
        tokio::time::timeout(Duration::from_secs(60), ends).await.unwrap();
    }

    #[test]
    fn only_who_stays_slow_is_too_slow() {
        for (seconds, size, expected) in [
            (0, 0, false),
            (60, 1, false),
            (61, 1, true),
            (61, 61 * 1024, false),
            (3600, 3600 * 1024 - 1, true),
        ] {
            assert_eq!(
                is_too_slow(Duration::from_secs(seconds), size),
                expected,
                "{size} bytes in {seconds} s"
            );
        }
    }
}
