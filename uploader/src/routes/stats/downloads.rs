//! `GET /api/stats/downloads`: how often packages were fetched.

use std::str::FromStr;
use std::sync::Arc;

use archive_catalog::downloads::{DownloadGroup, DownloadQuery, DownloadSum};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use debian_control::release::format_iso;
use jiff::civil::Date;
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

const DAY: i64 = 24 * 60 * 60;
/// How many days are summed up when nobody says from when.
const USUAL_DAYS: i64 = 30;
/// How many sums an answer has, unless it is asked otherwise, and at most.
const USUAL_SUMS: usize = 500;
const MAX_SUMS: usize = 5000;
/// How many days are summed up at most: each has a count for each package that was fetched.
const MAX_DAYS: i64 = 366;

/// Which downloads are summed up, and by what.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DownloadParams {
    /// First day in UTC, as `2026-11-01`. Default: 29 days before `to`.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<String>,
    /// Last day in UTC. Default: today.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<String>,
    /// `day`, `package`, `version` or `suite`. Default: `day`.
    #[param(pattern = "^(day|package|version|suite)$")]
    group: Option<String>,
    /// Codename or alias of a suite. Default: every suite that the caller may read.
    suite: Option<String>,
    /// Name of a package. Default: all.
    name: Option<String>,
    /// Sums in the answer, from 1 to 5000. Default: 500.
    #[param(minimum = 1, maximum = 5000)]
    limit: Option<usize>,
    /// The `next` of the previous page.
    cursor: Option<String>,
}

/// Downloads of the suites that the caller may read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DownloadReport {
    /// First day.
    from: String,
    /// Last day.
    to: String,
    /// By day in their order, by anything else the most downloaded first.
    items: Vec<DownloadSumView>,
    /// Whether there are more sums after these.
    more: bool,
    /// The `cursor` of the next page; null on the last page.
    next: Option<String>,
}

impl wire::Page for DownloadReport {
    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// A sum of downloads. What the group does not tell apart is null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DownloadSum)]
pub(crate) struct DownloadSumView {
    day: Option<String>,
    name: Option<String>,
    version: Option<String>,
    suite: Option<String>,
    downloads: u64,
}

/// Sums up downloads of the suites that the caller may read: those through this API, and those in logs that were ingested.
#[utoipa::path(get, path = "/api/stats/downloads", operation_id = "sum_downloads", tag = "suites", params(DownloadParams), security((), ("bearer" = [])),
    responses((status = 200, description = "The sums", body = DownloadReport)))]
pub(crate) async fn downloads(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Params(params): Params<DownloadParams>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            report(app, &caller, &params)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns the sums of what the caller may read.
pub(crate) fn report(app: &App, caller: &Caller, params: &DownloadParams) -> Result<DownloadReport, Problem> {
    let to = match &params.to {
        Some(to) => day(to)?,
        None => now().div_euclid(DAY),
    };
    let from = match &params.from {
        Some(from) => day(from)?,
        None => to - (USUAL_DAYS - 1),
    };
    if from > to {
        return Err(invalid("`from` is after `to`: no day is between them".to_owned()));
    }
    if to - from >= MAX_DAYS {
        return Err(invalid(format!(
            "expected at most {MAX_DAYS} days from `from` to `to`: ask for them year by year"
        )));
    }
    let limit = match params.limit.unwrap_or(USUAL_SUMS) {
        limit @ 1..=MAX_SUMS => limit,
        other => {
            return Err(invalid(format!(
                "expected a `limit` from 1 to {MAX_SUMS}, found {other}"
            )));
        }
    };
    let asked = (
        &params.from,
        &params.to,
        &params.group,
        &params.suite,
        &params.name,
    );
    let list = ListId::of(caller, "/api/stats/downloads", &asked);
    let skip = list.skipped(params.cursor.as_deref())?;
    let config = app.archive.config();
    let suites = match &params.suite {
        Some(name) => vec![caller.readable_suite(config, name)?],
        None => caller.readable(config),
    };
    let suites = suites
        .iter()
        .map(|suite| (suite.codename.clone(), suite.pool_tree().to_owned()));
    let query = DownloadQuery {
        from,
        to,
        group: group(params.group.as_deref())?,
        suites: suites.collect(),
        name: wire::asked(params.name.as_ref())?,
        skip,
        limit: limit + 1,
    };
    let mut sums = app.archive.downloads().sum_downloads(&query)?;
    let more = sums.len() > limit;
    sums.truncate(limit);
    Ok(DownloadReport {
        from: date(from),
        to: date(to),
        items: sums.into_iter().map(view).collect(),
        more,
        next: more.then(|| list.cursor(&skip.saturating_add(limit))),
    })
}

fn group(name: Option<&str>) -> Result<DownloadGroup, Problem> {
    match name.unwrap_or("day") {
        "day" => Ok(DownloadGroup::Day),
        "package" => Ok(DownloadGroup::Package),
        "version" => Ok(DownloadGroup::Version),
        "suite" => Ok(DownloadGroup::Suite),
        _ => Err(invalid(
            "expected `day`, `package`, `version` or `suite` as `group`".to_owned(),
        )),
    }
}

/// Reads a day, counted from 1970-01-01.
fn day(text: &str) -> Result<i64, Problem> {
    let wrong = || invalid("expected a day such as `2026-11-01`".to_owned());
    let date = Some(text).filter(|text| text.len() == 10);
    let date = date
        .and_then(|text| Date::from_str(text).ok())
        .ok_or_else(wrong)?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
    Ok(midnight.timestamp().as_second().div_euclid(DAY))
}

fn date(day: i64) -> String {
    format_iso(day * DAY).chars().take(10).collect()
}

fn invalid(what: String) -> Problem {
    Problem::new(Code::InvalidQuery, what)
}

fn view(sum: DownloadSum) -> DownloadSumView {
    DownloadSumView {
        day: sum.day.map(date),
        name: sum.name,
        version: sum.version,
        suite: sum.suite,
        downloads: sum.downloads,
    }
}
