//! What is printed when no source has a package of a name.

use apt_client::package_cache::PackageCache;

use super::failure::{Failure, REFUSED};

/// How many providers of a virtual name are listed.
const MOST_PROVIDERS: usize = 20;

/// Says that no source has a package, and which packages provide the name or have a similar one.
pub(super) fn unknown_package(name: &str, library: &PackageCache) -> Failure {
    let providers = library
        .universe()
        .map(|universe| {
            let packages = universe.providers_of(name);
            let mut names: Vec<String> = packages
                .map(|package| universe.name(package).to_owned())
                .collect();
            names.sort_unstable();
            names.dedup();
            names
        })
        .unwrap_or_default();
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
        .context(format_args!("`{name}` is a virtual package"));
    }
    let failure = Failure::saying(REFUSED, format_args!("there is no package `{name}`"));
    match library.summaries().similar(name, 3).as_slice() {
        [] => failure.hint("`cpkgs search WORD` searches names and descriptions"),
        near => failure.hint(format_args!("did you mean {}?", near.join(", "))),
    }
}
