//! Facts as sentences for people.

use std::collections::HashSet;

use crate::fact::{Exclusion, Fact, RequiredBy, Requirement};
use crate::request::{Hold, Request};
use crate::universe::{
    Alternative, ArchitectureId, Field, GroupId, MultiArch, PackageId, Qualifier, RelationContext, Universe,
};

/// Returns facts as sentences: from what was asked for along what needs what to what stands against it.
pub(crate) fn sentences(universe: &Universe, request: &Request, facts: &[Fact]) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for fact in in_order(universe, facts) {
        if let Some(sentence) = sentence(universe, request, fact)
            && !sentences.contains(&sentence)
        {
            sentences.push(sentence);
        }
    }
    sentences
}

/// Returns facts as sentences about why a package is removed, of which some packages are what stays and comes: first what it lacks, or
/// what rules it out; that it is installed goes without saying.
pub(crate) fn removal_sentences(
    universe: &Universe,
    request: &Request,
    facts: &[Fact],
    (removed, chosen): (PackageId, &[PackageId]),
) -> Vec<String> {
    let name = universe.package(removed).name;
    let is_own = |fact: &&Fact| match fact {
        Fact::Needs { package, .. } => *package == removed,
        Fact::Conflicts { package, other, .. } => *package == removed || *other == removed,
        Fact::OneVersion(of) => *of == name,
        Fact::Requirement(_) | Fact::Excluded { .. } => false,
    };
    let other = chosen.iter().find(|other| universe.package(**other).name == name);
    let told = |fact: &Fact| match (fact, other) {
        (Fact::OneVersion(of), Some(other)) if *of == name => {
            let text = sentence(universe, request, fact)?;
            Some(format!("{text}, and {} comes", shown(universe, *other)))
        }
        _ => sentence(universe, request, fact),
    };
    let goes_without_saying = |fact: &&Fact| match fact {
        Fact::Requirement(requirement) => requirement.why == RequiredBy::Installed(removed),
        _ => false,
    };
    let mut ordered = in_order(universe, facts);
    ordered.retain(|fact| !goes_without_saying(fact));
    ordered.sort_by_key(|fact| !is_own(fact));
    let mut sentences: Vec<String> = Vec::new();
    for text in ordered.into_iter().filter_map(told) {
        if !sentences.contains(&text) {
            sentences.push(text);
        }
    }
    sentences
}

/// Orders facts along the chains of needs.
fn in_order<'f>(universe: &Universe, facts: &'f [Fact]) -> Vec<&'f Fact> {
    let mut ordered: Vec<&Fact> = Vec::new();
    let mut queue: Vec<PackageId> = Vec::new();
    for fact in facts {
        if let Fact::Requirement(requirement) = fact {
            ordered.push(fact);
            queue.extend(&requirement.one_of);
        }
    }
    let mut met: HashSet<PackageId> = HashSet::new();
    let mut at = 0;
    while let Some(package) = queue.get(at).copied() {
        at += 1;
        if !met.insert(package) {
            continue;
        }
        for fact in facts {
            match fact {
                Fact::Needs {
                    package: from, group, ..
                } if *from == package => {
                    ordered.push(fact);
                    let context = RelationContext::Need(universe.package(package).architecture);
                    queue.extend(universe.candidates(*group, context));
                }
                _ => {}
            }
        }
    }
    let last = facts
        .iter()
        .filter(|fact| !matches!(fact, Fact::Requirement(_) | Fact::Needs { .. }));
    ordered.extend(last);
    ordered
}

fn sentence(universe: &Universe, request: &Request, fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Needs {
            package,
            group,
            field,
        } => need(universe, *package, *group, *field),
        Fact::Conflicts {
            package,
            group,
            field,
            other,
        } => {
            let verb = if *field == Field::Breaks {
                "breaks"
            } else {
                "conflicts with"
            };
            let relation = group_written(universe, *group);
            format!(
                "{} {verb} {relation}{}",
                shown(universe, *package),
                as_what(universe, *group, *other)
            )
        }
        Fact::OneVersion(name) => format!(
            "only one version of `{}` can be installed",
            universe.name_text(*name)
        ),
        Fact::Requirement(requirement) => return requirement_text(universe, request, requirement),
        Fact::Excluded { package, why } => match why {
            // In every version: there may be others than the installed one.
            Exclusion::Removed => format!("`{}` is to be removed", universe.name(*package)),
            Exclusion::Held(installed) if is_fixed(request, *installed) => {
                format!(
                    "{} is part of the host, and cannot be changed",
                    shown(universe, *installed)
                )
            }
            Exclusion::Held(installed) => format!("{} is held", shown(universe, *installed)),
            Exclusion::NoOrder => no_order(universe, *package),
            Exclusion::Downgrade(installed) => format!(
                "{} is installed, and a downgrade to {} happens only on request",
                shown(universe, *installed),
                universe.version(*package)
            ),
        },
    })
}

