//! Packages that a publish would stop serving although nobody removed them: the settings no longer list their component or
//! architecture.

use std::collections::BTreeMap;

use archive_catalog::{CatalogError, Publication, SnapshotPackage};
use debian_control::counted::counted;

use crate::config::Suite;

/// Returns which of the packages of a suite stand where it was published and the present settings list nothing, as text for an error.
///
/// `None` when the components and architectures that are gone are empty: no client can miss them.
pub(super) fn find(
    suite: &Suite,
    publication: Option<&Publication>,
    packages: impl FnOnce() -> Result<Vec<SnapshotPackage>, CatalogError>,
) -> Result<Option<String>, CatalogError> {
    let Some(publication) = publication else {
        return Ok(None);
    };
    let places = publication.places();
    let has_component = |name: &str| suite.components.iter().any(|found| found.as_str() == name);
    let has_architecture = |name: &str| suite.architectures.iter().any(|found| found.as_str() == name);
    let is_gone = |(component, architecture): &(&str, &str)| {
        !has_component(component) || !has_architecture(architecture)
    };
    if !places.iter().any(is_gone) {
        return Ok(None);
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for package in packages()? {
        let component = package.component.as_str();
        let architecture = package.architecture.as_str();
        let mut shown = places.iter().filter(|place| place.0 == component);
        if !has_component(component) {
            if shown.next().is_some() {
                *counts.entry(format!("component `{component}`")).or_default() += 1;
            }
            continue;
        }
        // A package for all architectures stands in the index of each.
        let is_of = |name: &str| architecture == "all" || architecture == name;
        for (_, name) in shown.filter(|place| is_of(place.1) && !has_architecture(place.1)) {
            *counts.entry(format!("architecture `{name}`")).or_default() += 1;
        }
    }
    let told: Vec<String> = counts
        .iter()
        .map(|(place, count)| format!("{} of {place}", counted(*count, "package")))
        .collect();
    Ok((!told.is_empty()).then(|| told.join(", ")))
}
