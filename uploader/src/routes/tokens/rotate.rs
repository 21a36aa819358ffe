//! `POST /api/tokens/{id}/rotation`: another secret for a token.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use debian_control::digest;
use debian_control::release::format_iso;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::tokens::owned::owned;
use crate::routes::tokens::view::TokenView;
use crate::secrets;

/// Gives a token another secret; the old one is refused from then on. Name and scopes stay, and so does the expiry where the server lets
/// tokens live so long.
///
/// An administrator may do so with any token, and is told its secret.
#[utoipa::path(post, path = "/api/tokens/{id}/rotation", operation_id = "rotate_token", tag = "tokens", params(("id" = String, Path)),
    security(("bearer" = [])), responses((status = 200, description = "The token with its new secret", body = TokenView)))]
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let view = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            rotated(app, &caller, &id)
        })
        .await?;
    Ok(([("cache-control", "no-store")], Answer(view)).into_response())
}

/// Gives a token another secret.
pub(crate) fn rotated(app: &App, caller: &Caller, id: &str) -> Result<TokenView, Problem> {
    let mut token = owned(app, caller, id)?;
    if let Some(end) = token.expires_at.filter(|end| *end <= now()) {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("the token expired at {}: create another one", format_iso(end)),
        ));
    }
    // The secret of a token that outlives the caller's own would outlive it, too.
    if let Some(end) = caller.ends_at()
        && token.expires_at.is_none_or(|expires| expires > end)
    {
        return Err(Problem::new(
            Code::Forbidden,
            "the token would outlive the one of this request: use a token that lasts as long, or sign in",
        ));
    }
    let revoked = || Problem::new(Code::TokenNotFound, "the token was revoked meanwhile");
    let accounts = app.archive.accounts();
    let owner = accounts.account(&token.account)?.ok_or_else(revoked)?;
    // A new secret is as a new token: it lives no longer than one may.
    let last = app.settings.token_max_life.map(|longest| now() + longest);
    token.expires_at = match (token.expires_at, last) {
        (Some(end), Some(last)) => Some(end.min(last)),
        (end, last) => end.or(last),
    };
    let secret = secrets::new_token();
    let detail = json!({ "name": token.name, "user": owner.username.as_str() });
    let event = caller.event("token.rotate", token.id.to_string(), detail);
    let hash = digest::sha256(secret.as_bytes());
    if !accounts.rotate_token(&token, &hash, &event)? {
        return Err(revoked());
    }
    Ok(TokenView::new(&token, Some(secret)))
}
