//! Who somebody is once more, before what cannot be undone: a session that was left open is not enough.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;

use super::answer::{page, refused};
use super::confirmation::{Confirmation, confirm};
use super::error::ConsoleError;
use super::fields::Fields;
use super::frame::Frame;
use super::visitor::Visitor;
use crate::app::App;
use crate::clock::now;
use crate::problem::{Code, Problem};

/// Asks who somebody is, and sends what was asked for along.
#[derive(Template)]
#[template(path = "console/recent_sign_in.html")]
struct RecentSignInPage {
    frame: Frame,
    /// Where the form goes.
    action: String,
    fields: Vec<(String, String)>,
    /// Whether another password is to be typed once more: it is not sent along.
    has_new_password: bool,
    /// Whether a password was typed, and it was another one.
    is_wrong: bool,
    confirmation: Confirmation,
}

/// Returns the page that asks who somebody is, where that was not shown a moment ago, to sign in or with this form.
pub(super) async fn asked(
    app: &Arc<App>,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<Option<Response>, ConsoleError> {
    if visitor.caller.signed_in_recently(now()) {
        return Ok(None);
    }
    if fields.filled("password").is_some() {
        return confirmed(app, visitor, fields).await;
    }
    let question = RecentSignInPage::new(app, visitor, fields).await?;
    if matches!(question.confirmation, Confirmation::Done) {
        return Ok(None);
    }
    page(&question).map(Some)
}

/// Checks the proof that a form has to bring, and returns the page that asks for it again where its password is wrong.
pub(super) async fn confirmed(
    app: &Arc<App>,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<Option<Response>, ConsoleError> {
    match confirm(app, visitor, fields).await {
        Ok(()) => Ok(None),
        Err(problem) if problem.code == Code::InvalidCredentials => {
            let mut question = RecentSignInPage::new(app, visitor, fields).await?;
            question.is_wrong = true;
            Ok(Some(refused(&question, problem)))
        }
        Err(problem) => Err(problem.into()),
    }
}

impl RecentSignInPage {
    async fn new(app: &Arc<App>, visitor: &Visitor, fields: &Fields) -> Result<Self, Problem> {
        let asked = visitor.clone();
        let confirmation = app
            .blocking(move |app| Confirmation::of(app, &asked, "/console"))
            .await?;
        let (secret, plain): (Vec<_>, Vec<_>) = fields
            .each()
            .filter(|(name, _)| !matches!(*name, "csrf" | "password"))
            .partition(|(name, _)| *name == "new_password");
        let plain = plain.into_iter();
        Ok(Self {
            frame: Frame::new(visitor, "Who you are", None),
            action: visitor.path.clone(),
            fields: plain
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            has_new_password: !secret.is_empty(),
            is_wrong: false,
            confirmation,
        })
    }
}
