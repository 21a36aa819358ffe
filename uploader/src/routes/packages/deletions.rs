//! `POST /api/packages/deletions`: many packages out of their suites, all of them or none.

use std::sync::Arc;

use archive_catalog::Selection;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Params};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::change::{ChangeParams, published};
use crate::routes::packages::delete::seen;
use crate::routes::packages::placement::{selection, standing};
use crate::routes::wire;

/// How many packages one request may delete.
const MOST: usize = 1000;

/// Which packages are to go.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(as = Deletion, example = json!({"ids": ["0123456789abcdef0123456789abcdef"], "suite": "bookworm", "dry_run": true}))]
pub(crate) struct DeletionRequest {
    /// IDs of packages, 1 to 1000.
    #[schema(min_items = 1, max_items = 1000)]
    pub(crate) ids: Vec<String>,
    /// Codename or alias of the suite to remove them from. Default: all suites.
    pub(crate) suite: Option<String>,
    /// Say what would go, and change nothing.
    #[serde(default)]
    pub(crate) dry_run: bool,
    /// `plan` of a preview: remove exactly what it showed, or nothing.
    pub(crate) plan: Option<String>,
}

/// What went, or would go.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deleted)]
pub(crate) struct DeletionAnswer {
    /// Whether something was removed.
    pub(crate) is_changed: bool,
    /// What names just these packages and suites.
    pub(crate) plan: String,
    pub(crate) packages: Vec<DeletedPackage>,
}

impl DeletionAnswer {
    /// Makes one of packages that went, or would go.
    pub(super) fn new(is_changed: bool, packages: Vec<DeletedPackage>) -> Self {
        let plan = wire::plan_name(packages.iter().flat_map(|package| {
            let suites = package.suites.iter();
            suites.map(|suite| format!("{suite} {}", package.id))
        }));
        Self {
            is_changed,
            plan,
            packages,
        }
    }

    /// Returns the codenames of the suites that packages leave; one may come several times.
    pub(crate) fn suites(&self) -> impl Iterator<Item = &str> {
        let suites = self.packages.iter().flat_map(|package| &package.suites);
        suites.map(String::as_str)
    }
}

/// A package that goes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletedPackage {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
    /// Codenames of the suites that it leaves.
    pub(crate) suites: Vec<String>,
}

/// Removes packages from one suite, or from all: all of the packages, or none where one may not go.
#[utoipa::path(post, path = "/api/packages/deletions", operation_id = "delete_packages", tag = "packages", params(ChangeParams), request_body = DeletionRequest,
    security(("bearer" = [])),
    responses((status = 200, description = "Removed, or what would be", body = DeletionAnswer),
        (status = 202, description = "Removed, but still in the live InRelease", body = DeletionAnswer)))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Params(params): Params<ChangeParams>,
    Json(body): Json<DeletionRequest>,
) -> Result<(StatusCode, Answer<DeletionAnswer>), Problem> {
    let answer = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            deleted(app, &caller, &body)
        })
        .await?;
    let status = published(&app, answer.is_changed, answer.suites(), params.wait).await?;
    Ok((status, Answer(answer)))
}

/// Removes packages, or says what would go.
pub(crate) fn deleted(app: &App, caller: &Caller, body: &DeletionRequest) -> Result<DeletionAnswer, Problem> {
    caller.account()?;
    let mut ids = body.ids.clone();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() > MOST {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("expected 1 to {MOST} `ids`"),
        ));
    }
    let suite = body.suite.as_deref();
    let only = suite
        .map(|name| caller.suite(app.archive.config(), name))
        .transpose()?;
    let _turn = app.turn_to_edit()?;
    let mut selections: Vec<Selection> = Vec::new();
    let mut packages = Vec::new();
    for id in ids {
        let listed = seen(app, caller, &id)?;
        let content = &listed.entry.content;
        let meant =
            standing(app, &listed).filter(|suite| only.is_none_or(|only| only.codename == suite.codename));
        let mut suites = Vec::new();
        for suite in meant {
            caller.deletes(suite, &content.name, listed.extras.author(&suite.codename))?;
            selections.push(selection(&listed, &suite.codename));
            suites.push(suite.codename.to_string());
        }
        if suites.is_empty() {
            return Err(Problem::new(
                Code::PackageNotFound,
                format!("package `{id}` is not in this suite"),
            ));
        }
        packages.push(DeletedPackage {
            id,
            name: content.name.to_string(),
            version: content.version.to_string(),
            architecture: content.architecture.to_string(),
            suites,
        });
    }
    let mut answer = DeletionAnswer::new(false, packages);
    wire::check_plan(body.plan.as_deref(), &answer.plan)?;
    if !body.dry_run {
        let catalog = app.archive.catalog();
        let removed = catalog.remove(&selections, Some(caller.actor()), now())?;
        app.publications.changed();
        answer.is_changed = !removed.is_empty();
    }
    Ok(answer)
}
