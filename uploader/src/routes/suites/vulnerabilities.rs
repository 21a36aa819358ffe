//! `GET /api/suites/{suite}/vulnerabilities`: what the newest scan found.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use debian_archive::vulnerabilities::{Affected, SecurityReport, Severity};
use debian_control::release::format_iso;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::cursor::ListId;
use crate::routes::wire;

/// Which vulnerabilities of a suite.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VulnerabilityParams {
    /// Only those of this severity or more: `critical`, `high`, `medium`, `low`, `unknown` or `unimportant`. Default: all.
    pub(crate) severity: Option<String>,
    /// Only those of this package or source package. Default: all.
    pub(crate) package: Option<String>,
    /// Items on the page, from 1 to 500. Default: 50.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<usize>,
    /// The `next` of the previous page.
    pub(crate) cursor: Option<String>,
}

/// A page of what a scan found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Vulnerabilities {
    /// When the suite was scanned; null: it never was.
    pub(crate) scanned_at: Option<String>,
    /// The release whose data the suite was compared with.
    pub(crate) release: Option<String>,
    /// From which severity on the suite takes no packages; null: it takes all.
    pub(crate) block: Option<&'static str>,
    /// How many source packages were looked up.
    pub(crate) checked: usize,
    /// How many of them the data knows.
    pub(crate) known: usize,
    /// The worst first.
    pub(crate) items: Vec<Affected>,
    /// The `cursor` of the next page; null on the last page.
    pub(crate) next: Option<String>,
}

impl wire::Page for Vulnerabilities {
    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// Lists known vulnerabilities of the packages of a suite, as `repogen scan-vulnerabilities` last found them.
#[utoipa::path(get, path = "/api/suites/{suite}/vulnerabilities", operation_id = "list_vulnerabilities", tag = "suites", params(("suite" = String, Path), VulnerabilityParams),
    security((), ("bearer" = [])), responses((status = 200, description = "The vulnerabilities", body = Vulnerabilities)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
    uri: Uri,
    Params(params): Params<VulnerabilityParams>,
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
    params: &VulnerabilityParams,
) -> Result<Vulnerabilities, Problem> {
    let suite = caller.readable_suite(app.archive.config(), name)?;
    let limit = wire::page_limit(params.limit)?;
    let from = params.severity.as_deref().map(severity).transpose()?;
    let settings = app.archive.config().vulnerabilities.as_ref();
    let block = settings.and_then(|settings| settings.blocked_from(suite));
    let block = block.map(Severity::as_str);
    let asked = (suite.codename.as_str(), &params.severity, &params.package);
    let list = ListId::of(caller, "/api/suites/{suite}/vulnerabilities", &asked);
    // A cursor says which scan it is of: the next one has other lines.
    let (of, skip): (i64, usize) = list.position(params.cursor.as_deref())?.unwrap_or_default();
    let kept = app.archive.security_reports().security_report(&suite.codename)?;
    let Some((at, text)) = kept else {
        return Ok(Vulnerabilities {
            scanned_at: None,
            release: None,
            block,
            checked: 0,
            known: 0,
            items: Vec::new(),
            next: None,
        });
    };
    let report: SecurityReport = serde_json::from_str(&text).map_err(|error| Problem::internal(&error))?;
    let skip = if of == at { skip } else { 0 };
    let end = skip.saturating_add(limit);
    let fits = |affected: &Affected| {
        let is_of = |name: &String| {
            affected.source == *name || affected.packages.iter().any(|package| package.name == *name)
        };
        from.is_none_or(|from| affected.severity >= from) && params.package.as_ref().is_none_or(is_of)
    };
    let fitting: Vec<Affected> = report.affected.into_iter().filter(fits).collect();
    let next = (fitting.len() > end).then(|| list.cursor(&(at, end)));
    Ok(Vulnerabilities {
        scanned_at: Some(format_iso(at)),
        release: Some(report.release),
        block,
        checked: report.checked,
        known: report.known,
        items: fitting.into_iter().skip(skip).take(limit).collect(),
        next,
    })
}

fn severity(text: &str) -> Result<Severity, Problem> {
    let all = [
        Severity::Unimportant,
        Severity::Unknown,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];
    let found = all.into_iter().find(|severity| severity.as_str() == text);
    found.ok_or_else(|| {
        Problem::new(
            Code::InvalidQuery,
            "expected `critical`, `high`, `medium`, `low`, `unknown` or `unimportant` as `severity`",
        )
    })
}
