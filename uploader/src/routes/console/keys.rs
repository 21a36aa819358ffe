//! `/console/keys`: what clients verify the archive with.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::answer::{Answered, page};
use super::frame::Frame;
use super::visitor::Visitor;
use crate::app::App;
use crate::routes::keys::{KeyView, published};

#[derive(Template)]
#[template(path = "console/keys.html")]
struct KeysPage {
    frame: Frame,
    keys: Vec<KeyView>,
}

pub(super) async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Answered {
    let keys = app.blocking(published).await?.items;
    page(&KeysPage {
        frame: Frame::new(&visitor, "Keys", None),
        keys,
    })
}
