//! Packages of the system whose unpacking was cut off: what has them unpacked again.

use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Named;
use cpkgs::system::Unfinished;
use resolver::refusal::Refusal;
use resolver::request::{Request, Target};
use resolver::universe::PackageId;

/// Returns what to ask for so that damaged packages are unpacked again, without those that no source has.
pub(super) fn targets<'a>(
    unfinished: impl Iterator<Item = &'a Unfinished>,
    input: &ResolverInput<'_>,
) -> Vec<Target> {
    let universe = &input.universe;
    let damaged = unfinished.filter(|one| one.is_damaged());
    let target = |one: &Unfinished| {
        let named = named(one);
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

/// The same for what is asked for something else: nothing is downgraded by the way, and what is held stays as it is.
pub(super) fn targets_by_the_way<'a>(
    unfinished: impl Iterator<Item = &'a Unfinished>,
    input: &ResolverInput<'_>,
) -> Vec<Target> {
    let universe = &input.universe;
    let mut targets = Vec::new();
    for one in unfinished.filter(|one| one.is_damaged()) {
        let named = named(one);
        let present = input.installed_of(&named).next();
        if present.is_some_and(|present| present.hold.stays()) {
            continue;
        }
        let is_earlier = |package: PackageId| {
            present.is_some_and(|present| universe.compare_versions(package, present.package).is_lt())
        };
        for mut target in self::targets(std::iter::once(one), input) {
            if let Target::OneOf { packages, .. } = &mut target {
                packages.retain(|package| !is_earlier(*package));
                if packages.is_empty() {
                    continue;
                }
            }
            targets.push(target);
        }
    }
    targets
}

/// Has a request met together with what has damaged packages unpacked again, or by itself where that cannot be. Returns what was met.
pub(super) fn solved<T>(
    request: Request,
    damaged: Vec<Target>,
    solve: impl Fn(&Request) -> Result<T, Refusal>,
) -> Result<(T, Request), Refusal> {
    if !damaged.is_empty() {
        let mut with = request.clone();
        with.install.extend(damaged);
        if let Ok(found) = solve(&with) {
            return Ok((found, with));
        }
    }
    Ok((solve(&request)?, request))
}

fn named(one: &Unfinished) -> Named {
    Named {
        name: one.key.name.clone(),
        architecture: Some(one.key.architecture.clone()),
        ..Named::default()
    }
}
