//! `/api/suites/{suite}/yanked`: what was yanked from a suite, and bringing it back.

use std::sync::Arc;

use archive_catalog::{Entry, YankedPackage};
use archive_storage::pool;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use debian_archive::config::Suite;
use debian_archive::ingest::{CopyWish, SuiteComponent, UploadContext};
use debian_control::release::format_iso;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::cursor::ListId;
use crate::routes::upload::admission::vulnerable;
use crate::routes::wire::{self, ListPage, PageParams};

/// A package that was taken out of a suite for a reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Yanked)]
pub(crate) struct YankedView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
    pub(crate) component: String,
    pub(crate) reason: String,
    pub(crate) yanked_at: String,
    /// Path of its file below the root; null where this suite has none any more.
    pub(crate) filename: Option<String>,
}

/// Lists what was yanked from a suite and has not come back.
#[utoipa::path(get, path = "/api/suites/{suite}/yanked", operation_id = "list_yanked_packages", tag = "suites", params(("suite" = String, Path), PageParams),
    security((), ("bearer" = [])), responses((status = 200, description = "The packages", body = ListPage<YankedView>)))]
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
            page_of(app, &caller, &name, &params)
        })
        .await?;
    Ok(wire::page(&page, &uri))
}

/// Returns a page of what was yanked from a suite that the caller may read.
pub(crate) fn page_of(
    app: &App,
    caller: &Caller,
    name: &str,
    params: &PageParams,
) -> Result<ListPage<YankedView>, Problem> {
    let suite = caller.readable_suite(app.archive.config(), name)?;
    let limit = wire::page_limit(params.limit)?;
    let list = ListId::of(caller, "/api/suites/{suite}/yanked", &suite.codename.as_str());
    let start = list.skipped(params.cursor.as_deref())?;
    let yanked = app.archive.catalog().yanked(&suite.codename)?;
    let shown = yanked.iter().skip(start).take(limit);
    let items: Result<Vec<_>, Problem> = shown.map(|one| view(app, suite, one)).collect();
    let end = start.saturating_add(limit);
    Ok(ListPage {
        items: items?,
        next: (end < yanked.len()).then(|| list.cursor(&end)),
    })
}

/// How a package comes back.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RestoreParams {
    /// Bring the package back also where it has known vulnerabilities that the suite does not take. Administrators only; the audit log
    /// names the vulnerabilities. Default: false.
    #[serde(default)]
    pub(crate) allow_vulnerable: bool,
}

/// Brings a package that was yanked back into the suite, with the section, priority and tags that it had there.
#[utoipa::path(delete, path = "/api/suites/{suite}/yanked/{id}", operation_id = "restore_yanked_package", tag = "suites",
    params(("suite" = String, Path), ("id" = String, Path), RestoreParams), security(("bearer" = [])), responses((status = 204, description = "It is in the suite again")))]
pub(crate) async fn restore(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path((name, id)): Path<(String, String)>,
    Params(params): Params<RestoreParams>,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        restored(app, &caller, (&name, &id), &params)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Returns the suites that the caller may read from which a package was yanked, and why.
pub(crate) fn of_package(app: &App, caller: &Caller, id: &str) -> Result<Vec<(String, YankedView)>, Problem> {
    let mut found = Vec::new();
    for suite in caller.readable(app.archive.config()) {
        let yanked = app.archive.catalog().yanked(&suite.codename)?;
        for one in yanked.iter().filter(|one| id_of(one) == id) {
            found.push((suite.codename.to_string(), view(app, suite, one)?));
        }
    }
    Ok(found)
}

/// Brings a package that was yanked back into the suite.
pub(crate) fn restored(
    app: &App,
    caller: &Caller,
    (name, id): (&str, &str),
    params: &RestoreParams,
) -> Result<(), Problem> {
    caller.account()?;
    let suite = caller.readable_suite(app.archive.config(), name)?;
    caller.uploads(suite, None)?;
    let missing = || {
        Problem::new(
            Code::PackageNotFound,
            "no package of this ID was yanked from the suite",
        )
    };
    let yanked = app.archive.catalog().yanked(&suite.codename)?;
    let found = yanked
        .into_iter()
        .find(|one| id_of(one) == id)
        .ok_or_else(missing)?;
    caller.uploads(suite, Some(&found.content.name))?;
    let path = filename(app, suite, &found)?.ok_or_else(missing)?;
    let entry = Entry {
        content: found.content,
        filename: path,
        suites: Vec::new(),
    };
    let metadata = app
        .archive
        .moving_metadata((&suite.codename, None), suite, &entry.content.sha256)?;
    let wish = CopyWish {
        entry: &entry,
        place: SuiteComponent {
            suite,
            component: &found.component,
        },
        metadata,
    };
    let arrival = UploadContext {
        now: now(),
        by: Some(caller.actor().clone()),
        vulnerable: vulnerable(caller, params.allow_vulnerable)?,
        ..UploadContext::default()
    };
    app.archive.copy(wish, &arrival)?;
    app.publications.changed();
    Ok(())
}

/// Returns the path of the file that the suite has of a package.
fn filename(app: &App, suite: &Suite, yanked: &YankedPackage) -> Result<Option<String>, Problem> {
    let found = app
        .archive
        .catalog()
        .find(&yanked.content.sha256, suite.pool_tree())?;
    let path = found.and_then(|(_, path)| path);
    Ok(path.map(|path| pool::below_root(suite.pool_tree(), &path)))
}

fn view(app: &App, suite: &Suite, yanked: &YankedPackage) -> Result<YankedView, Problem> {
    let content = &yanked.content;
    Ok(YankedView {
        id: id_of(yanked),
        name: content.name.to_string(),
        version: content.version.to_string(),
        architecture: content.architecture.to_string(),
        component: yanked.component.to_string(),
        reason: yanked.reason.clone(),
        yanked_at: format_iso(yanked.at),
        filename: filename(app, suite, yanked)?,
    })
}

fn id_of(yanked: &YankedPackage) -> String {
    debian_archive::package_view::id(&yanked.content.sha256)
}
