//! Changing what is not inside a .deb, and taking packages out.

use std::sync::Arc;

use archive_catalog::Selection;
use archive_catalog::listing::{Description, ListedPackage, Tag};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use debian_archive::config::Suite;
use debian_archive::ingest::{Arrival, Place};
use debian_archive::package_view::PackageView;
use debian_control::name::{Component, SuiteName};
use serde::Deserialize;
use utoipa::ToSchema;

use super::lookup;
use super::upload::Wait;
use super::wire;
use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Params, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::publication_tracker::Published;

const DEFAULT_COLOR: &str = "#6c757d";
const MAX_TAGS: usize = 32;

/// What is to be changed of a package. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"section": "admin", "tags": [{"name": "web", "color": "#007bff"}], "suites": ["bookworm"]}))]
pub(crate) struct ChangePackage {
    section: Option<String>,
    priority: Option<String>,
    /// All its tags.
    tags: Option<Vec<NewTag>>,
    /// All suites that it is to stand in.
    suites: Option<Vec<NewPlace>>,
}

/// A tag, or its name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NewTag {
    Name(String),
    Tag { name: String, color: Option<String> },
}

/// A suite by codename or alias, or a suite and a component of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NewPlace {
    Suite(String),
    Place {
        suite: String,
        component: Option<String>,
    },
}

/// Changes section, priority, tags and suites of a package.
#[utoipa::path(put, path = "/api/packages/{id}", operation_id = "update_package", tag = "packages", params(("id" = String, Path)), request_body = ChangePackage,
    security(("bearer" = [])), responses((status = 200, description = "Changed", body = PackageView)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ChangePackage>,
) -> Result<Answer<PackageView>, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        caller.account()?;
        let _turn = app.edits.lock();
        let listed = lookup::readable(app, &caller, &id)?;
        check_if_match(app, &caller, &headers, &id)?;
        let description = description(&body)?;
        let plan = body
            .suites
            .map(|wanted| plan(app, &caller, &listed, &wanted))
            .transpose()?;
        for suite in standing(app, &listed) {
            if plan
                .as_ref()
                .is_none_or(|plan| !plan.lost.iter().any(|lost| lost.codename == suite.codename))
            {
                let describes = body.section.is_some() || body.priority.is_some() || body.tags.is_some();
                if describes || plan.is_none() {
                    caller.uploads(suite, Some(&listed.entry.content.name))?;
                }
            }
        }
        carry_out(app, &caller, &listed, &description, plan)?;
        app.publications.changed();
        Ok(Answer(wire::package(&lookup::readable(app, &caller, &id)?)?))
    })
    .await
}

/// Where a package comes to stand, and where it no longer does.
struct Plan<'a> {
    gained: Vec<(&'a Suite, Component)>,
    lost: Vec<&'a Suite>,
}

/// Compares where a package stands with where it should, and checks the right to each difference.
fn plan<'a>(
    app: &'a App,
    caller: &Caller,
    listed: &ListedPackage,
    wanted: &[NewPlace],
) -> Result<Plan<'a>, Problem> {
    let content = &listed.entry.content;
    let mut plan = Plan {
        gained: Vec::new(),
        lost: Vec::new(),
    };
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
                        "it stands in component `{held}` of `{}`: delete it there first",
                        suite.codename
                    ),
                ));
            }
            None => {
                caller.uploads(suite, Some(&content.name))?;
                plan.gained
                    .push((suite, super::upload::component(suite, component)?.clone()));
            }
        }
    }
    for suite in standing(app, listed) {
        if !kept.contains(&&suite.codename) {
            caller.deletes(suite, &content.name, listed.extras.author(&suite.codename))?;
            plan.lost.push(suite);
        }
    }
    Ok(plan)
}

/// Gains come first: a package that moves is never nowhere.
fn carry_out(
    app: &App,
    caller: &Caller,
    listed: &ListedPackage,
    description: &Description,
    plan: Option<Plan<'_>>,
) -> Result<(), Problem> {
    let content = &listed.entry.content;
    let arrival = Arrival {
        now: now(),
        by: Some(caller.actor().clone()),
        ..Arrival::default()
    };
    let Plan { gained, lost } = plan.unwrap_or(Plan {
        gained: Vec::new(),
        lost: Vec::new(),
    });
    let places: Vec<Place<'_>> = gained
        .iter()
        .map(|(suite, component)| Place { suite, component })
        .collect();
    app.archive.copy_to_all(&listed.entry, &places, &arrival)?;
    for suite in &lost {
        remove(app, caller, listed, &suite.codename)?;
    }
    let says = |suites: &[SuiteName], description: &Description| {
        let is_empty =
            description.section.is_none() && description.priority.is_none() && description.tags.is_none();
        if is_empty || suites.is_empty() {
            return Ok(());
        }
        let listing = app.archive.listing();
        listing.describe(&content.sha256, suites, description, caller.actor(), now())
    };
    let stays = |suite: &&Suite| !lost.iter().any(|lost| lost.codename == suite.codename);
    let kept: Vec<SuiteName> = standing(app, listed)
        .filter(stays)
        .map(|suite| suite.codename.clone())
        .collect();
    says(&kept, description)?;
    // A package takes along what is said of it, but for what a private suite says and all could read then.
    let is_secret = standing(app, listed).any(|suite| suite.private);
    for (suite, _) in &gained {
        let description = if is_secret && !suite.private {
            description.clone()
        } else {
            with_what_was_said(description, listed)
        };
        says(std::slice::from_ref(&suite.codename), &description)?;
    }
    Ok(())
}

