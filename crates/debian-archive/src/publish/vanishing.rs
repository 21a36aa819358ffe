//! Packages that a publish would stop serving although nobody removed them: the settings no longer list their component or
//! architecture.

use std::collections::BTreeMap;

use super::error::PublishError;
use crate::config::Suite;
use archive_catalog::Snapshot;

/// Returns the published packages that the suite still holds and the present settings do not list, as text for an error.
///
/// `None` when the components and architectures that are gone are empty: no client can miss them.
pub(super) fn find(suite: &Suite, snapshot: &dyn Snapshot) -> Result<Option<String>, PublishError> {
    let Some(publication) = &snapshot.state().publication else {
        return Ok(None);
    };
    let places: Vec<(&str, &str)> = publication
        .files
        .iter()
        .filter_map(|file| place(&file.path))
        .collect();
    let has_component = |name: &str| suite.components.iter().any(|found| found.as_str() == name);
    let has_architecture = |name: &str| suite.architectures.iter().any(|found| found.as_str() == name);
    let is_gone = |(component, architecture): &(&str, &str)| {
        !has_component(component) || !has_architecture(architecture)
    };
    if !places.iter().any(is_gone) {
        return Ok(None);
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for package in snapshot.packages()? {
        let component = package.component.as_str();
        let architecture = package.architecture.as_str();
        let gone = if !has_component(component) && places.iter().any(|place| place.0 == component) {
            format!("component `{component}`")
        } else if architecture != "all"
            && !has_architecture(architecture)
            && places.iter().any(|place| place.1 == architecture)
        {
            format!("architecture `{architecture}`")
        } else {
            continue;
        };
        *counts.entry(gone).or_default() += 1;
    }
    let told: Vec<String> = counts
        .iter()
        .map(|(place, count)| {
            let packages = if *count == 1 { "package" } else { "packages" };
            format!("{count} {packages} of {place}")
        })
        .collect();
    Ok((!told.is_empty()).then(|| told.join(", ")))
}

/// Returns the component and the architecture of a Packages index.
fn place(path: &str) -> Option<(&str, &str)> {
    let (folder, file) = path.rsplit_once('/')?;
    let (component, architecture) = folder.rsplit_once("/binary-")?;
    file.starts_with("Packages").then_some((component, architecture))
}
