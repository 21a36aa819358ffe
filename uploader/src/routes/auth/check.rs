//! `GET /api/auth/check`: whether a static file may be read.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::PresentedBasic;
use crate::identify::identify_basic;
use crate::problem::{Code, Problem};
use crate::static_files::StaticPath;

/// Checks whether the caller may read a static file, for nginx's `auth_request`: the path is in `X-Original-URI`.
#[utoipa::path(get, path = "/api/auth/check", operation_id = "check_access", tag = "auth", security((), ("basic" = []), ("bearer" = [])),
    params(("X-Original-URI" = Option<String>, Header, description = "The path that the client requested")),
    responses((status = 204, description = "The file may be read")))]
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let mut addresses = headers.get_all("x-original-uri").iter();
    // Of two, the web server sent one and the client the other: neither counts.
    let address = match (addresses.next(), addresses.next()) {
        (Some(one), None) => one.to_str().unwrap_or_default(),
        _ => "",
    };
    // What cannot be read as an address of the tree may be a private one for a web server that reads it otherwise, as
    // `//private/...` is: it is nobody's.
    let private = match StaticPath::parse(address) {
        Some(path) => path.private,
        None => Some(String::new()),
    };
    let Some(suite) = private else {
        return Ok(StatusCode::NO_CONTENT);
    };
    app.blocking(move |app| {
        may_read(app, &presented, &suite)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Checks that somebody may read a private suite. A missing one is refused in the same words.
pub(crate) fn may_read(app: &App, presented: &PresentedCredential, codename: &str) -> Result<(), Problem> {
    let caller = identify_basic(app, presented)?;
    caller.account().map_err(Problem::with_basic_challenge)?;
    let suite = app.archive.config().suite(codename);
    let own =
        suite.filter(|suite| suite.private && suite.codename.as_str() == codename && caller.reads(suite));
    own.map(|_| ()).ok_or_else(|| {
        Problem::new(
            Code::Forbidden,
            "the file does not exist, or the account may not read it",
        )
    })
}
