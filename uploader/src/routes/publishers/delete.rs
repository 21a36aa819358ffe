//! `DELETE /api/publishers/{id}`.

use std::sync::Arc;

use archive_catalog::accounts::Id;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::{Code, Problem};

/// Ends the trust in a CI job that an administrator added. Tokens that jobs got by it live on for up to 15 minutes, unless they are revoked.
#[utoipa::path(delete, path = "/api/publishers/{id}", operation_id = "delete_publisher", tag = "auth", params(("id" = String, Path)),
    security(("bearer" = [])), responses((status = 204, description = "Ended")))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        deleted(app, &caller, &id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Ends the trust in a CI job.
pub(crate) fn deleted(app: &App, caller: &Caller, id: &str) -> Result<(), Problem> {
    caller.admin()?;
    let missing = || {
        Problem::new(
            Code::PublisherNotFound,
            "no publisher that was added here has this ID: those of publishers.toml are ended in that file",
        )
    };
    let id: Id = id.parse().map_err(|_| missing())?;
    let event = caller.event("publisher.delete", id.to_string(), json!({}));
    let deleted = app.archive.publishers().delete_publisher(&id, &event)?;
    deleted.then_some(()).ok_or_else(missing)
}
