//! Bodies of uploads that come in parts: kept as they come, so that what breaks off goes on from there, here or on another machine.
//!
//! What has come is made a part whenever there is enough of it, and when the body ends, however it ends. The end of the last body is the
//! exception: it counts when the package is placed. So an upload of which all bytes count is a package, and until then whoever sends
//! them asks again, and sends the end again.

use std::sync::Arc;

use archive_catalog::accounts::Id;
use archive_catalog::resumable_uploads::{ResumableUpload, UploadBounds, UploadsFull};
use axum::body::Bytes;
use debian_archive::error_text::with_causes;
use debian_archive::ingest::{IncomingFile, QueuedFile, ReceivedFile};
use futures_util::Stream;

use crate::app::App;
use crate::clock::now;
use crate::problem::{Code, Problem};
use crate::receive::{BUFFER, Pieces, check_room};
use crate::secrets;
use crate::sent_digest::SentDigests;

/// How large a part is at least, unless its body ends: what a crash loses, and what the last request may have to send again.
const PART: u64 = 16 << 20;

/// Returns the bounds of a server that takes packages of so many bytes.
pub(crate) fn bounds(max_upload_bytes: u64) -> UploadBounds {
    UploadBounds {
        uploads: 64,
        bytes: max_upload_bytes.saturating_mul(4),
        all: 4096,
    }
}

/// Returns what a client is told whose upload has no room.
pub(crate) fn no_room(full: UploadsFull) -> Problem {
    let mut problem = Problem::new(
        Code::TooManyUploads,
        format!("{full}: finish or delete some, or wait a day"),
    );
    problem.retry_after = Some(60);
    problem
}

/// Returns what a client is told that goes on at another offset than the upload.
pub(crate) fn other_offset(expected: u64) -> Problem {
    Problem::new(
        Code::UploadOffset,
        format!("the upload goes on at offset {expected}: ask for it with HEAD"),
    )
}

/// What a body came to.
pub(crate) enum Appended {
    /// The upload ends at this offset now.
    More(u64),
    /// The whole file came in; its end is not kept yet.
    Whole(ReceivedFile),
}

/// A body on its way into an upload.
struct Appending {
    app: Arc<App>,
    upload: ResumableUpload,
    /// Where the upload ends by what is kept.
    end: u64,
    /// What came since, on disk but for its end.
    file: Option<IncomingFile>,
    rest: Vec<Bytes>,
    /// Bytes of both, and of the second alone.
    held: u64,
    buffered: usize,
}

/// Takes a body into an upload, at its end. With digests, nothing of it counts before all of it was compared.
///
/// When the body breaks off, what came of it is kept all the same.
pub(crate) async fn append<E: std::fmt::Display>(
    app: &Arc<App>,
    upload: ResumableUpload,
    digests: Option<SentDigests>,
    pieces: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Appended, Problem> {
    let mut pieces = Pieces::new(app, upload.length - upload.received, pieces);
    let mut appending = Appending {
        app: app.clone(),
        end: upload.received,
        upload,
        file: None,
        rest: Vec::new(),
        held: 0,
        buffered: 0,
    };
    loop {
        match pieces.next().await {
            Ok(Some(piece)) => appending = appending.take(piece, digests.is_none()).await?,
            Ok(None) => return appending.end(digests).await,
            Err(problem) => {
                if digests.is_none() {
                    appending.keep().await?;
                }
                return Err(problem);
            }
        }
    }
}

impl Appending {
    async fn take(mut self, piece: Bytes, counts: bool) -> Result<Self, Problem> {
        self.held += piece.len() as u64;
        self.buffered += piece.len();
        self.rest.push(piece);
        if self.buffered >= BUFFER {
            self = self.write().await?;
        }
        if counts && self.held >= PART {
            self = self.keep().await?;
        }
        Ok(self)
    }

    /// Writes what came to disk.
    async fn write(mut self) -> Result<Self, Problem> {
        let (file, rest) = (self.file.take(), std::mem::take(&mut self.rest));
        self.buffered = 0;
        let file = self
            .app
            .changing(move |app| {
                check_room(app, 0)?;
                written(app, file, &rest)
            })
            .await?;
        self.file = Some(file);
        Ok(self)
    }

    /// Makes a part of what came, which counts from then on; the end of the file waits for the package.
    async fn keep(mut self) -> Result<Self, Problem> {
        if self.held == 0 || self.end + self.held == self.upload.length {
            return Ok(self);
        }
        let (file, rest) = (self.file.take(), std::mem::take(&mut self.rest));
        let (id, start) = (self.upload.id.clone(), self.end);
        self.app
            .changing(move |app| {
                let part = written(app, file, &rest)?.finish().enqueue()?;
                add_part(app, &id, start, &part)
            })
            .await?;
        self.end += std::mem::take(&mut self.held);
        self.buffered = 0;
        Ok(self)
    }

    /// Ends the body: what came is a part, or the whole file is here.
    async fn end(self, digests: Option<SentDigests>) -> Result<Appended, Problem> {
        let Self {
            app,
            upload,
            file,
            rest,
            end,
            held,
            ..
        } = self;
        app.changing(move |app| {
            let received = written(app, file, &rest)?.finish();
            if let Some(digests) = digests {
                digests.check(&received)?;
            }
            if end + held < upload.length {
                if held > 0 {
                    add_part(app, &upload.id, end, &received.enqueue()?)?;
                }
                return Ok(Appended::More(end + held));
            }
            let upload = ResumableUpload {
                received: end,
                ..upload
            };
            check_room(app, upload.length)?;
            let joined = app.archive.join_parts(&app.staging, &upload)?;
            let mut joined = joined.ok_or_else(overtaken)?;
            joined.write_all_of(received.open()?)?;
            Ok(Appended::Whole(joined.finish()))
        })
        .await
    }
}

/// Writes pieces to a file, which begins with the first of them.
fn written(app: &App, file: Option<IncomingFile>, rest: &[Bytes]) -> Result<IncomingFile, Problem> {
    let mut file = match file {
        Some(file) => file,
        None => IncomingFile::start(&app.staging)?,
    };
    for piece in rest {
        file.write(piece)?;
    }
    Ok(file)
}

fn add_part(app: &App, id: &Id, start: u64, part: &QueuedFile) -> Result<(), Problem> {
    let added = app
        .archive
        .add_part(id, (start, part), &secrets::new_id(), now())?;
    added.then_some(()).ok_or_else(overtaken)
}

fn overtaken() -> Problem {
    Problem::new(
        Code::UploadOffset,
        "another request added to the upload at the same time, or it is gone: ask for its offset with HEAD",
    )
}

/// Lets go what nobody went on with. Blocking.
pub(crate) fn sweep(app: &App, now: i64) {
    let archive = app.publications.archive();
    if let Err(error) = archive.sweep_uploads(now) {
        tracing::error!(error = %with_causes(&error), "cannot sweep uploads in parts");
    }
}
