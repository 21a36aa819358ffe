//! `GET /problems/{code}`: the explanation of a problem code.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::routes::pages::html::{file, html, page};

/// Explains a problem code.
#[utoipa::path(get, path = "/problems/{code}", operation_id = "show_problem", tag = "operating", params(("code" = String, Path)),
    responses((status = 200, description = "The explanation", content(
        (String = "text/markdown"), (String = "text/html")
    ))))]
pub(crate) async fn problem(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
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
