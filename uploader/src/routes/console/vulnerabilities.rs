//! `/console/vulnerabilities`: what scans found, by suite, severity and package.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::address;
use super::answer::{Answered, page};
use super::asked::Asked;
use super::frame::Frame;
use super::visitor::Visitor;
use crate::app::App;
use crate::routes::lookup;
use crate::routes::suites::vulnerabilities::{Vulnerabilities, VulnerabilityParams, of_suite};

/// What a form of filters sends: empty fields too.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct VulnerabilityFilters {
    suite: String,
    severity: String,
    package: String,
    cursor: String,
}

#[derive(Template)]
#[template(path = "console/vulnerabilities.html")]
struct VulnerabilitiesPage {
    frame: Frame,
    filters: VulnerabilityFilters,
    suites: Vec<String>,
    /// `None`: the visitor may read no suite.
    found: Option<Vulnerabilities>,
    next: Option<String>,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(mut filters): Asked<VulnerabilityFilters>,
) -> Answered {
    let frame = Frame::new(&visitor, "Vulnerabilities", None);
    let shown = app
        .blocking(move |app| {
            let suites: Vec<String> = lookup::codenames(app, &visitor.caller)
                .iter()
                .map(ToString::to_string)
                .collect();
            if filters.suite.is_empty() {
                filters.suite = suites.first().cloned().unwrap_or_default();
            }
            let filled = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            let params = VulnerabilityParams {
                severity: filled(&filters.severity),
                package: filled(&filters.package),
                limit: None,
                cursor: filled(&filters.cursor),
            };
            let found = match filled(&filters.suite) {
                Some(suite) => Some(of_suite(app, &visitor.caller, &suite, &params)?),
                None => None,
            };
            let next = found.as_ref().and_then(|found| found.next.as_deref());
            let next = next.map(|cursor| {
                let pairs = [
                    ("suite", filters.suite.as_str()),
                    ("severity", &filters.severity),
                    ("package", &filters.package),
                    ("cursor", cursor),
                ];
                address("/console/vulnerabilities", &pairs)
            });
            Ok(VulnerabilitiesPage {
                frame,
                suites,
                next,
                found,
                filters,
            })
        })
        .await?;
    page(&shown)
}
