//! `/console/packages/{id}`: one package, and its metadata.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use debian_archive::package_view::{PackageView, PlaceView};

use super::answer::{Answered, page, see};
use super::asked::{Asked, Path};
use super::frame::Frame;
use super::visitor::{Posted, Visitor};
use super::{Done, address};
use crate::app::App;
use crate::routes::packages::edit;
use crate::routes::packages::metadata::{ChangePackage, NewTag};
use crate::routes::packages::provenance::{self, ProvenanceView};
use crate::routes::packages::publishing;
use crate::routes::packages::yank::{self, YankRequest};
use crate::routes::suites::yanked::{self, YankedView};
use crate::routes::{lookup, wire};

#[derive(Template)]
#[template(path = "console/package.html")]
struct ConsolePackagePage {
    frame: Frame,
    summary: String,
    /// Where it is, and whether it is live there.
    places: Vec<(PlaceView, bool)>,
    tags: String,
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
            let live = publishing::of_package(app, &visitor.caller, &id)?.items;
            let came = provenance::of_package(app, &visitor.caller, &id)?.items;
            let is_live = |place: &PlaceView| {
                let found = live.iter().find(|live| live.suite == place.suite);
                found.is_some_and(|live| live.is_published)
            };
            let tags: Vec<&str> = package.tags.iter().map(|tag| tag.name.as_str()).collect();
            let description = package.description.as_deref().unwrap_or_default();
            Ok(ConsolePackagePage {
                frame: Frame::new(&visitor, package.name.clone(), done.done.as_deref()),
                summary: description.lines().next().unwrap_or_default().to_owned(),
                places: package
                    .suites
                    .iter()
                    .map(|place| (place.clone(), is_live(place)))
                    .collect(),
                tags: tags.join(", "),
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

/// Changes section, priority and tags.
pub(super) async fn change(State(app): State<Arc<App>>, Path(id): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let tags = fields.text("tags");
    let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    let body = ChangePackage {
        section: fields.filled("section"),
        priority: fields.filled("priority"),
        tags: Some(tags.map(|tag| NewTag::Name(tag.to_owned())).collect()),
        suites: None,
    };
    let shown = format!("/console/packages/{id}");
    app.changing(move |app| edit::changed(app, &visitor.caller, &HeaderMap::new(), &id, body))
        .await?;
    Ok(see(&address(&shown, &[("done", "saved")])))
}