fn is_fixed(request: &Request, package: PackageId) -> bool {
    let mut installed = request.installed.iter();
    installed.any(|installed| installed.package == package && installed.hold == Hold::Fixed)
}

/// Returns a dependency of a package and, when nothing satisfies it, what was found instead.
pub(crate) fn need(universe: &Universe, package: PackageId, group: GroupId, field: Field) -> String {
    let verb = if field == Field::PreDepends {
        "pre-depends on"
    } else {
        "needs"
    };
    let text = format!(
        "{} {verb} {}",
        shown(universe, package),
        group_written(universe, group)
    );
    let context = RelationContext::Need(universe.package(package).architecture);
    if !universe.candidates(group, context).is_empty() {
        return text;
    }
    match ruled_out(universe, group, context) {
        Some(fitting) => format!("{text}, but {} has a negative priority", shown(universe, fitting)),
        None => format!("{text}, {}", found_instead(universe, group)),
    }
}

/// Returns a package that would satisfy a dependency, were it not for its priority.
pub(crate) fn ruled_out(universe: &Universe, group: GroupId, context: RelationContext) -> Option<PackageId> {
    let alternatives = universe.group(group).iter();
    let mut matching = alternatives.flat_map(|alternative| universe.matching(alternative, context));
    matching.find(|package| universe.priority(*package) < 0)
}

/// Returns what was found for a dependency that nothing satisfies.
fn found_instead(universe: &Universe, group: GroupId) -> String {
    let alternatives = universe.group(group);
    let found: Vec<String> = alternatives
        .iter()
        .filter_map(|alternative| nearest(universe, alternative))
        .collect();
    if found.is_empty() {
        return match alternatives {
            [_] => "which no source has".to_owned(),
            _ => "and no source has any of them".to_owned(),
        };
    }
    found.join(", ")
}

/// Returns the nearest package for a name, when none of that name satisfies the alternative.
fn nearest(universe: &Universe, alternative: &Alternative) -> Option<String> {
    let name = universe.name_text(alternative.name);
    let versions = universe.named(alternative.name);
    let rank = |id: &&PackageId| universe.rank(universe.package(**id).version);
    let is_allowed = |id: &PackageId| universe.multi_arch(*id) == MultiArch::Allowed;
    if let Some(newest) = versions.iter().max_by_key(rank) {
        let fitting = versions
            .iter()
            .filter(|id| universe.fits_version(**id, alternative));
        return Some(
            if alternative.qualifier == Qualifier::Any && !versions.iter().any(is_allowed) {
                format!("but `{name}` is not `Multi-Arch: allowed`, as `:any` requires")
            } else if let Some(fitting) = fitting.max_by_key(rank) {
                format!(
                    "but `{name}` {} is only available for {}",
                    universe.version(*fitting),
                    architecture_shown(universe, *fitting)
                )
            } else {
                format!("newest available is {}", universe.version(*newest))
            },
        );
    }
    let mut providers = universe.providers(alternative.name).iter();
    let first = providers.clone().next()?;
    let fitting = providers.find(|provider| universe.fits_provided(provider, alternative));
    let provider = fitting.unwrap_or(first);
    let provider_text = shown(universe, provider.package);
    if fitting.is_some() {
        return Some(match (alternative.qualifier, provider.qualifier) {
            (Qualifier::Any, Qualifier::None) => format!(
                "but {provider_text}, which provides it, is not `Multi-Arch: allowed`, as `:any` requires"
            ),
            (_, Qualifier::None) => format!(
                "but {provider_text}, which provides it, is only available for {}",
                architecture_shown(universe, provider.package)
            ),
            (_, Qualifier::Any) => format!("but {provider_text} provides only `{name}:any`"),
            (_, Qualifier::Architecture(architecture)) => format!(
                "but {provider_text} provides only `{name}:{}`",
                universe.architecture_text(architecture)
            ),
        });
    }
    Some(match provider.version {
        Some(version) => format!(
            "{provider_text} provides it as {}",
            universe.version_text(version)
        ),
        None => format!("{provider_text} provides it without a version"),
    })
}

