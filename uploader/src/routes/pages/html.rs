//! How pages are made of Markdown, and how they are sent.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// What a page may load and do: its own files, nothing else, and never within another page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Escapes what Markdown or HTML would act on.
pub(super) fn escaped(text: &str) -> String {
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
///
/// Links to other documents become text: the server has none of these.
pub(super) fn page(title: &str, markdown: &str) -> String {
    let mut is_document = false;
    let events = Parser::new(markdown).filter(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => {
            is_document = dest_url.starts_with("../");
            !is_document
        }
        Event::End(TagEnd::Link) => !std::mem::take(&mut is_document),
        _ => true,
    });
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, events);
    let mut shown = String::new();
    pulldown_cmark::html::push_html(&mut shown, std::iter::once(Event::Text(title.into())));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{shown}</title>\n<link rel=\"stylesheet\" href=\"/docs/page.css\">\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

pub(super) fn html(text: String) -> Response {
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

pub(super) fn file(kind: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    #[test]
    fn links_to_documents_that_the_server_lacks_are_text() {
        let page = page("title", "[one](../how-to/one.md#part) and [two](/docs/two)\n");
        assert!(
            page.contains("<p>one and <a href=\"/docs/two\">two</a></p>"),
            "{page}"
        );
    }

    #[test]
    fn no_page_of_a_problem_has_a_link_that_leads_nowhere() {
        for code in Code::ALL {
            let page = page(code.title(), code.page());
            assert!(!page.contains("href=\"../"), "{}: {page}", code.text());
        }
    }

    #[test]
    fn what_the_configuration_says_is_text_in_a_page() {
        let title = "<script>alert(1)</script> *x* [a](javascript:b)";
        let page = page(title, &format!("# {}\n", escaped(title)));
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("<em>"), "{page}");
        assert!(!page.contains("<a href"), "{page}");
    }
}
