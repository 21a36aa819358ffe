//! `/console/publishers`: CI jobs that may upload.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::answer::{Answered, page, see};
use super::asked::{Asked, Path};
use super::frame::Frame;
use super::visitor::{Posted, Visitor};
use super::{Done, recent_sign_in};
use crate::app::App;
use crate::routes::publishers::create::{PublisherRequest, created};
use crate::routes::publishers::delete::deleted;
use crate::routes::publishers::list::{PublisherList, listed};

#[derive(Template)]
#[template(path = "console/publishers.html")]
struct PublishersPage {
    frame: Frame,
    suites: Vec<String>,
    list: PublisherList,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(done): Asked<Done>,
) -> Answered {
    let frame = Frame::new(&visitor, "Trusted publishers", done.done.as_deref());
    let shown = app
        .blocking(move |app| {
            Ok(PublishersPage {
                frame,
                suites: super::maintained(app, &visitor.caller),
                list: listed(app, &visitor.caller)?,
            })
        })
        .await?;
    page(&shown)
}

/// Trusts a CI job.
pub(super) async fn create(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    if let Some(question) = recent_sign_in::asked(&app, &visitor, &fields).await? {
        return Ok(question);
    }
    let body = PublisherRequest {
        issuer: fields.text("issuer"),
        repository: fields.text("repository"),
        owner_id: fields.text("owner_id"),
        workflow: fields.text("workflow"),
        environment: fields.filled("environment"),
        reference: fields.filled("ref"),
        event: fields.filled("event"),
        account: fields.text("account"),
        suite: fields.text("suite"),
        packages: fields.words("packages"),
    };
    app.changing(move |app| created(app, &visitor.caller, body))
        .await?;
    Ok(see("/console/publishers?done=created"))
}

/// Ends the trust in a CI job.
pub(super) async fn end(State(app): State<Arc<App>>, Path(id): Path<String>, posted: Posted) -> Answered {
    let visitor = posted.visitor;
    app.changing(move |app| deleted(app, &visitor.caller, &id))
        .await?;
    Ok(see("/console/publishers?done=ended"))
}
