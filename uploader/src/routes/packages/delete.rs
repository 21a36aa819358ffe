//! `DELETE /api/packages/{id}`.

use std::sync::Arc;

use archive_catalog::Selection;
use archive_catalog::listing::ListedPackage;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use debian_archive::config::Suite;
use debian_control::name::SuiteName;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::publication_tracker::Published;
use crate::routes::lookup;
use crate::routes::packages::if_match::check_if_match_of_any;
use crate::routes::packages::placement::{selection, standing};
use crate::routes::upload::params::Wait;

/// What a delete means.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteParams {
    /// Codename or alias of the suite to remove it from. Default: all suites.
    suite: Option<String>,
    /// `published`: answer only when the package is gone from the live InRelease, or with 202 after 30 seconds.
    wait: Option<Wait>,
}

/// Removes a package from one suite, or from all.
#[utoipa::path(delete, path = "/api/packages/{id}", operation_id = "delete_package", tag = "packages", params(("id" = String, Path), DeleteParams),
    security(("bearer" = [])),
    responses((status = 204, description = "Removed"), (status = 202, description = "Removed, but still in the live InRelease")))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    Params(params): Params<DeleteParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let suites = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            caller.account()?;
            let only = params
                .suite
                .as_deref()
                .map(|name| caller.suite(app.archive.config(), name))
                .transpose()?;
            let _turn = app.turn_to_edit()?;
            let listed = seen(app, &caller, &id)?;
            check_if_match_of_any(app, &caller, &headers, &id, only)?;
            let meant: Vec<&Suite> = standing(app, &listed)
                .filter(|suite| only.is_none_or(|only| only.codename == suite.codename))
                .collect();
            if meant.is_empty() {
                return Err(Problem::new(
                    Code::PackageNotFound,
                    "the package is not in this suite",
                ));
            }
            let content = &listed.entry.content;
            for suite in &meant {
                caller.deletes(suite, &content.name, listed.extras.author(&suite.codename))?;
            }
            let suites = meant.iter().map(|suite| suite.codename.clone());
            let suites: Vec<SuiteName> = suites.collect();
            let selections: Vec<Selection> = suites.iter().map(|suite| selection(&listed, suite)).collect();
            let catalog = app.archive.catalog();
            catalog.remove(&selections, Some(caller.actor()), now())?;
            app.publications.changed();
            Ok(suites)
        })
        .await?;
    let published = match params.wait {
        Some(Wait::Published) => app.publications.wait(suites).await?,
        None => Published::Yes,
    };
    Ok(match published {
        Published::Yes => StatusCode::NO_CONTENT.into_response(),
        Published::NotYet => StatusCode::ACCEPTED.into_response(),
    })
}

/// Returns the package of an id, as far as the caller may know where it stands, to take it out.
pub(super) fn seen(app: &App, caller: &Caller, id: &str) -> Result<ListedPackage, Problem> {
    let suites = &app.archive.config().suites;
    let sees = suites.iter().filter(|suite| caller.sees(suite));
    let sees: Vec<SuiteName> = sees.map(|suite| suite.codename.clone()).collect();
    let found = lookup::in_suites(app, id, &sees)?;
    let takes_out = suites
        .iter()
        .filter(|suite| caller.takes_out(suite, &found.entry.content.name));
    let takes_out: Vec<SuiteName> = takes_out.map(|suite| suite.codename.clone()).collect();
    lookup::in_suites(app, id, &takes_out)
}
