//! Files of an archive in a bucket of an object store, and the choice between a folder and a bucket by URL.
//!
//! Programs open a store here and pass it to the archive. It blocks: each bucket runs its requests on a small runtime of its own. It never
//! reads a package, a catalog or settings, and never changes an object of the pool or by-hash once it is written.

mod bucket;
mod content;
mod parts;
mod service;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use archive_storage::store::{FileStore, Folder};

pub use bucket::{Bucket, CLAIMS};

/// A text that names no store.
#[derive(Debug, thiserror::Error)]
pub enum StoreUrlError {
    /// It is neither a path nor the URL of an object store.
    #[error(
        "`{0}` names no store: expected a path, `s3://BUCKET[/PREFIX]`, `gs://BUCKET[/PREFIX]` or `az://CONTAINER[/PREFIX]`"
    )]
    Unknown(String),
    /// It has something else than a bucket and a prefix, which may be a password: it is not shown.
    #[error(
        "the URL of the object store has {0}: expected a scheme, a bucket and perhaps a prefix, such as `s3://BUCKET/PREFIX`; credentials and settings are variables (AWS_*, GOOGLE_*, AZURE_*)"
    )]
    NotOnlyBucket(&'static str),
    /// The object store cannot be used as the environment says.
    #[error("the object store `{url}` cannot be used")]
    Setting {
        /// The URL.
        url: String,
        /// What is missing or wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system gives no thread for requests.
    #[error("cannot start the client for `{url}`")]
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
) -> Result<Arc<dyn FileStore>, StoreUrlError> {
    let Some((scheme, place)) = url.split_once("://") else {
        return match url {
            "" => Err(StoreUrlError::Unknown(String::new())),
            path => Ok(Arc::new(Folder::new(PathBuf::from(path)))),
        };
    };
    match scheme {
        "file" => Ok(Arc::new(Folder::new(PathBuf::from(
            url.strip_prefix("file://").unwrap_or(url),
        )))),
        "s3" | "gs" | "az" => match besides_a_bucket(place) {
            Some(what) => Err(StoreUrlError::NotOnlyBucket(what)),
            None => Ok(Arc::new(Bucket::open(url, variables)?)),
        },
        _ if place.contains('@') => Err(StoreUrlError::NotOnlyBucket("a user name or a password")),
        _ => Err(StoreUrlError::Unknown(url.escape_debug().to_string())),
    }
}

/// Says what stands in the URL of a bucket and has no place there; nobody would look at it.
fn besides_a_bucket(place: &str) -> Option<&'static str> {
    let bucket = place.split('/').next().unwrap_or(place);
    if bucket.contains(['@', ':']) {
        Some("a user name or a password")
    } else if place.contains('?') {
        Some("a query")
    } else if place.contains('#') {
        Some("a fragment")
    } else {
        None
    }
}

