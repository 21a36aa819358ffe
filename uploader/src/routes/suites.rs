//! What the archive has as a whole, and what was done to it.

use std::sync::Arc;

use archive_catalog::audit::AuditRow;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use super::lookup;
use super::wire::{self, Page, PageParams};
use crate::app::App;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::identify::identify;
use crate::problem::Problem;

/// A suite.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suite)]
pub(crate) struct SuiteView {
    codename: String,
    /// Its alias.
    suite: Option<String>,
    /// The first is the default.
    components: Vec<String>,
    /// `all` always fits besides.
    architectures: Vec<String>,
    private: bool,
}

/// Lists the suites that the caller may read.
#[utoipa::path(get, path = "/api/suites", operation_id = "list_suites", tag = "suites", security((), ("bearer" = [])),
    responses((status = 200, description = "The suites", body = Page<SuiteView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<Page<SuiteView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        let items = caller
            .readable(app.archive.config())
            .into_iter()
            .map(|suite| SuiteView {
                codename: suite.codename.to_string(),
                suite: suite.alias.as_ref().map(ToString::to_string),
                components: suite.components.iter().map(ToString::to_string).collect(),
                architectures: suite.architectures.iter().map(ToString::to_string).collect(),
                private: suite.private,
            });
        Ok(Answer(Page {
            items: items.collect(),
            next: None,
        }))
    })
    .await
}

/// How much there is, of what the caller may read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// Packages, by content.
    packages: u64,
    /// Names among them.
    names: u64,
    /// Bytes of their files.
    size: u64,
    downloads: u64,
    suites: usize,
}

/// Counts what the caller may read.
#[utoipa::path(get, path = "/api/stats", operation_id = "show_statistics", tag = "suites", security((), ("bearer" = [])),
    responses((status = 200, description = "The counts", body = Stats)))]
pub(crate) async fn stats(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<Stats>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        let suites = lookup::codenames(app, &caller);
        let totals = app.archive.listing().totals(&suites)?;
        Ok(Answer(Stats {
            packages: totals.packages,
            names: totals.names,
            size: totals.bytes,
            downloads: totals.downloads,
            suites: suites.len(),
        }))
    })
    .await
}

/// A record of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditRecord)]
pub(crate) struct AuditView {
    id: i64,
    at: String,
    /// User name; null: nobody was signed in.
    actor: Option<String>,
    address: Option<String>,
    request: Option<String>,
    action: String,
    subject: String,
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// Over this record and the hash before it.
    hash: String,
}

impl AuditView {
    fn new(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: format_iso(row.at),
            actor: row.actor.name,
            address: row.actor.address,
            request: row.actor.request,
            action: row.action,
            subject: row.subject,
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
            hash: row.hash.to_string(),
        }
    }
}

/// Lists what was changed, by whom, and what was refused; the newest first.
#[utoipa::path(get, path = "/api/audit", operation_id = "list_audit_records", tag = "suites", params(PageParams), security(("bearer" = [])),
    responses((status = 200, description = "The records", body = Page<AuditView>)))]
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
            Ok(Page {
                next: rows
                    .last()
                    .filter(|_| more)
                    .map(|last| wire::cursor(&last.id))
                    .transpose()?,
                items: rows.into_iter().map(AuditView::new).collect(),
            })
        })
        .await?;
    let next = page.next.clone();
    Ok(wire::with_link(
        Answer(page).into_response(),
        &uri,
        next.as_deref(),
    ))
}
