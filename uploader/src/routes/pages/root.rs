//! `GET /`: the first page of the archive's site; of an archive without one, what this server is, and where to go on.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::routes::pages::html::{escaped, html, page};
use crate::static_files::{self, StaticPath};

/// Shows the first page of the site, or what this server is, and where to go on.
pub(crate) async fn root(State(app): State<Arc<App>>, request: Request) -> Response {
    let first_page = StaticPath::parse(request.uri().path()).expect("the root stands for the first page");
    let answer = static_files::serve(&app, &first_page, request).await;
    match answer.status() {
        StatusCode::NOT_FOUND => overview(&app),
        _ => answer,
    }
}

fn overview(app: &App) -> Response {
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
