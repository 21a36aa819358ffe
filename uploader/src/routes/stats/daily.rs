//! `GET /api/stats/daily`: what came and what was fetched, day by day.

use std::collections::HashMap;
use std::sync::Arc;

use archive_catalog::downloads::{DownloadGroup, DownloadQuery};
use axum::Json as Answer;
use axum::extract::State;
use debian_control::name::SuiteName;
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
use crate::routes::wire::ListPage;

const DAY: i64 = 86_400;
/// How many days an answer has at most.
const MOST_DAYS: u16 = 366;

/// How many days.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DayParams {
    /// So many days up to today, from 1 to 366. Default: 30.
    #[param(minimum = 1, maximum = 366)]
    days: Option<u16>,
    /// Codename or alias of a suite. Default: all that the caller may read.
    suite: Option<String>,
}

/// A day, in UTC.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Day)]
pub(crate) struct DayView {
    /// Such as `2030-01-01`.
    #[schema(format = Date)]
    pub(crate) date: String,
    /// Packages that were placed in the suites: by uploads, promotions, rollbacks and changes of section or priority.
    pub(crate) placed: u64,
    /// Downloads through this API, and those in logs that were ingested.
    pub(crate) downloads: u64,
}

/// Counts what came into the suites that the caller may read and what was fetched of them, for each of the last days.
#[utoipa::path(get, path = "/api/stats/daily", operation_id = "show_daily_statistics", tag = "suites", params(DayParams), security((), ("bearer" = [])),
    responses((status = 200, description = "The days, oldest first", body = ListPage<DayView>)))]
pub(crate) async fn daily(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Params(params): Params<DayParams>,
) -> Result<Answer<ListPage<DayView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        counted(app, &caller, &params).map(Answer)
    })
    .await
}

/// Counts what came into suites that the caller may read and what was fetched of them, day by day.
pub(crate) fn counted(app: &App, caller: &Caller, params: &DayParams) -> Result<ListPage<DayView>, Problem> {
    let days = match params.days.unwrap_or(30) {
        days @ 1..=MOST_DAYS => i64::from(days),
        other => {
            return Err(Problem::new(
                Code::InvalidQuery,
                format!("expected `days` from 1 to {MOST_DAYS}, found {other}"),
            ));
        }
    };
    let config = app.archive.config();
    let suites = match &params.suite {
        Some(name) => vec![caller.readable_suite(config, name)?],
        None => caller.readable(config),
    };
    let codenames: Vec<SuiteName> = suites.iter().map(|suite| suite.codename.clone()).collect();
    let today = now().div_euclid(DAY);
    let first = today - days + 1;
    let placed: HashMap<i64, u64> = app
        .archive
        .listing()
        .placed_by_day(&codenames, first * DAY)?
        .into_iter()
        .collect();
    let query = DownloadQuery {
        from: first,
        to: today,
        group: DownloadGroup::Day,
        suites: suites
            .iter()
            .map(|suite| (suite.codename.clone(), suite.pool_tree().to_owned()))
            .collect(),
        name: None,
        skip: 0,
        limit: usize::from(MOST_DAYS),
    };
    let fetched = app.archive.downloads().sum_downloads(&query)?;
    let fetched: HashMap<i64, u64> = fetched
        .into_iter()
        .filter_map(|sum| Some((sum.day?, sum.downloads)))
        .collect();
    let items = (first..=today).map(|day| DayView {
        date: format_iso(day * DAY).chars().take(10).collect(),
        placed: placed.get(&day).copied().unwrap_or(0),
        downloads: fetched.get(&day).copied().unwrap_or(0),
    });
    Ok(ListPage {
        items: items.collect(),
        next: None,
    })
}
