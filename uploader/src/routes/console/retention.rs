//! `/console/retention`: what the next prune would remove and delete, and why.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::answer::{Answered, page};
use super::frame::Frame;
use super::visitor::Visitor;
use crate::app::App;
use crate::routes::retention::{RetentionPreview, previewed};

#[derive(Template)]
#[template(path = "console/retention.html")]
struct RetentionPage {
    frame: Frame,
    preview: RetentionPreview,
}

pub(super) async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Answered {
    let frame = Frame::new(&visitor, "Retention", None);
    let preview = app.blocking(move |app| previewed(app, &visitor.caller)).await?;
    page(&RetentionPage { frame, preview })
}
