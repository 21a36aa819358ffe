//! `POST /api/packages/{id}/yank`: out of the index, for a reason; the file stays.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Params, Path};
use crate::given_name::is_plain_line;
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::change::{ChangeParams, published};
use crate::routes::packages::delete::seen;
use crate::routes::packages::deletions::{DeletedPackage, DeletionAnswer};
use crate::routes::packages::placement::{selection, standing};

/// Why a package is yanked.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Yank, example = json!({"reason": "loses data when the disk is full: use 1.2-2"}))]
pub(crate) struct YankRequest {
    /// 1 to 500 bytes on one line; everybody who may read the suite is told.
    #[schema(min_length = 1, max_length = 500)]
    pub(crate) reason: String,
    /// Codename or alias of the suite to take it out of. Default: all suites.
    pub(crate) suite: Option<String>,
}

/// Takes a package out of the indexes for a reason. Its file stays, so that who names it by its address still gets it.
#[utoipa::path(post, path = "/api/packages/{id}/yank", operation_id = "yank_package", tag = "packages", params(("id" = String, Path), ChangeParams), request_body = YankRequest,
    security(("bearer" = [])),
    responses((status = 200, description = "Yanked", body = DeletionAnswer),
        (status = 202, description = "Yanked, but still in the live InRelease", body = DeletionAnswer)))]
pub(crate) async fn yank(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    Params(params): Params<ChangeParams>,
    Json(body): Json<YankRequest>,
) -> Result<(StatusCode, Answer<DeletionAnswer>), Problem> {
    let answer = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            yanked(app, &caller, id, &body)
        })
        .await?;
    let status = published(&app, answer.is_changed, answer.suites(), params.wait).await?;
    Ok((status, Answer(answer)))
}

/// Yanks a package.
pub(crate) fn yanked(
    app: &App,
    caller: &Caller,
    id: String,
    body: &YankRequest,
) -> Result<DeletionAnswer, Problem> {
    caller.account()?;
    let reason = body.reason.trim();
    if !(1..=500).contains(&reason.len()) || !is_plain_line(reason) {
        return Err(Problem::new(
            Code::InvalidRequest,
            "expected a `reason` of 1 to 500 bytes, on one line, of letters that show",
        ));
    }
    let only = body.suite.as_deref();
    let only = only
        .map(|name| caller.suite(app.archive.config(), name))
        .transpose()?;
    let _turn = app.turn_to_edit()?;
    let listed = seen(app, caller, &id)?;
    let content = &listed.entry.content;
    let (mut selections, mut suites) = (Vec::new(), Vec::new());
    for suite in
        standing(app, &listed).filter(|suite| only.is_none_or(|only| only.codename == suite.codename))
    {
        caller.deletes(suite, &content.name, listed.extras.author(&suite.codename))?;
        selections.push(selection(&listed, &suite.codename));
        suites.push(suite.codename.to_string());
    }
    // Another program may have taken it out meanwhile: then nobody is told why.
    let catalog = app.archive.catalog();
    if selections.is_empty()
        || catalog
            .yank(&selections, reason, Some(caller.actor()), now())?
            .is_empty()
    {
        return Err(Problem::new(
            Code::PackageNotFound,
            "the package is not in this suite",
        ));
    }
    app.publications.changed();
    let package = DeletedPackage {
        id,
        name: content.name.to_string(),
        version: content.version.to_string(),
        architecture: content.architecture.to_string(),
        suites,
    };
    Ok(DeletionAnswer::new(true, vec![package]))
}
