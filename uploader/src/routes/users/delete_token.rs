//! `DELETE /api/users/{id}/tokens/{token}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::tokens::revoke::revoke;
use crate::routes::users::account::addressed_account;

/// Revokes a token of an account.
#[utoipa::path(delete, path = "/api/users/{id}/tokens/{token}", operation_id = "delete_user_token", tag = "users",
    params(("id" = String, Path), ("token" = String, Path)), security(("bearer" = [])),
    responses((status = 204, description = "Revoked")))]
pub(crate) async fn delete_token(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path((id, token)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        let account = addressed_account(app, &caller, &id)?;
        revoke(app, &caller, &account, &token)
    })
    .await
}
