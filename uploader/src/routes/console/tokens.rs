//! `/console/tokens`: tokens for programs.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use debian_control::release::format_iso;
use serde::Deserialize;

use super::answer::{Answered, page, see};
use super::asked::{Asked, Path};
use super::frame::Frame;
use super::recent_sign_in;
use super::visitor::{Posted, Visitor};
use crate::app::App;
use crate::clock::now;
use crate::problem::{Code, Problem};
use crate::routes::tokens::create::{TokenRequest, created};
use crate::routes::tokens::list::{TokenParams, listed};
use crate::routes::tokens::revoke::revoke_any;
use crate::routes::tokens::rotate::rotated;
use crate::routes::tokens::view::TokenView;

/// Which tokens.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokensParams {
    all: bool,
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/tokens.html")]
struct TokensPage {
    frame: Frame,
    tokens: Vec<TokenView>,
    is_all: bool,
    /// Of a token that was made just now.
    secret: Option<String>,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(params): Asked<TokensParams>,
) -> Answered {
    answer(&app, visitor, &params, None).await
}

async fn answer(app: &Arc<App>, visitor: Visitor, params: &TokensParams, secret: Option<String>) -> Answered {
    let frame = Frame::new(&visitor, "Tokens", params.done.as_deref());
    let is_all = params.all;
    let asked = TokenParams {
        all: is_all,
        limit: Some(500),
        cursor: None,
    };
    let tokens = app
        .blocking(move |app| listed(app, &visitor.caller, asked))
        .await?;
    page(&TokensPage {
        frame,
        tokens: tokens.items,
        is_all,
        secret,
    })
}

/// Creates a token, and shows its secret.
pub(super) async fn create(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    if let Some(question) = recent_sign_in::asked(&app, &visitor, &fields).await? {
        return Ok(question);
    }
    let days = fields.filled("days").map(|days| days.parse::<u32>()).transpose();
    let days = days.map_err(|_| Problem::new(Code::InvalidRequest, "expected a number of days"))?;
    let body = TokenRequest {
        name: fields.text("name"),
        scopes: fields.words("scopes"),
        expires_at: days.map(|days| format_iso(now() + i64::from(days) * 86_400)),
    };
    let caller = visitor.caller.clone();
    let token = app.changing(move |app| created(app, &caller, &body)).await?;
    answer(&app, visitor, &TokensParams::default(), token.token).await
}

/// Revokes a token, or gives it another secret.
pub(super) async fn change(State(app): State<Arc<App>>, Path(id): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let is_rotation = match fields.given("action") {
        Some("rotate") => true,
        Some("revoke") => false,
        _ => return Err(super::unknown_action().into()),
    };
    if let Some(question) = recent_sign_in::asked(&app, &visitor, &fields).await? {
        return Ok(question);
    }
    let caller = visitor.caller.clone();
    if is_rotation {
        let token = app.changing(move |app| rotated(app, &caller, &id)).await?;
        return answer(&app, visitor, &TokensParams::default(), token.token).await;
    }
    app.changing(move |app| revoke_any(app, &caller, &id)).await?;
    Ok(see("/console/tokens?done=revoked"))
}
