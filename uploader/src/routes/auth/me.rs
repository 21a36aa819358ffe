//! `GET /api/auth/me`.

use std::sync::Arc;

use archive_catalog::quotas::QuotaOwner;
use axum::Json as Answer;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Grants;
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::quota::{self, QuotaView};
use crate::routes::wire::UserView;

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct CurrentUser {
    user: UserView,
    /// Scopes of the token; null if it has all rights of the user.
    scopes: Option<Vec<String>>,
    /// The quota of the user, and what of it is used.
    quota: QuotaView,
}

/// Returns the signed-in user and the scopes of the token.
#[utoipa::path(get, path = "/api/auth/me", operation_id = "show_current_user", tag = "auth", security(("bearer" = [])),
    responses((status = 200, description = "The user", body = CurrentUser)))]
pub(crate) async fn me(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<CurrentUser>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        let account = caller.account()?;
        let owner = QuotaOwner::Account(account.username.clone());
        Ok(Answer(CurrentUser {
            user: UserView::new(account),
            quota: quota::shown(app, &owner)?,
            scopes: match caller.grants() {
                Grants::All => None,
                Grants::Scopes(scopes) => Some(scopes.iter().map(ToString::to_string).collect()),
            },
        }))
    })
    .await
}
