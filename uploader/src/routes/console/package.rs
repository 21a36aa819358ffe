//! `/console/packages/{id}`: one package, and its metadata.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use debian_archive::package_view::{PackageView, PlaceView, TagView};

use super::answer::{Answered, page, see};
use super::asked::{Asked, Path};
use super::fields::Fields;
use super::frame::Frame;
use super::visitor::{Posted, Visitor};
use super::{Done, address};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::routes::packages::edit;
use crate::routes::packages::metadata::{ChangePackage, NewTag};
use crate::routes::packages::placement::PackageParams;
use crate::routes::packages::provenance::{self, ProvenanceView};
use crate::routes::packages::publishing;
use crate::routes::packages::yank::{self, YankRequest};
use crate::routes::suites::yanked::{self, YankedView};
use crate::routes::wire::Tagged as _;
use crate::routes::{lookup, wire};

/// A suite that it is in.
struct PlacedInSuite {
    suite: String,
    component: String,
    is_live: bool,
    /// The package as this suite has it.
    package: PackageView,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "console/package.html")]
struct ConsolePackagePage {
    frame: Frame,
    summary: String,
    places: Vec<PlacedInSuite>,
    is_private: bool,
    package: PackageView,
    came: Vec<ProvenanceView>,
    /// The suites that it was yanked from, and why.
    yanked_from: Vec<(String, YankedView)>,
    /// Where known vulnerabilities may be accepted.
    gated: Vec<String>,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Asked(done): Asked<Done>,
) -> Answered {
    let shown = app
        .blocking(move |app| {
            let package = wire::package(&lookup::readable(app, &visitor.caller, &id)?)?;
            let came = provenance::of_package(app, &visitor.caller, &id)?.items;
            let description = package.description.as_deref().unwrap_or_default();
            Ok(ConsolePackagePage {
                frame: Frame::new(&visitor, package.name.clone(), done.done.as_deref()),
                summary: description.lines().next().unwrap_or_default().to_owned(),
                places: places(app, &visitor.caller, &package)?,
                is_private: package.filename.starts_with("private/"),
                package,
                came,
                yanked_from: yanked::of_package(app, &visitor.caller, &id)?,
                gated: super::gated(app, &visitor.caller),
            })
        })
        .await?;
    page(&shown)
}

/// Returns what each suite has of a package that somebody may read.
fn places(app: &App, caller: &Caller, package: &PackageView) -> Result<Vec<PlacedInSuite>, Problem> {
    let live = publishing::of_package(app, caller, &package.id)?.items;
    let name = wire::value(&package.name)?;
    let place = |place: &PlaceView| {
        let suite = caller.readable_suite(app.archive.config(), &place.suite)?;
        let found = live.iter().find(|live| live.suite == place.suite);
        Ok(PlacedInSuite {
            suite: place.suite.clone(),
            component: place.component.clone(),
            is_live: found.is_some_and(|live| live.is_published),
            package: wire::package(&lookup::as_said_by(app, caller, &package.id, Some(suite))?)?,
            may_change: caller.uploads(suite, Some(&name)).is_ok(),
        })
    };
    package.suites.iter().map(place).collect()
}

/// Yanks the package from a suite, or from all.
pub(super) async fn yank(State(app): State<Arc<App>>, Path(id): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let body = YankRequest {
        reason: fields.text("reason"),
        suite: fields.filled("suite"),
    };
    app.changing(move |app| yank::yanked(app, &visitor.caller, id, &body))
        .await?;
    Ok(see("/console/packages?done=yanked"))
}

/// Changes section, priority and tags in one suite.
pub(super) async fn change(State(app): State<Arc<App>>, Path(id): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let shown = format!("/console/packages/{id}");
    app.changing(move |app| saved(app, &visitor.caller, &id, &fields))
        .await
        .map_err(super::not_as_shown)?;
    Ok(see(&address(&shown, &[("done", "saved")])))
}

/// Saves what a form changes of what it showed; the rest is left, and other suites are, too.
fn saved(app: &App, caller: &Caller, id: &str, fields: &Fields) -> Result<PackageView, Problem> {
    let suite = caller.readable_suite(app.archive.config(), &fields.text("suite"))?;
    let package = wire::package(&lookup::as_said_by(app, caller, id, Some(suite))?)?;
    let body = ChangePackage {
        section: fields.changed("section", package.section.as_deref().unwrap_or_default()),
        priority: fields.changed("priority", package.priority.as_deref().unwrap_or_default()),
        tags: changed_tags(&fields.text("tags"), &package.tags),
        suites: None,
    };
    let params = PackageParams {
        suite: Some(suite.codename.to_string()),
    };
    edit::changed(app, caller, &fields.as_shown()?, (id, &params), body)
}

/// Returns the tags of a form, one a line, where they are not those that it showed. A tag that stays keeps its color.
fn changed_tags(text: &str, shown: &[TagView]) -> Option<Vec<NewTag>> {
    let names: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let tag = |name: &str| NewTag::Tag {
        name: name.to_owned(),
        color: shown
            .iter()
            .find(|tag| tag.name.trim() == name)
            .map(|tag| tag.color.clone()),
    };
    let is_same = names.iter().copied().eq(shown.iter().map(|tag| tag.name.trim()));
    (!is_same).then(|| names.into_iter().map(tag).collect())
}
