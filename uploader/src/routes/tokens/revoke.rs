//! Revoking a token of an account.

use archive_catalog::accounts::{Account, Id};
use axum::http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Code, Problem};
use crate::routes::tokens::owned::owned;

/// Revokes a token of the caller, or for an administrator of anybody.
pub(crate) fn revoke_any(app: &App, caller: &Caller, id: &str) -> Result<StatusCode, Problem> {
    let token = owned(app, caller, id)?;
    let owner = app.archive.accounts().account(&token.account)?;
    let owner = owner.ok_or_else(|| Problem::new(Code::TokenNotFound, "the token was revoked meanwhile"))?;
    revoke(app, caller, &owner, id)
}

/// Revokes a token of an account.
pub(crate) fn revoke(app: &App, caller: &Caller, owner: &Account, id: &str) -> Result<StatusCode, Problem> {
    let missing = || Problem::new(Code::TokenNotFound, "the account has no token with this ID");
    let id: Id = id.parse().map_err(|_| missing())?;
    let event = caller.event(
        "token.delete",
        id.to_string(),
        json!({ "user": owner.username.as_str() }),
    );
    if !app.archive.accounts().delete_token(&owner.id, &id, &event)? {
        return Err(missing());
    }
    Ok(StatusCode::NO_CONTENT)
}
