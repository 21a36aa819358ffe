//! `GET /api/users/{id}/tokens`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::tokens::view::{self, TokenView};
use crate::routes::users::account::addressed_account;
use crate::routes::wire::ListPage;

/// Lists the tokens of an account.
#[utoipa::path(get, path = "/api/users/{id}/tokens", operation_id = "list_user_tokens", tag = "users", params(("id" = String, Path)),
    security(("bearer" = [])), responses((status = 200, description = "The tokens", body = ListPage<TokenView>)))]
pub(crate) async fn tokens(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<Answer<ListPage<TokenView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        let account = addressed_account(app, &caller, &id)?;
        view::page_of(app, &account).map(Answer)
    })
    .await
}
