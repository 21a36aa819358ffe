//! `GET /api/audit`: what was changed, by whom, and what was refused.

pub(super) mod export;
pub(super) mod verification;

use std::sync::Arc;

use archive_catalog::audit::{AuditQuery, AuditRow};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use debian_control::release::format_iso;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::cursor::ListId;
use crate::routes::wire;
use crate::routes::wire::{ListPage, PageParams};

/// A record of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditRecord)]
pub(crate) struct AuditView {
    pub(crate) id: i64,
    pub(crate) at: String,
    /// User name; null if nobody was signed in.
    pub(crate) actor: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) action: String,
    pub(crate) subject: String,
    #[schema(value_type = Object)]
    pub(crate) detail: serde_json::Value,
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

/// Which records.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditFilters {
    /// User name of who did it.
    pub(crate) actor: Option<String>,
    /// An action such as `package.add`, or a kind of them such as `package`.
    pub(crate) action: Option<String>,
    /// What it was done to.
    pub(crate) subject: Option<String>,
    /// From this moment or day on, such as `2030-01-01T00:00:00Z` or `2030-01-01`.
    pub(crate) since: Option<String>,
    /// Before this moment or day.
    pub(crate) until: Option<String>,
}

/// Lists the audit log: changes, sign-ins and refused requests, newest first.
#[utoipa::path(get, path = "/api/audit", operation_id = "list_audit_records", tag = "suites", params(AuditFilters, PageParams), security(("bearer" = [])),
    responses((status = 200, description = "The records", body = ListPage<AuditView>)))]
pub(crate) async fn audit(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Params(filters): Params<AuditFilters>,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let page = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            records(app, &caller, &filters, &page)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns a page of the log. Writes what was refused and only counted so far.
pub(crate) fn records(
    app: &App,
    caller: &Caller,
    filters: &AuditFilters,
    page: &PageParams,
) -> Result<ListPage<AuditView>, Problem> {
    caller.admin()?;
    app.refusals.write(app.archive.audit(), now())?;
    let limit = wire::page_limit(page.limit)?;
    let mut query = filters.query()?;
    let list = ListId::of(caller, "/api/audit", filters);
    query.before = list.position(page.cursor.as_deref())?;
    let mut rows = app.archive.audit().audit(&query, limit + 1)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    let next = last.map(|last| list.cursor(&last.id));
    let items: Result<Vec<_>, _> = rows.into_iter().map(AuditView::new).collect();
    let items = items.map_err(|error| Problem::internal(&error))?;
    Ok(ListPage { items, next })
}

impl AuditFilters {
    fn query(&self) -> Result<AuditQuery, Problem> {
        // A form sends the fields that were left empty, too. PostgreSQL takes no text with a NUL in it, and no record has one.
        let text = |value: &Option<String>| {
            let value = value.as_ref().filter(|value| !value.is_empty());
            value.map(|value| value.replace('\0', "\u{fffd}"))
        };
        let since = text(&self.since).as_deref().map(moment).transpose()?;
        let until = text(&self.until).as_deref().map(moment).transpose()?;
        if let (Some(since), Some(until)) = (since, until)
            && since > until
        {
            return Err(Problem::new(
                Code::InvalidQuery,
                "`since` is after `until`: no record is between them",
            ));
        }
        Ok(AuditQuery {
            before: None,
            actor: text(&self.actor),
            action: text(&self.action),
            subject: text(&self.subject),
            since,
            until,
        })
    }
}

fn moment(text: &str) -> Result<i64, Problem> {
    let day = || {
        let day: jiff::civil::Date = text.parse().ok()?;
        day.to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|start| start.timestamp())
    };
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(day);
    moment.map(jiff::Timestamp::as_second).ok_or_else(|| {
        Problem::new(
            Code::InvalidQuery,
            "expected a time such as `2030-01-01T00:00:00Z` or a day such as `2030-01-01`",
        )
    })
}
