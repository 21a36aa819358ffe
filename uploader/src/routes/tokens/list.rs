//! `GET /api/tokens`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::tokens::view::{self, TokenView};
use crate::routes::wire::ListPage;

/// Lists the caller's own tokens.
#[utoipa::path(get, path = "/api/tokens", operation_id = "list_tokens", tag = "tokens", security(("bearer" = [])),
    responses((status = 200, description = "The tokens", body = ListPage<TokenView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<ListPage<TokenView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        view::page_of(app, caller.in_full()?).map(Answer)
    })
    .await
}
