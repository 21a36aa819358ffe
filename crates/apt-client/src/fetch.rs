//! Getting files from archives: `http:`, `https:` and `file:`.
//!
//! Every read has a bound, every redirect is looked at, and what failed for a passing reason is tried again. Nothing here says
//! that what came is right: whoever asks holds it against a digest.

mod credentials;
mod debs;
mod error;
mod http;
mod location;
mod pace;

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

pub use credentials::Credentials;
pub use debs::{Download, Progress, Silent, is_downloaded};
pub use error::FetchError;
pub use http::client_builder;
pub use location::{Location, LocationError};
pub use pace::{DownloadLimit, DownloadLimitError};

/// What an answer carries to ask again only for something newer. Source: RFC 9110, section 8.8.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Validators {
    /// `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// One file to get.
#[derive(Debug, Clone)]
pub struct FileRequest<'a> {
    /// Where it is.
    pub location: &'a Location,
    /// Most bytes it may have; one byte more is an error.
    pub limit: u64,
    /// What is known of the file that is here already.
    pub known: Option<&'a Validators>,
    /// Only so many bytes, from an offset on.
    pub range: Option<(u64, u64)>,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileResponse {
    /// What is here already is what is there.
    NotModified,
    /// The file, or the part of it that was asked for.
    Body {
        /// Its bytes.
        bytes: Vec<u8>,
        /// To ask again.
        validators: Validators,
    },
}

/// Gets files. It owns the threads that downloads run on, so that its callers need not be asynchronous.
pub struct Fetcher {
    runtime: tokio::runtime::Runtime,
    http: http::Http,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Fetcher").finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Makes one that shows these credentials where they belong.
    ///
    /// # Errors
    /// When the system gives it no threads, or has no certificates to check servers by.
    pub fn new(credentials: Credentials) -> Result<Self, FetchError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(FetchError::Start)?;
        let http = http::Http::new(credentials)?;
        Ok(Self { runtime, http })
    }

    /// Has somebody told of the bytes of files as they come; packages are told of by their [`Progress`].
    #[must_use]
    pub fn with_progress(mut self, came: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.http.report_progress(came);
        self
    }

    /// Bounds how many bytes come in a second, of all files together.
    #[must_use]
    pub fn with_limit(mut self, limit: DownloadLimit) -> Self {
        self.http.limit(limit);
        self
    }

    /// Asks no network any more: what is not on this machine is an error.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.http.go_offline();
        self
    }

    /// Gets a file.
    ///
    /// # Errors
    /// When it cannot be reached, is not there, is longer than its limit, or the way to it leads astray.
    pub fn get(&self, get: &FileRequest<'_>) -> Result<FileResponse, FetchError> {
        self.runtime.block_on(self.get_async(get))
    }

    /// Gets several files at once; the answers stand in the order of the questions.
    ///
    /// # Errors
    /// The first one in that order.
    pub fn get_all(&self, gets: &[FileRequest<'_>]) -> Result<Vec<FileResponse>, FetchError> {
        let each = gets.iter().map(|get| self.get_async(get));
        self.runtime
            .block_on(futures_util::future::join_all(each))
            .into_iter()
            .collect()
    }

    async fn get_async(&self, get: &FileRequest<'_>) -> Result<FileResponse, FetchError> {
        match get.location.file_path() {
            Some(path) => read_file(get, &path),
            None => self.http.get(get).await,
        }
    }
}

/// How long to wait before the next try; `None` when there is none.
pub fn pause_before(retry: u32) -> Option<Duration> {
    [200, 800, 2_000]
        .get(usize::try_from(retry).ok()?)
        .map(|millis| Duration::from_millis(*millis))
}

/// Says why a file of this machine cannot be read.
fn unread(location: &Location, source: std::io::Error) -> FetchError {
    let location = location.clone();
    match source.kind() {
        std::io::ErrorKind::NotFound => FetchError::Missing { location },
        _ => FetchError::Unreadable { location, source },
    }
}

/// Reads a file of this machine; its time of change is what is known of it.
fn read_file(get: &FileRequest<'_>, path: &Path) -> Result<FileResponse, FetchError> {
    let error = |source| unread(get.location, source);
    let mut file = std::fs::File::open(path).map_err(error)?;
    let modified = file
        .metadata()
        .and_then(|metadata| metadata.modified())
        .map_err(error)?;
    let since = modified
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    let validators = Validators {
        etag: Some(format!("file-{since}")),
        last_modified: None,
    };
    if get.known.is_some_and(|known| *known == validators) {
        return Ok(FileResponse::NotModified);
    }
    let mut bytes = Vec::new();
    if let Some((start, length)) = get.range {
        use std::io::Seek as _;
        file.seek(std::io::SeekFrom::Start(start)).map_err(error)?;
        file.take(length).read_to_end(&mut bytes).map_err(error)?;
    } else {
        file.take(get.limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(error)?;
    }
    if bytes.len() as u64 > get.limit {
        return Err(FetchError::TooLong {
            location: get.location.clone(),
            limit: get.limit,
        });
    }
    Ok(FileResponse::Body { bytes, validators })
}
