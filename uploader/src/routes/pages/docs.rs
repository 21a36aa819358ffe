//! `GET /docs/`: the reference of the API, and `GET /openapi.json`, which it shows.

use std::sync::Arc;

use axum::Json as Answer;
use axum::http::{HeaderValue, header};
use axum::response::{Redirect, Response};
use utoipa::openapi::OpenApi;

use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::routes::pages::html::{file, html};

/// The files of Swagger UI that the reference loads.
const ASSETS: [&str; 3] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

/// Answers with the API document.
pub(crate) async fn openapi(document: Arc<OpenApi>) -> Answer<Arc<OpenApi>> {
    Answer(document)
}

/// Leads to the reference, whose files are named relative to it.
pub(crate) async fn to_docs() -> Redirect {
    Redirect::to("/docs/")
}

/// Shows the reference of the API.
pub(crate) async fn docs() -> Response {
    html(include_str!("docs.html").to_owned())
}

/// Answers with a file of the reference.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    if name == "start.js" {
        let kind = "text/javascript; charset=utf-8";
        return Ok(file(kind, include_str!("docs.js").as_bytes().into()));
    }
    let missing = || Problem::new(Code::NotFound, "the API reference has no such file");
    let name = ASSETS
        .into_iter()
        .find(|asset| *asset == name)
        .ok_or_else(missing)?;
    let found = utoipa_swagger_ui::serve(name, Arc::default()).map_err(|error| {
        tracing::error!(%error, "cannot read the files of Swagger UI");
        Problem::new(Code::Internal, "the server cannot read the file")
    })?;
    let found = found.ok_or_else(missing)?;
    let mut response = file(&found.content_type, found.bytes.into_owned());
    if found.gzpipped {
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
    }
    Ok(response)
}

/// Answers with the style of the pages.
pub(crate) async fn style() -> Response {
    file(
        "text/css; charset=utf-8",
        include_str!("page.css").as_bytes().into(),
    )
}
