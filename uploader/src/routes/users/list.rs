//! `GET /api/users`.

use std::sync::Arc;

use archive_catalog::accounts::Username;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::cursor::{ListId, wrong_cursor};
use crate::routes::wire;
use crate::routes::wire::{ListPage, PageParams, UserView};

/// Lists accounts by name.
#[utoipa::path(get, path = "/api/users", operation_id = "list_users", tag = "users", params(PageParams), security(("bearer" = [])),
    responses((status = 200, description = "The accounts", body = ListPage<UserView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            listed(app, &caller, &page)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns a page of the accounts, for an administrator.
pub(crate) fn listed(app: &App, caller: &Caller, page: &PageParams) -> Result<ListPage<UserView>, Problem> {
    caller.admin()?;
    let limit = wire::page_limit(page.limit)?;
    let list = ListId::of(caller, "/api/users", &());
    let after: Option<String> = list.position(page.cursor.as_deref())?;
    let after: Option<Username> = after
        .map(|after| after.parse().map_err(|_| wrong_cursor()))
        .transpose()?;
    let mut accounts = app.archive.accounts().accounts(after.as_ref(), limit + 1)?;
    let more = accounts.len() > limit;
    accounts.truncate(limit);
    let last = accounts.last().filter(|_| more);
    Ok(ListPage {
        next: last.map(|last| list.cursor(&last.username.as_str())),
        items: accounts.iter().map(UserView::new).collect(),
    })
}
