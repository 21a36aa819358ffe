//! `GET /`: what this server is, and where to go on.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::routes::pages::html::{escaped, html, page};

/// Shows what this server is, and where to go on.
pub(crate) async fn root(State(app): State<Arc<App>>) -> Response {
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