/// Opens the store that a variable such as `STORAGE_URL` names, with the credentials of the environment; `None` where it is left out.
pub fn open_named(
    url: Option<&str>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Option<Arc<dyn FileStore>>, StoreUrlError> {
    let text = |value: OsString| value.into_string().ok();
    let variables = variables
        .into_iter()
        .filter_map(|(name, value)| Some((text(name)?, text(value)?)));
    match url.filter(|url| !url.is_empty()) {
        Some(url) => open(url, variables).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use archive_storage::store::Lifetime;

    use super::*;

    /// `make test-s3` starts a server and names its port; the buckets are there.
    fn on_the_server(url: &str) -> Arc<dyn FileStore> {
        let port = std::env::var("TEST_S3_PORT").expect("`make test-s3` names the port of its server");
        let server = [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}").as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        open(url, server).unwrap()
    }

    #[test]
    #[ignore = "needs an S3 server: make test-s3"]
    fn a_bucket_keeps_what_a_store_promises() {
        let staged = tempfile::tempdir().unwrap();
        for url in ["s3://conformance", "s3://conformance-below/some/prefix"] {
            archive_storage::store::conformance::check(on_the_server(url).as_ref(), staged.path());
        }
    }

    /// Gives bytes for longer than one part, and then what ends a program.
    struct Killed(usize);

    impl io::Read for Killed {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(self.0);
            assert!(count > 0, "killed");
            self.0 -= count;
            Ok(count)
        }
    }

    fn uploads_in_parts(bucket: &str) -> usize {
        let port = std::env::var("TEST_S3_PORT").unwrap();
        let url = format!("http://127.0.0.1:{port}/{bucket}?uploads");
        let listed = std::process::Command::new("curl")
            .args(["-fsS", &url])
            .output()
            .unwrap();
        assert!(listed.status.success());
        String::from_utf8(listed.stdout)
            .unwrap()
            .matches("<UploadId>")
            .count()
    }

    #[test]
    #[ignore = "needs an S3 server: make test-s3"]
    fn an_upload_in_parts_that_was_killed_is_noted_and_can_be_given_up() {
        let store = on_the_server("s3://parts/below");
        let size = 20 << 20;
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = store.write("pool/killed", &mut Killed(9 << 20), size, Lifetime::Immutable);
        }));
        assert!(killed.is_err());
        assert_eq!(uploads_in_parts("parts"), 1);
        let notes: Vec<String> = store.list("staged").unwrap().into_keys().collect();
        assert_eq!(notes.len(), 1, "{notes:?}");

        store
            .write(
                "pool/whole",
                &mut io::repeat(1).take(size),
                size,
                Lifetime::Immutable,
            )
            .unwrap();
        assert_eq!(store.list("staged").unwrap().len(), 1);
        // One that has ended meanwhile is no error.
        store.give_up(&notes[0]).unwrap();
        store.give_up(&notes[0]).unwrap();
        assert_eq!(uploads_in_parts("parts"), 0);
        assert!(store.list("staged").unwrap().is_empty());
        assert_eq!(store.head("pool/whole").unwrap().unwrap().size, size);
    }

    #[test]
    #[ignore = "needs an S3 server: make test-s3"]
    fn a_marker_of_a_folder_is_no_file() {
        let port = std::env::var("TEST_S3_PORT").unwrap();
        for marker in ["pool/", "pool/main/", "pool/main/p/"] {
            let url = format!("http://127.0.0.1:{port}/parts/marked/{marker}");
            let put = std::process::Command::new("curl")
                .args(["-fsS", "-X", "PUT", "-H", "Content-Length: 0", &url])
                .status();
            assert!(put.unwrap().success());
        }
        let store = on_the_server("s3://parts/marked");
        for (path, mut text) in [("pool/main/h/hello", &b"hello"[..]), ("pool/main/empty", b"")] {
            let size = text.len() as u64;
            store.write(path, &mut text, size, Lifetime::Immutable).unwrap();
        }
        let listed: Vec<String> = store.list("pool").unwrap().into_keys().collect();
        assert_eq!(listed, ["pool/main/empty", "pool/main/h/hello"]);
        assert_eq!(store.names("pool/main").unwrap(), ["empty"]);
    }

    #[test]
    fn a_text_that_names_no_store_is_refused() {
        for url in ["", "ftp://host/path", "http://host/path"] {
            assert!(matches!(open(url, []), Err(StoreUrlError::Unknown(_))), "{url}");
        }
    }

    #[test]
    fn a_bucket_with_credentials_or_a_query_is_refused_and_no_secret_is_shown() {
        let keys = [("AWS_ACCESS_KEY_ID", "me"), ("AWS_SECRET_ACCESS_KEY", "other")];
        for url in [
            "s3://me:secret@bucket/prefix",
            "s3://me:sec/secret@bucket/prefix",
            "s3://secret@bucket",
            "gs://bucket/prefix?key=secret",
            "az://bucket#secret",
            "http://me:secret@host/bucket",
        ] {
            let refused = open(url, variables(&keys)).err().unwrap();
            assert!(
                matches!(refused, StoreUrlError::NotOnlyBucket(_)),
                "{url}: {refused}"
            );
            assert!(!refused.to_string().contains("sec/"), "{refused}");
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
        assert!(open("s3://bucket/an@address:1", variables(&keys)).is_ok());
    }

    #[test]
    fn a_path_is_a_folder_and_a_bucket_needs_no_request_to_be_opened() {
        assert!(open("/srv/mirror", []).is_ok());
        assert!(open("file:///srv/mirror", []).is_ok());
        let keys = [("AWS_ACCESS_KEY_ID", "me"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        assert!(open("s3://bucket/prefix", variables(&keys)).is_ok());
    }

    fn variables(given: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        given.iter().map(owned).collect()
    }

    #[test]
    fn missing_credentials_are_named_and_no_cloud_is_asked_unless_that_was_said() {
        for (given, missing) in [
            (&[][..], "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
            (&[("AWS_ACCESS_KEY_ID", "me")], "set AWS_SECRET_ACCESS_KEY,"),
            (
                &[
                    ("AWS_ACCESS_KEY_ID", "me"),
                    ("AWS_METADATA_ENDPOINT", "http://169.254.169.254"),
                ],
                "set AWS_SECRET_ACCESS_KEY,",
            ),
            (
                &[("AWS_SECRET_ACCESS_KEY", "")],
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ),
        ] {
            let refused = open("s3://bucket", variables(given)).err().unwrap();
            let cause = std::error::Error::source(&refused).unwrap().to_string();
            assert!(cause.contains(missing), "{given:?}: {cause}");
        }
        for name in ["AWS_METADATA_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            let given = variables(&[(name, "http://169.254.169.254")]);
            assert!(open("s3://bucket", given).is_ok(), "{name}");
        }
    }
}
