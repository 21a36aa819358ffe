//! `GET /api/users/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::users::account::addressed_account;
use crate::routes::wire::{self, UserView};

/// Returns an account.
#[utoipa::path(get, path = "/api/users/{id}", operation_id = "show_user", tag = "users", params(("id" = String, Path)), security(("bearer" = [])),
    responses((status = 200, description = "The account", body = UserView), (status = 304, description = "Not modified")))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            Ok(UserView::new(&addressed_account(app, &caller, &id)?))
        })
        .await?;
    Ok(wire::revalidated(&headers, &user))
}
