//! Hearing of what other processes commit.

mod file;

use crate::CatalogError;
use crate::database_url::DatabaseUrl;
use crate::postgres::Listener;
use file::FileWatch;

/// Calls back when the catalog may have changed, for as long as it is kept.
///
/// It may call for nothing, and a change may be seen a moment after the call: of a SQLite file the system tells when it is
/// written, which is before the commit. The system tells nothing of what other machines write on a network file system.
pub struct CatalogWatch {
    _kind: WatchKind,
}

#[expect(dead_code, reason = "they work until they are dropped")]
enum WatchKind {
    File(FileWatch),
    Server(Listener),
}

impl CatalogWatch {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When the system does not watch files, or the server cannot be reached.
    pub fn start(url: &DatabaseUrl, heard: impl Fn() + Send + 'static) -> Result<Self, CatalogError> {
        let kind = match url {
            DatabaseUrl::Sqlite(path) => {
                let watch = FileWatch::start(path, heard).map_err(|error| CatalogError::Database {
                    location: url.to_string(),
                    action: "watch it",
                    source: Box::new(error),
                })?;
                WatchKind::File(watch)
            }
            DatabaseUrl::Postgres(url) => WatchKind::Server(Listener::start(url, heard)?),
        };
        Ok(Self { _kind: kind })
    }
}
