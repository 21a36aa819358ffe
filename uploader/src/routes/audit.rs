//! `GET /api/audit`: what was changed, by whom, and what was refused.

use std::sync::Arc;

use archive_catalog::audit::AuditRow;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::wire;
use crate::routes::wire::{ListPage, PageParams};

/// A record of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditRecord)]
pub(crate) struct AuditView {
    id: i64,
    at: String,
    /// User name; null if nobody was signed in.
    actor: Option<String>,
    address: Option<String>,
    request: Option<String>,
    action: String,
    subject: String,
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// Hash of this record and the hash before it.
    hash: String,
}

impl AuditView {
    fn new(row: AuditRow) -> Result<Self, DamagedRecord> {
        let detail = serde_json::from_str(&row.detail);
        Ok(Self {
            id: row.id,
            at: format_iso(row.at),
            actor: row.actor.name,
            address: row.actor.address,
            request: row.actor.request,
            action: row.action,
            subject: row.subject,
            detail: detail.map_err(|source| DamagedRecord { id: row.id, source })?,
            hash: row.hash.to_string(),
        })
    }
}

/// A record whose detail is not what the uploader or repogen writes.
#[derive(Debug, thiserror::Error)]
#[error(
    "the detail of audit record {id} is not JSON: `uploader audit verify` finds the first record that was changed"
)]
struct DamagedRecord {
    id: i64,
    source: serde_json::Error,
}

/// Lists the audit log: changes, sign-ins and refused requests, newest first.
#[utoipa::path(get, path = "/api/audit", operation_id = "list_audit_records", tag = "suites", params(PageParams), security(("bearer" = [])),
    responses((status = 200, description = "The records", body = ListPage<AuditView>)))]
pub(crate) async fn audit(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let page = app
        .changing(move |app| {
            identify(app, &presented)?.admin()?;
            app.refusals.write(app.archive.audit(), now())?;
            let limit = wire::page_limit(page.limit)?;
            let before: Option<i64> = wire::position(page.cursor.as_deref())?;
            let mut rows = app.archive.audit().audit(before, limit + 1)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let last = rows.last().filter(|_| more);
            let next = last.map(|last| wire::cursor(&last.id));
            let items: Result<Vec<_>, _> = rows.into_iter().map(AuditView::new).collect();
            let items = items.map_err(|error| Problem::internal(&error))?;
            Ok(ListPage { items, next })
        })
        .await?;
    let next = page.next.clone();
    Ok(wire::with_link(
        Answer(page).into_response(),
        &uri,
        next.as_deref(),
    ))
}
