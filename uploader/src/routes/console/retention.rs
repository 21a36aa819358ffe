//! `/console/retention`: what the next prune would remove and delete, and why.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::answer::{Answered, page};
use super::frame::Frame;
use super::visitor::Visitor;
use crate::app::App;
use crate::extract::Params;
use crate::routes::retention::{RetentionParams, RetentionPreview, previewed};

#[derive(Template)]
#[template(path = "console/retention.html")]
struct RetentionPage {
    frame: Frame,
    preview: RetentionPreview,
    /// Whether files that nothing names were looked for.
    strays: bool,
}

/// What the page is asked to show: at first only what the catalog knows, which takes no longer in a large archive.
#[derive(Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    strays: bool,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Params(Shown { strays }): Params<Shown>,
) -> Answered {
    let frame = Frame::new(&visitor, "Retention", None);
    let params = RetentionParams { strays };
    let preview = app.blocking_long(move |app| previewed(app, &visitor.caller, params));
    page(&RetentionPage {
        frame,
        preview: preview.await?,
        strays,
    })
}
