//! The static tree, served by the uploader itself: the allow-list and the cache rules of `nginx/archive.conf`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store_files::{self, RequestedPart};

/// How long caches may keep a file.
const FOR_EVER: &str = "max-age=31536000, immutable";
const SHORT: &str = "max-age=60, must-revalidate";
const ASK_EACH_TIME: &str = "max-age=0, must-revalidate";

/// Lets the pages for people load and run what lies beside them, and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                           form-action 'self'; frame-ancestors 'none'";

/// A file of the tree that may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StaticPath {
    /// Below the root, with nothing in it that leads out.
    path: String,
    /// The private suite whose it is.
    pub(crate) private: Option<String>,
}

impl StaticPath {
    /// Reads the path of an address; `None` for what is not served.
    pub(crate) fn parse(address: &str) -> Option<Self> {
        let mut path = decoded(address.split(['?', '#']).next()?.strip_prefix('/')?)?;
        if path.is_empty() || (path.starts_with("browse/") && path.ends_with('/')) {
            path.push_str("index.html");
        }
        let segments: Vec<&str> = path.split('/').collect();
        // Nothing hidden, nothing empty, nothing that leads up.
        if segments
            .iter()
            .any(|segment| segment.is_empty() || segment.starts_with('.'))
        {
            return None;
        }
        let (private, served) = match segments.as_slice() {
            ["private", suite, "pool" | "dists" | "snapshots", _, ..] => (Some((*suite).to_owned()), true),
            ["private", suite, file] => (
                Some((*suite).to_owned()),
                file.ends_with(".sources") && is_setup_file(file),
            ),
            ["pool" | "dists" | "snapshots" | "browse", _, ..] => (None, true),
            [file] => (None, is_setup_file(file) || archive_site::ROOT.contains(file)),
            _ => (None, false),
        };
        served.then(|| Self {
            path: without_snapshot(&path),
            private,
        })
    }

    /// Returns the path of a file that the catalog names.
    pub(crate) fn of_catalog(filename: &str) -> Option<Self> {
        Self::parse(&format!("/{}", filename.replace('%', "%25")))
    }

    /// Returns the path below the root.
    pub(crate) fn into_path(self) -> String {
        self.path
    }

    fn file_name(&self) -> &str {
        self.path
            .rsplit('/')
            .next()
            .expect("a split text has one part or more")
    }

    fn cache(&self) -> HeaderValue {
        let name = self.file_name();
        let time = if self.path.contains("/by-hash/") || name.ends_with(".deb") || name.ends_with(".udeb") {
            FOR_EVER
        } else if ["InRelease", "Release", "Release.gpg"].contains(&name) {
            ASK_EACH_TIME
        } else {
            SHORT
        };
        let whose = if self.private.is_some() {
            "private"
        } else {
            "public"
        };
        HeaderValue::try_from(format!("{whose}, {time}")).expect("the rules above are ASCII")
    }

    fn kind(&self) -> &'static str {
        let name = self.file_name();
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("deb" | "udeb") => "application/vnd.debian.binary-package",
            Some("json") => "application/json",
            Some("asc") => "application/pgp-keys",
            Some("gpg") => "application/pgp-signature",
            Some("sources" | "txt") => "text/plain",
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("xml") => "application/xml",
            _ if name == "InRelease" || name == "Release" => "text/plain",
            _ => "application/octet-stream",
        }
    }
}

/// Returns the tree of the pool that a path of the catalog is in: empty for the public one, or a private suite.
pub(crate) fn tree_of(filename: &str) -> &str {
    let private = filename.strip_prefix("private/");
    private
        .and_then(|rest| rest.split_once('/'))
        .map_or("", |(suite, _)| suite)
}

