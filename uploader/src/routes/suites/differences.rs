//! `GET /api/suites/{suite}/differences`: what lies between two states of a suite.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use debian_archive::config::Suite;
use debian_archive::snapshots::{DifferenceCounts, DifferenceView, Differences};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::cursor::ListId;
use crate::routes::suites::snapshots;
use crate::routes::wire;

/// Which states are compared.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DifferenceParams {
    /// ID of the older snapshot.
    pub(crate) from: String,
    /// ID of the newer snapshot. Default: what the suite holds now, published or not.
    pub(crate) to: Option<String>,
    /// Items on the page, from 1 to 500. Default: 50.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<usize>,
    /// The `next` of the previous page.
    pub(crate) cursor: Option<String>,
}

/// A page of what lies between two states, and how much there is of it in all.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Differences)]
pub(crate) struct DifferencePage {
    pub(crate) added: usize,
    pub(crate) removed: usize,
    pub(crate) changed: usize,
    /// By component, name and architecture.
    pub(crate) items: Vec<DifferenceView>,
    /// The `cursor` of the next page; null on the last page.
    pub(crate) next: Option<String>,
}

impl wire::Page for DifferencePage {
    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// Compares a snapshot of a suite with another one, or with what the suite holds now.
#[utoipa::path(get, path = "/api/suites/{suite}/differences", operation_id = "compare_snapshots", tag = "suites", params(("suite" = String, Path), DifferenceParams),
    security((), ("bearer" = [])), responses((status = 200, description = "The differences", body = DifferencePage)))]
pub(crate) async fn compare(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
    uri: Uri,
    Params(params): Params<DifferenceParams>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            between(app, &caller, &name, &params)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns a page of what lies between two states of a suite that the caller may read.
pub(crate) fn between(
    app: &App,
    caller: &Caller,
    name: &str,
    params: &DifferenceParams,
) -> Result<DifferencePage, Problem> {
    let suite = caller.readable_suite(app.archive.config(), name)?;
    let before = state(app, suite, &params.from)?;
    let after = match &params.to {
        Some(id) => Some(state(app, suite, id)?),
        None => None,
    };
    let all = app.archive.differences_between(suite, before, after)?;
    let limit = wire::page_limit(params.limit)?;
    let asked = (suite.codename.as_str(), &params.from, &params.to);
    let list = ListId::of(caller, "/api/suites/{suite}/differences", &asked);
    let start = list.skipped(params.cursor.as_deref())?;
    let end = start.saturating_add(limit);
    let mut page = DifferencePage::of(suite, &all, start..end)?;
    page.next = (end < all.count()).then(|| list.cursor(&end));
    Ok(page)
}

/// Returns the revision of a snapshot.
fn state(app: &App, suite: &Suite, id: &str) -> Result<i64, Problem> {
    let states = app.archive.states_named(&[suite], &snapshots::id(id)?)?;
    let (_, state) = states.first().expect("a name of no state is an error");
    Ok(state.revision)
}

impl DifferencePage {
    /// Returns a part of the differences, with the counts of all of them.
    pub(super) fn of(suite: &Suite, all: &Differences<'_>, range: Range<usize>) -> Result<Self, Problem> {
        let shown = all.part(range)?;
        let DifferenceCounts {
            added,
            removed,
            changed,
        } = all.counts();
        Ok(Self {
            added,
            removed,
            changed,
            items: shown
                .iter()
                .map(|difference| DifferenceView::new(suite, difference))
                .collect(),
            next: None,
        })
    }
}
