//! Putting packages into an archive, and taking them out.

use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, Method, StatusCode};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

use super::registry::Ask;
use super::{Registry, RegistryError};

/// How many packages are on their way at once: enough to hide the round trips, few enough for a small server.
const AT_ONCE: usize = 8;
/// How much of a file is read at once.
const PIECE: usize = 256 << 10;

/// Where a package goes; left out: where the registry puts it.
#[derive(Debug, Clone, Default)]
pub struct UploadTarget {
    /// Codename or alias.
    pub suite: Option<String>,
    /// A component of it.
    pub component: Option<String>,
}

impl UploadTarget {
    fn query(&self) -> Vec<(&str, &str)> {
        let suite = self.suite.as_deref().map(|suite| ("suite", suite));
        let component = self
            .component
            .as_deref()
            .map(|component| ("component", component));
        suite.into_iter().chain(component).collect()
    }
}

/// How an upload succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Created, and live.
    Added,
    /// Already present with identical content.
    Unchanged,
    /// Created, and not live yet.
    Pending,
}

/// Whether a change is in what clients see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live {
    /// It is.
    Now,
    /// It will be with the next publish.
    NotYet,
}

/// A package as the registry has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Upload {
    /// What the registry calls it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
}

impl Registry {
    /// Uploads packages, several at once; `ended` is told of each, in the order in which they end. An upload that failed for a
    /// passing reason is sent again, which changes nothing where the first one arrived.
    pub fn upload(
        &self,
        files: &[PathBuf],
        target: &UploadTarget,
        mut ended: impl FnMut(&Path, Result<Taken, RegistryError>),
    ) {
        self.runtime.block_on(async {
            let mut uploads = stream::iter(files)
                .map(|file| async move { (file, self.upload_one(file, target).await) })
                .buffer_unordered(AT_ONCE);
            while let Some((file, outcome)) = uploads.next().await {
                ended(file, outcome);
            }
        });
    }

    async fn upload_one(&self, path: &Path, target: &UploadTarget) -> Result<Taken, RegistryError> {
        let failed = |source| RegistryError::File {
            path: path.to_owned(),
            source,
        };
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(std::io::Error::other("it is no file")));
        }
        // It is opened for each try, and once before, so that the reason for a failure is known.
        std::fs::File::open(path).map_err(failed)?;
        let mut query = target.query();
        query.push(("wait", "published"));
        let ask = Ask {
            query: &query,
            ..Ask::new(Method::POST, &["packages"])
        };
        let make = || {
            self.request(&ask)
                .header(CONTENT_TYPE, "application/vnd.debian.binary-package")
                .header(CONTENT_LENGTH, metadata.len())
                .body(body(path, metadata.len()))
        };
        let answer = self.retried(make).await?;
        let _: Upload = self.read(&answer)?;
        Ok(match answer.status {
            StatusCode::CREATED => Taken::Added,
            StatusCode::ACCEPTED => Taken::Pending,
            _ => Taken::Unchanged,
        })
    }

    /// Finds packages by name and version, and an architecture and suite where they are given.
    ///
    /// # Errors
    /// When it is not permitted, or the registry cannot be reached.
    pub fn find(&self, query: &[(&str, &str)]) -> Result<Vec<Upload>, RegistryError> {
        self.pages(&["packages"], query)
    }

    /// Takes a package out of a suite, or out of all, and waits until that is live.
    ///
    /// # Errors
    /// When it is not permitted, or the registry cannot be reached.
    pub fn remove(&self, id: &str, suite: Option<&str>) -> Result<Live, RegistryError> {
        let mut query: Vec<_> = suite.map(|suite| ("suite", suite)).into_iter().collect();
        query.push(("wait", "published"));
        let status = self.order(&Ask {
            query: &query,
            ..Ask::new(Method::DELETE, &["packages", id])
        })?;
        Ok(match status {
            StatusCode::ACCEPTED => Live::NotYet,
            _ => Live::Now,
        })
    }
}

/// Returns a file piece by piece, and no more of it than it had: one that grows meanwhile is refused by its digest, not here.
fn body(path: &Path, size: u64) -> Body {
    let pieces = stream::try_unfold((path.to_owned(), None), move |(path, open)| async move {
        let mut file = match open {
            Some(file) => file,
            None => tokio::fs::File::open(&path).await?.take(size),
        };
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
        Ok::<_, std::io::Error>((read > 0).then_some((piece, (path, Some(file)))))
    });
    Body::wrap_stream(pieces)
}