/// Answers a request with a file of the tree, or with a part of it.
pub(crate) async fn serve(app: &Arc<App>, path: &StaticPath, mut request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let refused = Problem::new(Code::MethodNotAllowed, "files support only GET and HEAD");
        let allowed = HeaderValue::from_static("GET, HEAD");
        return ([(header::ALLOW, allowed)], refused).into_response();
    }
    // A part is of a body alone. Source: RFC 9110, section 14.2.
    if request.method() == Method::HEAD {
        request.headers_mut().remove(header::RANGE);
    }
    let Some(root) = app.archive.files().folder() else {
        let (head, _) = request.into_parts();
        return match store_files::serve(app, path.path.clone(), head.method, head.headers).await {
            Ok(Some(response)) => with_rules(response, path),
            Ok(None) => missing(),
            Err(problem) => problem.into_response(),
        };
    };
    let file = match contained(root, path).await {
        Ok(Some(file)) => file,
        Ok(None) => return missing(),
        Err(problem) => return problem.into_response(),
    };
    // What was asked by a name in the catalog is answered as what it is, whatever the address was.
    settle_range(&file, request.headers_mut()).await;
    let response = match ServeFile::new(file).try_call(request).await {
        Ok(response) => response,
        // Such as too many open files. Nothing is sent yet: the client is told, instead of being given a part.
        Err(error) => return Problem::internal(&error).into_response(),
    };
    if response.status().as_u16() == 404 {
        return missing();
    }
    with_rules(response.map(Body::new), path)
}

/// Says of an answer what is true of the path, wherever the file is.
fn with_rules(mut response: Response, path: &StaticPath) -> Response {
    let refused = match response.status() {
        StatusCode::RANGE_NOT_SATISFIABLE => {
            Problem::new(Code::RangeNotSatisfiable, "expected a range within the file")
        }
        StatusCode::PRECONDITION_FAILED => Problem::new(
            Code::PreconditionFailed,
            "the file is not as `If-Match` or `If-Unmodified-Since` says",
        ),
        _ => return described(response, path),
    };
    // How long the file is, which a client may do something about.
    let length = response.headers_mut().remove(header::CONTENT_RANGE);
    let mut response = refused.into_response();
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_RANGE, length);
    }
    response
}

/// Says of a file what it is, and how long it may be kept.
fn described(mut response: Response, path: &StaticPath) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(path.kind()));
    headers.insert(header::CACHE_CONTROL, path.cache());
    if path.kind().starts_with("text/html") {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(PAGE_POLICY),
        );
    }
    response
}

/// Settles what `ServeFile` leaves to others about parts of a file, as where the file is in a bucket: units, `If-Range`, several ranges,
/// and numerals of any size.
async fn settle_range(file: &Path, headers: &mut HeaderMap) {
    if !headers.contains_key(header::RANGE) {
        return;
    }
    let head = Request::builder().method(Method::HEAD).body(Body::empty());
    let head = head.expect("a method and an empty body make a request");
    let Ok(known) = ServeFile::new(file).oneshot(head).await;
    let known = known.headers();
    let size = known.get(header::CONTENT_LENGTH);
    let size: Option<u64> = size.and_then(|size| size.to_str().ok()?.parse().ok());
    let wanted = size.map(|size| (store_files::wanted(headers, known, size), size));
    headers.remove(header::IF_RANGE);
    let range = match wanted {
        None | Some((RequestedPart::Whole, _)) => {
            headers.remove(header::RANGE);
            return;
        }
        Some((RequestedPart::Outside, size)) => format!("bytes={size}-"),
        // The rest is asked for as such: the file may be another by now, with another end.
        Some((RequestedPart::Part(part), size)) if part.end == size => format!("bytes={}-", part.start),
        Some((RequestedPart::Part(part), _)) => format!("bytes={}-{}", part.start, part.end - 1),
    };
    let range = HeaderValue::try_from(range).expect("numbers and the words around them are ASCII");
    headers.insert(header::RANGE, range);
}

/// Returns the answer for what is not there.
pub(crate) fn missing() -> Response {
    Problem::new(Code::NotFound, "no file and no route has this path").into_response()
}

/// Returns the file, links followed, when it lies where the tree has files.
async fn contained(root: &Path, path: &StaticPath) -> Result<Option<PathBuf>, Problem> {
    let (root, path) = (root.to_owned(), path.clone());
    let found = tokio::task::spawn_blocking(move || find(&root, &path)).await;
    let found = found.map_err(|error| Problem::internal(&error))?;
    found.map_err(|error| Problem::internal(&error))
}

/// Finds a file below the root. Blocking.
///
/// Only what cannot be there is `None`: what cannot be looked at is an error, since a client takes a missing file for a statement about
/// the archive.
fn find(root: &Path, path: &StaticPath) -> io::Result<Option<PathBuf>> {
    let root = root.canonicalize()?;
    let file = match root.join(&path.path).canonicalize() {
        Ok(file) => file,
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
                    Ok(None)
                }
                _ => Err(error),
            };
        }
    };
    let below = file.strip_prefix(&root).ok().and_then(Path::to_str);
    // A link, such as dists/stable, leads to what could be asked for by its own name.
    let target = below.and_then(|below| StaticPath::parse(&format!("/{}", below.replace('%', "%25"))));
    let is_same_tree = target.is_some_and(|target| target.private == path.private);
    Ok((is_same_tree && file.metadata()?.is_file()).then_some(file))
}

