//! `/console/upload`: packages that are dropped on a page.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;

use super::answer::{Answered, page};
use super::frame::Frame;
use super::visitor::{Sender, Visitor};
use crate::app::App;
use crate::extract::Params;
use crate::problem::Problem;
use crate::routes::upload::params::PlaceParams;
use crate::routes::upload::take::take;

#[derive(Template)]
#[template(path = "console/upload.html")]
struct UploadPage {
    frame: Frame,
    suites: Vec<String>,
    /// Where known vulnerabilities may be accepted.
    gated: Vec<String>,
}

pub(super) async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Answered {
    page(&UploadPage {
        suites: super::maintained(&app, &visitor.caller),
        gated: super::gated(&app, &visitor.caller),
        frame: Frame::new(&visitor, "Upload packages", None),
    })
}

/// Takes one file that the script of the page sends, as `POST /api/packages` does.
pub(super) async fn send(
    State(app): State<Arc<App>>,
    Sender(visitor): Sender,
    Params(params): Params<PlaceParams>,
    request: Request,
) -> Result<Response, Problem> {
    let taken = take(&app, visitor.presented, &params, request).await?;
    Ok(taken.into_json())
}