/// Says why a relation matches a package, when it is not by its name alone.
fn as_what(universe: &Universe, group: GroupId, other: PackageId) -> String {
    let is_named = universe
        .group(group)
        .iter()
        .any(|alternative| alternative.name == universe.package(other).name);
    if is_named {
        let is_versioned = universe
            .group(group)
            .iter()
            .any(|alternative| alternative.constraint.is_some());
        if is_versioned {
            format!(", which {} is", shown(universe, other))
        } else {
            String::new()
        }
    } else {
        format!(", which {} provides", shown(universe, other))
    }
}

fn requirement_text(universe: &Universe, request: &Request, requirement: &Requirement) -> Option<String> {
    match requirement.why {
        RequiredBy::Target(place) => {
            let target = request.install.get(place)?;
            (request.install.len() > 1).then(|| format!("{} is requested", target.label()))
        }
        RequiredBy::Essential => {
            let first = requirement.one_of.first()?;
            Some(format!("`{}` is essential", universe.name(*first)))
        }
        RequiredBy::Installed(package) if is_fixed(request, package) => Some(format!(
            "{} is part of the host, and cannot be changed",
            shown(universe, package)
        )),
        RequiredBy::Installed(package) if universe.is_protected(package) => Some(format!(
            "{} is essential and must stay installed",
            shown(universe, package)
        )),
        RequiredBy::Installed(package) => Some(format!("{} is installed", shown(universe, package))),
        RequiredBy::Upgrade(package) => {
            let newest = requirement.one_of.first()?;
            let name = universe.name(package);
            Some(format!("`{name}` is upgraded to {}", universe.version(*newest)))
        }
        RequiredBy::Itself => None,
    }
}

/// Returns a group as fields have it.
pub(crate) fn group_written(universe: &Universe, group: GroupId) -> String {
    let alternatives: Vec<String> = universe
        .group(group)
        .iter()
        .map(|alternative| universe.written(alternative).to_string())
        .collect();
    alternatives.join(" or ")
}

/// Returns a package as messages have it: with its architecture where that is a foreign one.
pub(crate) fn shown(universe: &Universe, package: PackageId) -> String {
    let (name, version) = (universe.name(package), universe.version(package));
    match universe.package(package).architecture {
        ArchitectureId::ALL | ArchitectureId::NATIVE => format!("`{name}` {version}"),
        foreign => format!("`{name}:{}` {version}", universe.architecture_text(foreign)),
    }
}

/// Returns the architecture of a package as messages about other ones have it.
pub(crate) fn architecture_shown(universe: &Universe, package: PackageId) -> String {
    match universe.package(package).architecture {
        ArchitectureId::ALL => format!(
            "`all`, which counts as {}",
            universe.architecture_text(ArchitectureId::NATIVE)
        ),
        architecture => universe.architecture_text(architecture).to_owned(),
    }
}

/// Says that dpkg has no order for a package.
pub(crate) fn no_order(universe: &Universe, package: PackageId) -> String {
    format!(
        "dpkg has no order in which {} can be installed",
        shown(universe, package)
    )
}

#[cfg(test)]
mod tests {
    use debian_control::stanza::StanzaReader;

    use super::*;
    use crate::request::{Installed, Mark, Target};
    use crate::solve::solve;
    use crate::universe::{Source, UniverseBuilder};

    #[test]
    fn a_removal_for_another_architecture_says_first_what_is_in_its_place() {
        let text = "Package: lib\nVersion: 2\nArchitecture: amd64\nMulti-Arch: same\n\n\
            Package: lib\nVersion: 1\nArchitecture: i386\nMulti-Arch: same\n\n\
            Package: mid\nVersion: 1\nArchitecture: i386\nDepends: lib\n\n\
            Package: app\nVersion: 1\nArchitecture: i386\nDepends: mid\n";
        let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &["i386".parse().unwrap()]);
        for stanza in StanzaReader::new(text) {
            builder.add(&stanza.unwrap(), Source::default()).unwrap();
        }
        let universe = builder.finish();
        let libs = universe.versions_of("lib").iter().copied();
        let mut native = libs.filter(|lib| universe.architecture(*lib) == "amd64");
        let request = Request {
            install: vec![Target::named("app")],
            installed: vec![Installed {
                package: native.next().unwrap(),
                mark: Mark::Manual,
                hold: Hold::Free,
            }],
            ..Request::default()
        };
        let plan = solve(&universe, &request).unwrap();
        assert_eq!(
            plan.remove[0].reasons,
            [
                "only one version of `lib` can be installed, and `lib:i386` 1 comes",
                "`app:i386` 1 needs `mid`",
                "`mid:i386` 1 needs `lib`",
            ]
        );
    }
}
