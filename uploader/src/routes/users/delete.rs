//! `DELETE /api/users/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::users::account::addressed_account;
use crate::routes::wire::{self, UserView};

/// Deletes an account and its tokens. The user name is not available again.
#[utoipa::path(delete, path = "/api/users/{id}", operation_id = "delete_user", tag = "users", params(("id" = String, Path)), security(("bearer" = [])),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        deleted(app, &caller, &id, &headers)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Deletes an account, as far as it is what `If-Match` of the headers says.
pub(crate) fn deleted(app: &App, caller: &Caller, id: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let _turn = app.turn_to_edit()?;
    let account = addressed_account(app, caller, id)?;
    wire::check_if_match(headers, &UserView::new(&account))?;
    let event = caller.event("user.delete", account.username.to_string(), json!({}));
    Ok(app.archive.accounts().delete_account(&account.id, &event)?)
}
