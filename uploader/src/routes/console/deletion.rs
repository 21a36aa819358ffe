//! `/console/packages/deletion`: packages out of their suites, after a look at what goes.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::answer::{Answered, page, see};
use super::confirmation::Confirmation;
use super::frame::Frame;
use super::recent_sign_in;
use super::visitor::Posted;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::routes::packages::deletions::{DeletedPackage, DeletionRequest, deleted};

#[derive(Template)]
#[template(path = "console/deletion.html")]
struct DeletionPage {
    frame: Frame,
    items: Vec<DeletedPackage>,
    plan: String,
    confirmation: Confirmation,
}

/// Shows what would go; with a password, has it go.
pub(super) async fn delete(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let is_confirmed = fields.given("confirmed").is_some();
    let body = DeletionRequest {
        ids: fields.all("id"),
        suite: None,
        dry_run: !is_confirmed,
        plan: fields.filled("plan").filter(|_| is_confirmed),
    };
    if body.ids.is_empty() {
        let problem = Problem::new(
            Code::InvalidRequest,
            "no package was chosen: go back, and choose some",
        );
        return Err(problem.into());
    }
    if is_confirmed {
        if let Some(question) = recent_sign_in::confirmed(&app, &visitor, &fields).await? {
            return Ok(question);
        }
        app.changing(move |app| deleted(app, &visitor.caller, &body))
            .await?;
        return Ok(see("/console/packages?done=deleted"));
    }
    let frame = Frame::new(&visitor, "Delete packages", None);
    let (preview, confirmation) = app
        .changing(move |app| {
            let preview = deleted(app, &visitor.caller, &body)?;
            Ok((preview, Confirmation::of(app, &visitor, "/console/packages")?))
        })
        .await?;
    page(&DeletionPage {
        frame,
        items: preview.packages,
        plan: preview.plan,
        confirmation,
    })
}
