//! `PUT /api/packages/{id}`.

use std::sync::Arc;

use archive_catalog::listing::{Description, ListedPackage};
use archive_catalog::{NewDescription, PackageChange};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::HeaderMap;
use debian_archive::config::Suite;
use debian_archive::ingest::{CopyWish, SuiteComponent, UploadContext};
use debian_archive::package_view::PackageView;
use debian_control::name::{Component, SuiteName};

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Params, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::packages::if_match::check_if_match;
use crate::routes::packages::metadata::{ChangePackage, NewPlace, description};
use crate::routes::packages::placement::{PackageParams, selection, standing};
use crate::routes::upload::admission;
use crate::routes::{lookup, wire};

/// Changes the section, priority or tags of a package, in all its suites or in one, or its suites.
#[utoipa::path(put, path = "/api/packages/{id}", operation_id = "update_package", tag = "packages", params(("id" = String, Path), PackageParams), request_body = ChangePackage,
    security(("bearer" = [])), responses((status = 200, description = "Changed", body = PackageView)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    Params(params): Params<PackageParams>,
    headers: HeaderMap,
    Json(body): Json<ChangePackage>,
) -> Result<Answer<PackageView>, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        changed(app, &caller, &headers, (&id, &params), body).map(Answer)
    })
    .await
}

/// Changes a package, as far as it is what `If-Match` of the headers says.
pub(crate) fn changed(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    (id, params): (&str, &PackageParams),
    body: ChangePackage,
) -> Result<PackageView, Problem> {
    caller.account()?;
    let only = params.only(app, caller)?;
    if only.is_some() && body.suites.is_some() {
        return Err(Problem::new(
            Code::InvalidRequest,
            "`suites` are all suites of the package: it is changed without `?suite=`, or left out",
        ));
    }
    let _turn = app.turn_to_edit()?;
    let listed = lookup::as_said_by(app, caller, id, only)?;
    check_if_match(app, caller, headers, id, only)?;
    let description = description(&body)?;
    let plan = match &body.suites {
        Some(wanted) => plan(app, caller, &listed, wanted)?,
        None => PlacementChange {
            kept: standing(app, &listed)
                .filter(|suite| only.is_none_or(|only| only.codename == suite.codename))
                .collect(),
            ..PlacementChange::default()
        },
    };
    if !description.is_empty() || body.suites.is_none() {
        for suite in &plan.kept {
            caller.uploads(suite, Some(&listed.entry.content.name))?;
        }
    }
    carry_out(app, caller, &listed, &description, plan)?;
    app.publications.changed();
    let readable = lookup::codenames(app, caller);
    let suites = only.map_or_else(|| readable.clone(), |only| vec![only.codename.clone()]);
    let changed = lookup::of_content(app, &listed.entry.content.sha256, &suites, &readable)?;
    // By this change or by another request, it may be in none of these suites any more: the change succeeded all the same.
    let changed = changed.unwrap_or_else(|| in_no_suite(listed));
    wire::package(&changed)
}

/// Where a package comes to stand, where it no longer does, and where it is changed as it stands.
#[derive(Default)]
struct PlacementChange<'a> {
    kept: Vec<&'a Suite>,
    gained: Vec<(&'a Suite, Component)>,
    lost: Vec<&'a Suite>,
}

/// Returns a package as it is when it is in no suite.
fn in_no_suite(mut listed: ListedPackage) -> ListedPackage {
    listed.entry.suites.clear();
    listed
}

/// Compares where a package stands with where it should, and checks the right to each difference.
fn plan<'a>(
    app: &'a App,
    caller: &Caller,
    listed: &ListedPackage,
    wanted: &[NewPlace],
) -> Result<PlacementChange<'a>, Problem> {
    let content = &listed.entry.content;
    let mut plan = PlacementChange::default();
    let mut kept: Vec<&SuiteName> = Vec::new();
    for place in wanted {
        let (name, component) = match place {
            NewPlace::Suite(name) => (name, None),
            NewPlace::Place { suite, component } => (suite, component.as_deref()),
        };
        let suite = caller.suite(app.archive.config(), name)?;
        let stands = listed
            .entry
            .suites
            .iter()
            .find(|(codename, _)| *codename == suite.codename);
        match stands {
            Some((_, held)) if component.is_none_or(|component| held.as_str() == component) => {
                kept.push(&suite.codename);
            }
            Some((_, held)) => {
                return Err(Problem::new(
                    Code::ComponentConflict,
                    format!(
                        "the package is in component `{held}` of `{}`: delete it there first",
                        suite.codename
                    ),
                ));
            }
            None => {
                caller.uploads(suite, Some(&content.name))?;
                plan.gained
                    .push((suite, admission::component(suite, component)?.clone()));
            }
        }
    }
    for suite in standing(app, listed) {
        if kept.contains(&&suite.codename) {
            plan.kept.push(suite);
        } else {
            caller.deletes(suite, &content.name, listed.extras.author(&suite.codename))?;
            plan.lost.push(suite);
        }
    }
    Ok(plan)
}

/// Does all of it in one step: a package that moves is never nowhere, and never half described.
fn carry_out(
    app: &App,
    caller: &Caller,
    listed: &ListedPackage,
    description: &Description,
    PlacementChange { kept, gained, lost }: PlacementChange<'_>,
) -> Result<(), Problem> {
    let arrival = UploadContext {
        now: now(),
        by: Some(caller.actor().clone()),
        ..UploadContext::default()
    };
    // Metadata moves along with a package, except from a private suite to a public one, where everybody could read it.
    let is_secret = standing(app, listed).any(|suite| suite.private);
    let with_metadata = |(suite, component)| {
        let suite: &Suite = suite;
        let metadata = if is_secret && !suite.private {
            description.clone()
        } else {
            with_previous_metadata(description, listed)
        };
        (suite, component, metadata)
    };
    let gained: Vec<(&Suite, Component, Description)> = gained.into_iter().map(with_metadata).collect();
    let wishes: Vec<CopyWish<'_>> = gained
        .iter()
        .map(|(suite, component, metadata)| CopyWish {
            entry: &listed.entry,
            place: SuiteComponent { suite, component },
            metadata: metadata.clone(),
        })
        .collect();
    let kept: Vec<SuiteName> = kept.iter().map(|suite| suite.codename.clone()).collect();
    let change = PackageChange {
        removed: lost
            .iter()
            .map(|suite| selection(listed, &suite.codename))
            .collect(),
        described: (!description.is_empty() && !kept.is_empty()).then(|| NewDescription {
            content: listed.entry.content.sha256,
            suites: kept,
            description: description.clone(),
        }),
        by: caller.actor().clone(),
    };
    if wishes.is_empty() && change.removed.is_empty() && change.described.is_none() {
        return Ok(());
    }
    Ok(app.archive.copy_and_change(&wishes, &change, &arrival)?)
}

/// Completes new metadata with the package's previous metadata.
fn with_previous_metadata(description: &Description, listed: &ListedPackage) -> Description {
    let extras = &listed.extras;
    let tags = (!extras.tags.is_empty()).then(|| extras.tags.clone());
    Description {
        section: description.section.clone().or_else(|| extras.section.clone()),
        priority: description.priority.clone().or_else(|| extras.priority.clone()),
        tags: description.tags.clone().or(tags),
    }
}
