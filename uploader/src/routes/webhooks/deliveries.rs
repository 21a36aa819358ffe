//! `GET /api/webhooks/{id}/deliveries`, and one of them.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::view::DeliveryView;
use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::cursor::ListId;
use crate::routes::webhooks::addressed;
use crate::routes::wire::{self, ListPage, PageParams};

/// Lists the deliveries to a webhook, newest first: all that wait, and those that were over within 30 days, up to 1000.
#[utoipa::path(get, path = "/api/webhooks/{id}/deliveries", operation_id = "list_deliveries", tag = "webhooks", params(("id" = String, Path), PageParams),
    security(("bearer" = [])), responses((status = 200, description = "The deliveries", body = ListPage<DeliveryView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    uri: Uri,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            listed(app, &caller, &id, &params)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns a page of the deliveries to a webhook.
pub(crate) fn listed(
    app: &App,
    caller: &Caller,
    id: &str,
    params: &PageParams,
) -> Result<ListPage<DeliveryView>, Problem> {
    let webhook = addressed(app, caller, id)?;
    let limit = wire::page_limit(params.limit)?;
    let list = ListId::of(caller, "/api/webhooks/{id}/deliveries", &webhook.id.as_str());
    let before: Option<i64> = list.position(params.cursor.as_deref())?;
    let mut found = app
        .archive
        .webhooks()
        .deliveries(&webhook.id, before, limit + 1)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more);
    Ok(ListPage {
        next: last.map(|last| list.cursor(&last.id)),
        items: found
            .iter()
            .map(|delivery| DeliveryView::new(delivery, None))
            .collect(),
    })
}

/// Returns a delivery, with the body that is sent.
#[utoipa::path(get, path = "/api/webhooks/{id}/deliveries/{delivery}", operation_id = "show_delivery", tag = "webhooks",
    params(("id" = String, Path), ("delivery" = String, Path)), security(("bearer" = [])),
    responses((status = 200, description = "The delivery", body = DeliveryView)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<Answer<DeliveryView>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        let webhook = addressed(app, &caller, &id)?;
        let number = number(&delivery)?;
        let found = app.archive.webhooks().delivery(&webhook.id, number)?;
        let (delivery, body) = found.ok_or_else(missing)?;
        Ok(Answer(DeliveryView::new(&delivery, Some(body))))
    })
    .await
}

/// Reads the ID of a delivery.
pub(super) fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| missing())
}

/// Says that there is no such delivery.
pub(super) fn missing() -> Problem {
    Problem::new(
        Code::DeliveryNotFound,
        "the webhook has no delivery with this ID: what is over is kept for 30 days, the newest 1000",
    )
}
