//! Facts in words that a person acts on.

use std::collections::HashSet;

use crate::fact::{Bar, Fact, Want, Wanted};
use crate::request::Request;
use crate::universe::{Alternative, Field, GroupId, MultiArch, PackageId, Qualifier, Seeker, Universe};

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

/// Orders facts along the chains of needs.
fn in_order<'f>(universe: &Universe, facts: &'f [Fact]) -> Vec<&'f Fact> {
    let mut ordered: Vec<&Fact> = Vec::new();
    let mut queue: Vec<PackageId> = Vec::new();
    for fact in facts {
        if let Fact::Wanted(wanted) = fact {
            ordered.push(fact);
            queue.extend(&wanted.one_of);
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
                    let seeker = Seeker::Need(universe.package(package).architecture);
                    queue.extend(universe.candidates(*group, seeker));
                }
                _ => {}
            }
        }
    }
    let last = facts
        .iter()
        .filter(|fact| !matches!(fact, Fact::Wanted(_) | Fact::Needs { .. }));
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
            let meant = group_written(universe, *group);
            format!(
                "{} {verb} {meant}{}",
                shown(universe, *package),
                as_what(universe, *group, *other)
            )
        }
        Fact::OneVersion(name) => format!(
            "only one version of `{}` can be installed",
            universe.name_text(*name)
        ),
        Fact::Wanted(wanted) => return want(universe, request, wanted),
        Fact::Barred { package, why } => match why {
            Bar::Removed => format!("{} is to be removed", shown(universe, *package)),
            Bar::Held(installed) => format!("{} is held", shown(universe, *installed)),
            Bar::Downgrade(installed) => format!(
                "{} is installed, and only a request for {} itself goes back to it",
                shown(universe, *installed),
                universe.version(*package)
            ),
        },
    })
}

/// Returns what a package needs, and where nothing meets that what was found instead.
pub(crate) fn need(universe: &Universe, package: PackageId, group: GroupId, field: Field) -> String {
    let verb = if field == Field::PreDepends {
        "needs beforehand"
    } else {
        "needs"
    };
    let text = format!(
        "{} {verb} {}",
        shown(universe, package),
        group_written(universe, group)
    );
    let seeker = Seeker::Need(universe.package(package).architecture);
    if universe.candidates(group, seeker).is_empty() {
        format!("{text}, {}", found_instead(universe, group))
    } else {
        text
    }
}

/// Returns what there is in place of a need that nothing meets.
fn found_instead(universe: &Universe, group: GroupId) -> String {
    let alternatives = universe.group(group);
    let found: Vec<String> = alternatives
        .iter()
        .filter_map(|alternative| nearest(universe, alternative))
        .collect();
    if found.is_empty() {
        return match alternatives {
            [_] => "which no source has".to_owned(),
            _ => "none of which any source has".to_owned(),
        };
    }
    found.join(", ")
}

/// Returns what there is of a name, none of it as wanted.
fn nearest(universe: &Universe, alternative: &Alternative) -> Option<String> {
    let name = universe.name_text(alternative.name);
    let versions = universe.named(alternative.name);
    let newest = versions
        .iter()
        .max_by_key(|id| universe.rank(universe.package(**id).version));
    let is_allowed = |id: &PackageId| universe.multi_arch(*id) == MultiArch::Allowed;
    if let Some(newest) = newest {
        let version = universe.version(*newest);
        return Some(if universe.priority(*newest) < 0 {
            format!("but `{name}` {version} is of a source that is never taken")
        } else if alternative.qualifier == Qualifier::Any && !versions.iter().any(is_allowed) {
            format!("but `{name}` is not `Multi-Arch: allowed`, which `:any` asks for")
        } else if alternative.constraint.is_some() {
            format!("newest available is {version}")
        } else {
            format!(
                "but `{name}` is only there for {}",
                universe.architecture(*newest)
            )
        });
    }
    let provider = universe.providers(alternative.name).first()?;
    let provider_text = shown(universe, provider.package);
    Some(match provider.version {
        Some(version) => format!(
            "{provider_text} provides it as {}",
            universe.version_text(version)
        ),
        None => format!("{provider_text} provides it without a version"),
    })
}

/// Says by what a package is meant, where that is not its name alone.
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

fn want(universe: &Universe, request: &Request, wanted: &Wanted) -> Option<String> {
    match wanted.why {
        Want::Target(place) => {
            let target = request.install.get(place)?;
            (request.install.len() > 1).then(|| format!("{} is asked for", target.label()))
        }
        Want::Essential => {
            let first = wanted.one_of.first()?;
            Some(format!("`{}` is essential", universe.name(*first)))
        }
        Want::Installed(package) if universe.is_protected(package) => Some(format!(
            "{} is essential to this system and stays installed",
            shown(universe, package)
        )),
        Want::Installed(package) => Some(format!("{} is installed", shown(universe, package))),
        Want::Itself => None,
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

/// Returns a package as messages have it.
pub(crate) fn shown(universe: &Universe, package: PackageId) -> String {
    format!("`{}` {}", universe.name(package), universe.version(package))
}
