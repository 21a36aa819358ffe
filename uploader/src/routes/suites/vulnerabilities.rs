//! `GET /api/suites/{suite}/vulnerabilities`: what the newest scan found.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use debian_archive::vulnerabilities::{Affected, SecurityReport};
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::wire::{self, PageParams};

/// A page of what a scan found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Vulnerabilities {
    /// When the suite was scanned; null: it never was.
    scanned_at: Option<String>,
    /// The release whose data the suite was compared with.
    release: Option<String>,
    /// How many source packages were looked up.
    checked: usize,
    /// How many of them the data knows.
    known: usize,
    /// The worst first.
    items: Vec<Affected>,
    /// The `cursor` of the next page; null on the last page.
    next: Option<String>,
}

impl wire::Page for Vulnerabilities {
    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// Lists known vulnerabilities of the packages of a suite, as `repogen scan-vulnerabilities` last found them.
#[utoipa::path(get, path = "/api/suites/{suite}/vulnerabilities", operation_id = "list_vulnerabilities", tag = "suites", params(("suite" = String, Path), PageParams),
    security((), ("bearer" = [])), responses((status = 200, description = "The vulnerabilities", body = Vulnerabilities)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
    uri: Uri,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            of_suite(app, &caller, &name, &params)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns what was found in a suite that the caller may read.
pub(crate) fn of_suite(
    app: &App,
    caller: &Caller,
    name: &str,
    params: &PageParams,
) -> Result<Vulnerabilities, Problem> {
    let suite = caller.readable_suite(app.archive.config(), name)?;
    let limit = wire::page_limit(params.limit)?;
    // A cursor says which scan it is of: the next one has other lines.
    let (of, skip): (i64, usize) = wire::position(params.cursor.as_deref())?.unwrap_or_default();
    let kept = app.archive.security_reports().security_report(&suite.codename)?;
    let Some((at, text)) = kept else {
        return Ok(Vulnerabilities {
            scanned_at: None,
            release: None,
            checked: 0,
            known: 0,
            items: Vec::new(),
            next: None,
        });
    };
    let report: SecurityReport = serde_json::from_str(&text).map_err(|error| Problem::internal(&error))?;
    let skip = if of == at { skip } else { 0 };
    let end = skip.saturating_add(limit);
    let next = (report.affected.len() > end).then(|| wire::cursor(&(at, end)));
    Ok(Vulnerabilities {
        scanned_at: Some(format_iso(at)),
        release: Some(report.release),
        checked: report.checked,
        known: report.known,
        items: report.affected.into_iter().skip(skip).take(limit).collect(),
        next,
    })
}
