//! Pages for people: the root, the reference of the API and the explanations of problems.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use utoipa::openapi::OpenApi;

use crate::app::App;
use crate::extract::Path;
use crate::problem::{Code, Problem};

/// What a page may load and do: its own files, nothing else, and never within another page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The files of Swagger UI that the reference loads.
const ASSETS: [&str; 3] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

/// Answers with the API document.
pub(super) async fn openapi(document: Arc<OpenApi>) -> Answer<Arc<OpenApi>> {
    Answer(document)
}

/// Leads to the reference, whose files are named relative to it.
pub(super) async fn to_docs() -> Redirect {
    Redirect::to("/docs/")
}

/// Shows the reference of the API.
pub(super) async fn docs() -> Response {
    html(include_str!("pages/docs.html").to_owned())
}

/// Answers with a file of the reference.
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    if name == "start.js" {
        let kind = "text/javascript; charset=utf-8";
        return Ok(file(kind, include_str!("pages/docs.js").as_bytes().into()));
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
pub(super) async fn style() -> Response {
    file(
        "text/css; charset=utf-8",
        include_str!("pages/page.css").as_bytes().into(),
    )
}

/// Shows what this server is, and where to go on.
pub(super) async fn root(State(app): State<Arc<App>>) -> Response {
    let config = app.archive.config();
    let suites = config.suites.iter().filter(|suite| !suite.private);
    let suites: String = suites
        .map(|suite| format!("- [{0}](/{0}.sources)\n", suite.codename))
        .collect();
    let suites = match suites.as_str() {
        "" => String::from("The archive has no public suite.\n"),
        _ => format!(
            "Public suites. Each link is a file for `/etc/apt/sources.list.d/` that includes the signing key:\n\n{suites}"
        ),
    };
    let title = config.label.clone();
    let text = format!(
        "# {}\n\nA Debian archive.\n\n{suites}\n- [API reference](/docs/)\n- [OpenAPI document](/openapi.json)\n- [Keyring](/archive-keyring.asc)\n",
        escaped(&title)
    );
    html(page(&title, &text))
}

/// Explains a problem code.
#[utoipa::path(get, path = "/problems/{code}", operation_id = "show_problem", tag = "operating", params(("code" = String, Path)),
    responses((status = 200, description = "The explanation", content(
        (String = "text/markdown"), (String = "text/html")
    ))))]
pub(super) async fn problem(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let known = Code::ALL.iter().find(|known| known.text() == code);
    let code = known.ok_or_else(|| Problem::new(Code::NotFound, "no problem has this code"))?;
    let accepts = headers.get_all(header::ACCEPT).iter();
    let wants_html = accepts
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"));
    let mut response = if wants_html {
        html(page(code.title(), code.page()))
    } else {
        file("text/markdown; charset=utf-8", code.page().into())
    };
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

/// Escapes what Markdown or HTML would act on.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let escape = letter.is_ascii_punctuation().then_some('\\');
            escape
                .into_iter()
                .chain([if letter.is_control() { ' ' } else { letter }])
        })
        .collect()
}

/// Renders a page of Markdown that this program wrote.
fn page(title: &str, markdown: &str) -> String {
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, pulldown_cmark::Parser::new(markdown));
    let mut shown = String::new();
    pulldown_cmark::html::push_html(
        &mut shown,
        std::iter::once(pulldown_cmark::Event::Text(title.into())),
    );
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{shown}</title>\n<link rel=\"stylesheet\" href=\"/docs/page.css\">\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn html(text: String) -> Response {
    let mut response = (
        StatusCode::OK,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        text,
    )
        .into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn file(kind: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_configuration_says_is_text_in_a_page() {
        let title = "<script>alert(1)</script> *x* [a](javascript:b)";
        let page = page(title, &format!("# {}\n", escaped(title)));
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("<em>"), "{page}");
        assert!(!page.contains("<a href"), "{page}");
    }
}
