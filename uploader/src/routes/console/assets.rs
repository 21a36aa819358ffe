//! The files that the pages load.

use archive_site::File;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::asked::Path;
use crate::problem::{Code, Problem};

const SCRIPT: &str = include_str!("../../../templates/console/console.js");
/// What the console has besides the stylesheet of the site, whose looks it shares.
const STYLE: &str = include_str!("../../../templates/console/console.css");

/// Answers with a file of the pages.
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let of_site = |name: &str| {
        let files = archive_site::assets().into_iter();
        let mut found = files.filter_map(|file| match file {
            File::Holds(path, bytes) if path.ends_with(name) => Some(bytes),
            File::Holds(..) | File::Gone(_) => None,
        });
        found.next().unwrap_or_default()
    };
    let (kind, text) = match name.as_str() {
        "console.css" => (
            "text/css; charset=utf-8",
            [of_site("/site.css"), STYLE.into()].concat(),
        ),
        "console.js" => ("text/javascript; charset=utf-8", SCRIPT.into()),
        "icon.svg" => ("image/svg+xml", of_site("/icon.svg")),
        _ => return Err(Problem::new(Code::NotFound, "the console has no such file")),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, text).into_response())
}