/// What a client needs to set itself up.
fn is_setup_file(name: &str) -> bool {
    matches!(
        name,
        "archive-keyring.asc" | "archive-keyring.pgp" | "repository.json"
    ) || name
        .strip_suffix(".sources")
        .is_some_and(|suite| suite.parse::<debian_control::name::SuiteName>().is_ok())
}

/// A snapshot's pool is the one pool.
fn without_snapshot(path: &str) -> String {
    let Some((tree, rest)) = path.split_once("snapshots/") else {
        return path.to_owned();
    };
    match rest.split_once('/') {
        Some((_, pool)) if pool.starts_with("pool/") && (tree.is_empty() || tree.starts_with("private/")) => {
            format!("{tree}{pool}")
        }
        _ => path.to_owned(),
    }
}

/// Undoes per cent signs; `None` for what is no text, or has control characters in it.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(|letter| letter.is_control() || letter == '\\')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_the_list_is_not_served() {
        for path in [
            "/catalog.db",
            "/repogen.toml",
            "/keys/archive.pgp",
            "/state/x",
            "/incoming/stable/main/x.deb",
            "/pool",
            "/pool/",
            "/browse",
            "/browse//x",
            "/browse/../keys/archive.pgp",
            "/browse/.hidden/",
            "/pool//x",
            "/pool/../keys/archive.pgp",
            "/pool/%2e%2e/keys/archive.pgp",
            "/dists/.hidden",
            "/private/secret/keys/x",
            "/private/secret",
            "/pool/x%00",
            "/pool/%zz",
            "/pool/a\\b",
            "/A.sources",
            "pool/x",
        ] {
            assert_eq!(StaticPath::parse(path), None, "{path}");
        }
    }

    #[test]
    fn each_file_has_its_time_in_caches() {
        for (path, cache) in [
            (
                "/pool/main/h/hello/hello_1.0_amd64.deb",
                "public, max-age=31536000, immutable",
            ),
            ("/dists/stable/InRelease", "public, max-age=0, must-revalidate"),
            (
                "/dists/stable/main/binary-amd64/Packages.xz",
                "public, max-age=60, must-revalidate",
            ),
            (
                "/dists/stable/main/binary-amd64/by-hash/SHA256/00",
                "public, max-age=31536000, immutable",
            ),
            (
                "/private/secret/dists/secret/InRelease",
                "private, max-age=0, must-revalidate",
            ),
            ("/stable.sources", "public, max-age=60, must-revalidate"),
            ("/", "public, max-age=60, must-revalidate"),
            ("/browse/stable/hello/", "public, max-age=60, must-revalidate"),
        ] {
            assert_eq!(StaticPath::parse(path).unwrap().cache(), cache, "{path}");
        }
    }

    #[test]
    fn what_cannot_be_looked_at_is_a_failure_and_not_a_missing_file() {
        let root = tempfile::tempdir().unwrap();
        let pool = root.path().join("pool");
        std::fs::create_dir(&pool).unwrap();
        std::fs::write(pool.join("file"), "x").unwrap();
        std::os::unix::fs::symlink("loop", pool.join("loop")).unwrap();
        let found = |path: &str| find(root.path(), &StaticPath::parse(path).unwrap());
        assert!(found("/pool/file").unwrap().is_some());
        let too_long = format!("/pool/{}", "x".repeat(300));
        for missing in ["/pool/other", "/pool/file/below", "/dists/x", &too_long] {
            assert_eq!(found(missing).unwrap(), None, "{missing}");
        }
        assert!(found("/pool/loop").is_err());
    }

    #[test]
    fn a_snapshots_pool_is_the_pool() {
        let path = StaticPath::parse("/snapshots/20260102T030405Z/pool/main/x.deb").unwrap();
        assert_eq!(path.path, "pool/main/x.deb");
        let path = StaticPath::parse("/private/secret/snapshots/20260102T030405Z/pool/main/x.deb").unwrap();
        assert_eq!(path.path, "private/secret/pool/main/x.deb");
    }
}
