//! Packages of the system whose unpacking was cut off: what has them unpacked again.

use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Named;
use cpkgs::system::Unfinished;
use resolver::request::Target;

/// Returns what to ask for so that damaged packages are unpacked again, without those that no source has.
pub(super) fn targets<'a>(
    unfinished: impl Iterator<Item = &'a Unfinished>,
    input: &ResolverInput<'_>,
) -> Vec<Target> {
    let universe = &input.universe;
    let damaged = unfinished.filter(|one| one.is_damaged());
    let target = |one: &Unfinished| {
        let named = Named {
            name: one.key.name.clone(),
            architecture: Some(one.key.architecture.clone()),
            ..Named::default()
        };
        let mut packages = input.matching(&named);
        packages.retain(|package| input.installed_as(*package).is_none());
        // The one that was being installed is the nearest to what was wanted.
        packages.sort_by_key(|package| universe.version(*package) != one.version);
        (!packages.is_empty()).then(|| Target::OneOf {
            label: named.to_string(),
            packages,
        })
    };
    damaged.filter_map(target).collect()
}
