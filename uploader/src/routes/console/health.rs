//! `/console/health`: whether the server can do its work.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::answer::{Answered, page};
use super::frame::Frame;
use super::visitor::Visitor;
use crate::app::App;
use crate::routes::health::readiness;

#[derive(Template)]
#[template(path = "console/health.html")]
struct HealthPage {
    frame: Frame,
    /// What was looked at, what was found, and whether that is well.
    checks: Vec<(&'static str, &'static str, bool)>,
}

pub(super) async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Answered {
    let found = readiness(&app).await;
    let check = |what, is_fine, fine, wrong| (what, if is_fine { fine } else { wrong }, is_fine);
    let mut checks = vec![
        check("Catalog", found.catalog, "answers", "does not answer"),
        check(
            "Disk of this machine",
            found.staging,
            "takes files",
            "takes no files",
        ),
        check(
            "Store of the archive's files",
            found.storage,
            "answers",
            "does not answer",
        ),
        check(
            "Publishing",
            found.publishing,
            "works, as far as this server publishes",
            "fails: the log says why",
        ),
    ];
    checks.extend(found.wrong.iter().map(|wrong| ("To be looked at", *wrong, false)));
    page(&HealthPage {
        frame: Frame::new(&visitor, "Health", None),
        checks,
    })
}
