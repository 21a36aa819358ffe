//! Packages of the sources that are named to be shown, and what is printed when no source has one.

use std::collections::BTreeSet;

use apt_client::package_cache::{PackageCache, PackageSummary};
use cpkgs::spec::Named;

use super::failure::{Failure, REFUSED};

/// How many providers of a virtual name are listed.
const MOST_PROVIDERS: usize = 20;

/// Returns the packages that a person means; the one first that a request for it brings.
pub(super) fn matching<'l>(
    named: &Named,
    library: &'l PackageCache,
) -> Result<Vec<PackageSummary<'l>>, Failure> {
    let is_meant = |summary: &PackageSummary<'_>| {
        let is_one =
            |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|wanted| wanted == own);
        is_one(&named.version, summary.version)
            && (summary.architecture == "all" || is_one(&named.architecture, summary.architecture))
            && named.suite.as_ref().is_none_or(|suite| {
                let mut indexes = library.indexes_of(summary);
                indexes.any(|index| index.is_suite(suite))
            })
    };
    let mut found = library.preferred(&named.name);
    found.retain(is_meant);
    if found.is_empty() {
        return Err(unknown_package(named, library));
    }
    Ok(found)
}

/// Says that no source has a package, and which versions there are, which packages provide the name or have a similar one.
pub(super) fn unknown_package(named: &Named, library: &PackageCache) -> Failure {
    let said = format!("there is no package `{named}`");
    let known = library.preferred(&named.name);
    if !known.is_empty() {
        let is_chosen = named.version.is_some() || named.suite.is_some();
        let failure = match is_chosen {
            true => Failure::saying(REFUSED, available_of(&known, library)).context(said),
            false => Failure::saying(REFUSED, said),
        };
        let architecture = named.architecture.as_deref();
        return match architecture.and_then(|architecture| unread_architecture(architecture, library)) {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
    }
    let providers = providers(&named.name, library);
    if !providers.is_empty() {
        let listed: Vec<&str> = providers
            .iter()
            .map(String::as_str)
            .take(MOST_PROVIDERS)
            .collect();
        let further = match providers.len().saturating_sub(MOST_PROVIDERS) {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        return Failure::saying(
            REFUSED,
            format_args!("provided by {}{further}", listed.join(", ")),
        )
        .context(format_args!("`{}` is a virtual package", named.name));
    }
    let failure = Failure::saying(REFUSED, said);
    match library.summaries().similar(&named.name, 3).as_slice() {
        [] => failure.hint("`cpkgs search WORD` searches names and descriptions"),
        near => failure.hint(format_args!("did you mean {}?", near.join(", "))),
    }
}

/// Returns the names of the packages that provide a name.
fn providers(name: &str, library: &PackageCache) -> Vec<String> {
    let Ok(universe) = library.universe() else {
        return Vec::new();
    };
    let packages = universe.providers_of(name);
    let mut names: Vec<String> = packages
        .map(|package| universe.name(package).to_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn available_of(known: &[PackageSummary<'_>], library: &PackageCache) -> String {
    available(known.iter().map(|summary| {
        let suites = library.indexes_of(summary);
        (
            summary.version,
            suites.map(|index| index.codename.as_str()).collect(),
        )
    }))
}

/// Says which versions there are of a package, each with the suites that have it.
pub(super) fn available<'v>(each: impl Iterator<Item = (&'v str, BTreeSet<&'v str>)>) -> String {
    let mut versions: Vec<String> = Vec::new();
    for (version, suites) in each {
        let suites: Vec<&str> = suites.into_iter().collect();
        let text = match suites.as_slice() {
            [] => version.to_owned(),
            suites => format!("{version} ({})", suites.join(", ")),
        };
        if !versions.contains(&text) {
            versions.push(text);
        }
    }
    format!("available: {}", versions.join(", "))
}

/// Says what helps where packages of an architecture do not count.
pub(super) fn unread_architecture(architecture: &str, library: &PackageCache) -> Option<String> {
    let is_read = library.machine().has(architecture);
    (!is_read && debian_control::name::is_known_to_dpkg(architecture)).then(|| {
        format!(
            "packages of {architecture} do not count here: after `dpkg --add-architecture {architecture}`, `cpkgs update` fetches them for `--system`; \
             without root, `--architecture {architecture}` of `cpkgs source add` does"
        )
    })
}
