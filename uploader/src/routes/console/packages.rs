//! `/console/packages`: finding packages.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use debian_archive::package_view::PackageView;
use serde::Deserialize;

use super::address;
use super::answer::{Answered, page};
use super::asked::Asked;
use super::frame::Frame;
use super::visitor::Visitor;
use crate::app::App;
use crate::routes::lookup;
use crate::routes::packages::filters::Filters;
use crate::routes::packages::{list, search};

/// What a form of filters sends: empty fields too.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct PackageFilters {
    q: String,
    suite: String,
    section: String,
    tag: String,
    architecture: String,
    cursor: String,
    done: String,
}

#[derive(Template)]
#[template(path = "console/packages.html")]
struct PackagesPage {
    frame: Frame,
    filters: PackageFilters,
    suites: Vec<String>,
    items: Vec<PackageView>,
    next: Option<String>,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(filters): Asked<PackageFilters>,
) -> Answered {
    let frame = Frame::new(&visitor, "Packages", Some(&filters.done));
    let caller = visitor.caller;
    let found = app
        .blocking(move |app| {
            let query = Filters::of_form([
                &filters.suite,
                &filters.section,
                &filters.tag,
                &filters.architecture,
                &filters.cursor,
            ]);
            let found = match filters.q.trim() {
                "" => list::listed(app, &caller, &query)?,
                text => search::found(app, &caller, text, &query)?,
            };
            let suites = lookup::codenames(app, &caller);
            Ok(PackagesPage {
                next: found.next.as_deref().map(|cursor| {
                    address(
                        "/console/packages",
                        &[
                            ("q", &filters.q),
                            ("suite", &filters.suite),
                            ("section", &filters.section),
                            ("tag", &filters.tag),
                            ("architecture", &filters.architecture),
                            ("cursor", cursor),
                        ],
                    )
                }),
                suites: suites.iter().map(ToString::to_string).collect(),
                items: found.items,
                filters,
                frame,
            })
        })
        .await?;
    page(&found)
}
