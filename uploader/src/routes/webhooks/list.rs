//! `GET /api/webhooks`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;

use super::view::WebhookView;
use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::wire::ListPage;

/// Lists all webhooks by name, at once: there are at most 100.
#[utoipa::path(get, path = "/api/webhooks", operation_id = "list_webhooks", tag = "webhooks", security(("bearer" = [])),
    responses((status = 200, description = "The webhooks", body = ListPage<WebhookView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<ListPage<WebhookView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        listed(app, &caller).map(Answer)
    })
    .await
}

/// Returns all webhooks, for an administrator.
pub(crate) fn listed(app: &App, caller: &Caller) -> Result<ListPage<WebhookView>, Problem> {
    caller.admin()?;
    let webhooks = app.archive.webhooks().webhooks()?;
    Ok(ListPage {
        items: webhooks
            .iter()
            .map(|webhook| WebhookView::new(webhook, None))
            .collect(),
        next: None,
    })
}
