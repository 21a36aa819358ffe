//! `DELETE /api/tokens/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::tokens::revoke::revoke_any;

/// Revokes a token of the caller, or for an administrator of anybody.
#[utoipa::path(delete, path = "/api/tokens/{id}", operation_id = "delete_token", tag = "tokens", security(("bearer" = [])),
    params(("id" = String, Path)), responses((status = 204, description = "Revoked")))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        revoke_any(app, &caller, &id)
    })
    .await
}
