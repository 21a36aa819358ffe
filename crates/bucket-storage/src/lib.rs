//! Copies of served files in a bucket of an object store, and the choice between a folder and a bucket by URL.
//!
//! `repogen replicate` calls it. It blocks: requests run on a small runtime of each bucket's own. It never reads a package, a catalog or
//! settings, and what it writes once it never changes.

mod bucket;

use std::io;
use std::path::PathBuf;

use archive_storage::store::{FileStore, Folder};

pub use bucket::Bucket;

/// A text that names no store.
#[derive(Debug, thiserror::Error)]
pub enum StoreUrlError {
    /// It is neither a path nor the URL of an object store.
    #[error(
        "`{0}` names no store: expected a path, `s3://BUCKET[/PREFIX]`, `gs://BUCKET[/PREFIX]` or `az://CONTAINER[/PREFIX]`"
    )]
    Unknown(String),
    /// The object store cannot be used as the environment says.
    #[error("the object store `{url}` cannot be used")]
    Setting {
        /// The URL.
        url: String,
        /// What is missing or wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system gives no thread for requests.
    #[error("cannot start what sends requests to `{url}`")]
    Runtime {
        /// The URL.
        url: String,
        /// The cause.
        source: io::Error,
    },
}

/// Opens the store of a URL; `variables` are those of the environment, for credentials and endpoints (`AWS_*`, `GOOGLE_*`,
/// `AZURE_*`).
pub fn open(
    url: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Box<dyn FileStore>, StoreUrlError> {
    let Some((scheme, _)) = url.split_once("://") else {
        return match url {
            "" => Err(StoreUrlError::Unknown(String::new())),
            path => Ok(Box::new(Folder::new(PathBuf::from(path)))),
        };
    };
    match scheme {
        "file" => Ok(Box::new(Folder::new(PathBuf::from(
            url.strip_prefix("file://").unwrap_or(url),
        )))),
        "s3" | "gs" | "az" => Ok(Box::new(Bucket::open(url, variables)?)),
        _ => Err(StoreUrlError::Unknown(url.escape_debug().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_names_no_store_is_refused() {
        for url in ["", "ftp://host/path", "http://host/path"] {
            assert!(matches!(open(url, []), Err(StoreUrlError::Unknown(_))), "{url}");
        }
    }

    #[test]
    fn a_path_is_a_folder_and_a_bucket_needs_no_request_to_be_opened() {
        assert!(open("/srv/mirror", []).is_ok());
        assert!(open("file:///srv/mirror", []).is_ok());
        let region = [("AWS_REGION".to_owned(), "us-east-1".to_owned())];
        assert!(open("s3://bucket/prefix", region).is_ok());
    }
}