/// Returns a description that says of a package what was said of it before, where it says nothing else.
fn with_what_was_said(description: &Description, listed: &ListedPackage) -> Description {
    let extras = &listed.extras;
    let tags = (!extras.tags.is_empty()).then(|| extras.tags.clone());
    Description {
        section: description.section.clone().or_else(|| extras.section.clone()),
        priority: description.priority.clone().or_else(|| extras.priority.clone()),
        tags: description.tags.clone().or(tags),
    }
}

/// What a delete means.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteParams {
    /// Only from this suite; left out: from all.
    suite: Option<String>,
    /// `published`: answer once it is gone from what clients fetch.
    wait: Option<Wait>,
}

/// Takes a package out of a suite, or out of all.
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
            let _turn = app.edits.lock();
            let listed = seen(app, &caller, &id)?;
            check_if_match(app, &caller, &headers, &id)?;
            let meant: Vec<&Suite> = standing(app, &listed)
                .filter(|suite| only.is_none_or(|only| only.codename == suite.codename))
                .collect();
            if meant.is_empty() {
                return Err(Problem::new(
                    Code::PackageNotFound,
                    "it does not stand in that suite",
                ));
            }
            let content = &listed.entry.content;
            for suite in &meant {
                caller.deletes(suite, &content.name, listed.extras.author(&suite.codename))?;
            }
            for suite in &meant {
                remove(app, &caller, &listed, &suite.codename)?;
            }
            app.publications.changed();
            Ok(meant
                .iter()
                .map(|suite| suite.codename.clone())
                .collect::<Vec<_>>())
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

fn remove(app: &App, caller: &Caller, listed: &ListedPackage, suite: &SuiteName) -> Result<(), Problem> {
    let content = &listed.entry.content;
    // In one suite, these three mean one content.
    let selection = Selection {
        suite: Some(suite.clone()),
        name: Some(content.name.clone()),
        version: Some(content.version.clone()),
        architecture: Some(content.architecture.clone()),
    };
    app.archive
        .catalog()
        .remove(&selection, Some(caller.actor()), now())?;
    Ok(())
}

/// Checks `If-Match` against the package as `GET` shows it to this caller.
fn check_if_match(app: &App, caller: &Caller, headers: &HeaderMap, id: &str) -> Result<(), Problem> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(());
    }
    wire::check_if_match(headers, &wire::package(&lookup::readable(app, caller, id)?)?)
}

/// Returns the package of an id, as far as the caller may know where it stands, to take it out.
fn seen(app: &App, caller: &Caller, id: &str) -> Result<ListedPackage, Problem> {
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

/// Returns the suites that a package was found in.
fn standing<'a>(app: &'a App, listed: &ListedPackage) -> impl Iterator<Item = &'a Suite> + use<'a> {
    let codenames: Vec<SuiteName> = listed
        .entry
        .suites
        .iter()
        .map(|(codename, _)| codename.clone())
        .collect();
    codenames
        .into_iter()
        .filter_map(|codename| app.archive.config().suite(codename.as_str()))
}

fn description(body: &ChangePackage) -> Result<Description, Problem> {
    for (key, value) in [("section", &body.section), ("priority", &body.priority)] {
        let right = |value: &String| {
            (1..=64).contains(&value.len())
                && value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_+./".contains(&byte))
        };
        if !value.as_ref().is_none_or(right) {
            return Err(wrong(format!(
                "`{key}` should be one word of 1 to 64 of `A-Za-z0-9-_+./`"
            )));
        }
    }
    Ok(Description {
        section: body.section.clone(),
        priority: body.priority.clone(),
        tags: body.tags.as_deref().map(tags).transpose()?,
    })
}

fn tags(wanted: &[NewTag]) -> Result<Vec<Tag>, Problem> {
    if wanted.len() > MAX_TAGS {
        return Err(wrong(format!("expected {MAX_TAGS} tags or fewer")));
    }
    let mut tags: Vec<Tag> = Vec::new();
    for tag in wanted {
        let (name, color) = match tag {
            NewTag::Name(name) => (name, None),
            NewTag::Tag { name, color } => (name, color.as_deref()),
        };
        let color = color.unwrap_or(DEFAULT_COLOR);
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            return Err(wrong(
                "the name of a tag should be one line of 1 to 64 bytes".into(),
            ));
        }
        let digits = color.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong("the colour of a tag should be as `#007bff`".into()));
        }
        if tags.iter().any(|other| other.name == *name) {
            return Err(wrong(format!("tag `{}` is there twice", name.escape_debug())));
        }
        tags.push(Tag {
            name: name.clone(),
            color: color.to_owned(),
        });
    }
    Ok(tags)
}

fn wrong(detail: String) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
