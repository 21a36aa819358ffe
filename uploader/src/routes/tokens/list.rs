//! `GET /api/tokens`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::cursor::ListId;
use crate::routes::tokens::view::{self, TokenView};
use crate::routes::wire::{self, ListPage, PageParams};

/// Whose tokens.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TokenParams {
    /// Those of all accounts, in pages: for administrators. Default: the caller's own, all at once.
    #[serde(default)]
    pub(crate) all: bool,
    /// Items on the page, from 1 to 500. Default: 50.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<usize>,
    /// The `next` of the previous page.
    pub(crate) cursor: Option<String>,
}

/// Lists the caller's own tokens, or for an administrator those of all accounts.
#[utoipa::path(get, path = "/api/tokens", operation_id = "list_tokens", tag = "tokens", params(TokenParams), security(("bearer" = [])),
    responses((status = 200, description = "The tokens", body = ListPage<TokenView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Params(params): Params<TokenParams>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            listed(app, &caller, params)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns the caller's own tokens, or those of all accounts.
pub(crate) fn listed(
    app: &App,
    caller: &Caller,
    params: TokenParams,
) -> Result<ListPage<TokenView>, Problem> {
    // What is asked for is judged alike, whether it changes the answer or not.
    let list = ListId::of(caller, "/api/tokens", &params.all);
    wire::page_limit(params.limit)?;
    view::position(&list, params.cursor.as_deref())?;
    if !params.all {
        return view::page_of(app, caller.in_full()?);
    }
    caller.admin()?;
    let page = PageParams {
        limit: params.limit,
        cursor: params.cursor,
    };
    view::page_of_all(app, &list, &page)
}
