//! `GET /api/audit/export`: the audit log as JSON lines.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::audit::{AuditFilters, records};
use crate::routes::wire::PageParams;

/// How many records are read at a time.
const AT_ONCE: usize = 500;

/// Exports the audit log, newest first: one JSON object a line.
#[utoipa::path(get, path = "/api/audit/export", operation_id = "export_audit_records", tag = "suites", params(AuditFilters), security(("bearer" = [])),
    responses((status = 200, description = "The records", body = String, content_type = "application/jsonl")))]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Params(filters): Params<AuditFilters>,
) -> Result<Response, Problem> {
    let caller = app.blocking(move |app| identify(app, &presented)).await?;
    lines(app, caller, filters).await
}

/// Returns the records as an answer that is read from the catalog while it is sent.
pub(crate) async fn lines(app: Arc<App>, caller: Caller, filters: AuditFilters) -> Result<Response, Problem> {
    // What can be refused is refused before the answer begins.
    let first = part(&app, &caller, &filters, None).await?;
    let rest = stream::try_unfold(
        (app, caller, filters, first.1),
        |(app, caller, filters, next)| async move {
            let Some(cursor) = next else { return Ok(None) };
            let (lines, next) = part(&app, &caller, &filters, Some(cursor))
                .await
                .map_err(|problem| std::io::Error::other(problem.detail))?;
            Ok::<_, std::io::Error>(Some((lines, (app, caller, filters, next))))
        },
    );
    let start = stream::once(async move { Ok(first.0) });
    let body = Body::from_stream(futures_util::StreamExt::chain(start, rest));
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit.jsonl\"",
        ),
    ];
    Ok((headers, body).into_response())
}

/// Returns some records, a line each, and where the others begin. Rights are looked up anew.
async fn part(
    app: &Arc<App>,
    caller: &Caller,
    filters: &AuditFilters,
    cursor: Option<String>,
) -> Result<(Bytes, Option<String>), Problem> {
    let (caller, filters) = (caller.clone(), filters.clone());
    app.changing(move |app| {
        let caller = caller.again(&app.archive)?;
        let page = PageParams {
            limit: Some(AT_ONCE),
            cursor,
        };
        let page = records(app, &caller, &filters, &page)?;
        let mut text = Vec::new();
        for record in &page.items {
            serde_json::to_writer(&mut text, record).map_err(|error| Problem::internal(&error))?;
            text.push(b'\n');
        }
        Ok((text.into(), page.next))
    })
    .await
}
