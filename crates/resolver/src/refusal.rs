//! Why a request cannot be satisfied, as a user reads it.

use std::collections::BTreeSet;
use std::fmt;

use crate::fact::{Exclusion, Fact, RequiredBy};
use crate::message;
use crate::request::{Hold, Request, Target};
use crate::select::select;
use crate::universe::{PackageId, RelationContext, Universe};

/// What a refusal knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// What was asked for is nowhere.
    Unknown,
    /// What was asked for is a name that several packages provide.
    Virtual,
    /// There is no way.
    Impossible,
    /// The search was given up: there may be a way.
    GivenUp,
}

/// How many providers of a virtual name are listed.
const MOST_PROVIDERS: usize = 20;

/// How many changes to a request are tried for hints, and how many contradictions each of these may meet.
const MOST_TRIED: usize = 8;
const MOST_CONTRADICTIONS_TRIED: u64 = 500;

/// Why a request cannot be satisfied, and what would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is known.
    pub kind: RefusalKind,
    /// What cannot be done, in one sentence.
    pub summary: String,
    /// Why: the shortest chain of who needs what, each link a sentence.
    pub reasons: Vec<String>,
    /// What would help. Changes to the request were tried, and work.
    pub hints: Vec<String>,
}

impl Refusal {
    /// Explains facts that contradict each other.
    pub(crate) fn new(universe: &Universe, request: &Request, facts: Vec<Fact>) -> Self {
        Self {
            kind: RefusalKind::Impossible,
            summary: summary(universe, request, &facts),
            reasons: message::sentences(universe, request, &facts),
            hints: hints(universe, request, &facts),
        }
    }

    /// Says that the search was given up after so many contradictions.
    pub(crate) fn given_up(request: &Request, contradictions: u64) -> Self {
        let labels: Vec<String> = request.install.iter().map(Target::label).collect();
        let what = match labels.as_slice() {
            [] => "the request".to_owned(),
            labels => labels.join(", "),
        };
        Self {
            kind: RefusalKind::GivenUp,
            summary: format!("no solution was found for {what} within the search limit"),
            reasons: vec![format!(
                "the search stopped after {contradictions} conflicts between packages"
            )],
            hints: vec!["request fewer packages at a time, or name exact versions".to_owned()],
        }
    }

    /// Lists the packages that provide a name which no package has.
    pub(crate) fn virtual_name(universe: &Universe, request: &Request, index: usize) -> Self {
        let target = request.install.get(index);
        let label = target.map(Target::label).unwrap_or_default();
        let packages = target.map(|target| target.packages(universe)).unwrap_or_default();
        let mut names: Vec<&str> = packages.iter().map(|package| universe.name(*package)).collect();
        names.sort_unstable();
        names.dedup();
        let further = match names.len().saturating_sub(MOST_PROVIDERS) {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        names.truncate(MOST_PROVIDERS);
        Self {
            kind: RefusalKind::Virtual,
            summary: format!("{label} is a virtual package"),
            reasons: vec![format!("provided by {}{further}", names.join(", "))],
            hints: vec!["name one of the packages that provide it".to_owned()],
        }
    }

    /// Says that an installed version cannot go for a moment so that what is in conflict with it can be unpacked.
    pub(crate) fn given_way(universe: &Universe, new: PackageId, old: PackageId) -> Self {
        let name = universe.name(old);
        let [new, shown] = [new, old].map(|package| message::shown(universe, package));
        let kind = protection(universe, old);
        Self {
            kind: RefusalKind::Impossible,
            summary: format!("`{name}` would have to be removed until its new version is unpacked"),
            reasons: vec![
                format!(
                    "{new} is in conflict with {shown}, and has to be unpacked before the new version of `{name}`"
                ),
                format!("{shown} is {kind} and must stay installed"),
            ],
            hints: Vec::new(),
        }
    }

    /// Says that an installed version cannot be deconfigured so that what breaks it can be unpacked.
    pub(crate) fn breaks_protected(universe: &Universe, new: PackageId, old: PackageId) -> Self {
        let old_shown = message::shown(universe, old);
        Self {
            kind: RefusalKind::Impossible,
            summary: message::no_order(universe, new),
            reasons: vec![format!(
                "it breaks {old_shown}, which is {} and must stay configured until its new version is unpacked",
                protection(universe, old)
            )],
            hints: Vec::new(),
        }
    }

    /// Says that a package breaks several at once by one relation, of which dpkg deconfigures a single one.
    pub(crate) fn breaks_several(universe: &Universe, new: PackageId, broken: &[PackageId]) -> Self {
        let shown = |package: PackageId| {
            format!(
                "`{}:{}` {}",
                universe.name(package),
                universe.architecture(package),
                universe.version(package)
            )
        };
        let broken: Vec<String> = broken.iter().map(|package| shown(*package)).collect();
        Self {
            kind: RefusalKind::Impossible,
            summary: message::no_order(universe, new),
            reasons: vec![format!(
                "it breaks {} at once, and has to be unpacked before their new versions",
                broken.join(" and ")
            )],
            hints: Vec::new(),
        }
    }

    /// Says that what is unpacked breaks a package when that has to be configured.
    pub(crate) fn broken_by(universe: &Universe, package: PackageId, breaker: PackageId) -> Self {
        let breaker = message::shown(universe, breaker);
        Self {
            kind: RefusalKind::Impossible,
            summary: message::no_order(universe, package),
            reasons: vec![format!(
                "{breaker} breaks it, and is still there when it has to be configured"
            )],
            hints: Vec::new(),
        }
    }

    /// Says that another version of the other half of a package is there when that has to be configured.
    pub(crate) fn beside_half(universe: &Universe, package: PackageId, half: PackageId) -> Self {
        let named = format!("`{}:{}`", universe.name(half), universe.architecture(half));
        Self {
            kind: RefusalKind::Impossible,
            summary: message::no_order(universe, package),
            reasons: vec![format!(
                "{named} {} is still there when it has to be configured",
                universe.version(half)
            )],
            hints: Vec::new(),
        }
    }

    /// Says that dpkg needs something of a package before that can be there; `candidates` would meet the need.
    pub(crate) fn not_there_before(
        universe: &Universe,
        package: PackageId,
        candidates: &[PackageId],
    ) -> Self {
        let names: BTreeSet<&str> = candidates.iter().map(|package| universe.name(*package)).collect();
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        Self {
            kind: RefusalKind::Impossible,
            summary: message::no_order(universe, package),
            reasons: vec![format!(
                "it needs {} before, in a circle with a `Pre-Depends`",
                names.join(" or ")
            )],
            hints: Vec::new(),
        }
    }

    /// Says that a target means nothing.
    pub(crate) fn unknown(universe: &Universe, request: &Request, place: usize) -> Self {
        let label = request.install.get(place).map(Target::label).unwrap_or_default();
        let missing = format!("there is no package {label}");
        let (summary, reason) = match request.install.get(place) {
            Some(Target::Named {
                name, architecture, ..
            }) => match ruled_out(universe, name, architecture.as_deref()) {
                Some(reason) => (format!("no version of {label} can be chosen"), reason),
                None => (missing, unknown_reason(universe, name, architecture.as_deref())),
            },
            _ => (missing, NO_SUCH_NAME.to_owned()),
        };
        Self {
            kind: RefusalKind::Unknown,
            summary,
            reasons: vec![reason],
            hints: Vec::new(),
        }
    }
}

/// Returns what keeps a package from going, as its field says.
fn protection(universe: &Universe, package: PackageId) -> &'static str {
    match universe.is_essential(package) {
        true => "essential",
        false => "protected",
    }
}

/// Returns what there is of a name of which nothing has a priority to be chosen with.
fn ruled_out(universe: &Universe, name: &str, architecture: Option<&str>) -> Option<String> {
    let is_of = |package: &&PackageId| architecture.is_none_or(|wanted| universe.runs_as(**package, wanted));
    let of: Vec<&PackageId> = universe.versions_of(name).iter().filter(is_of).collect();
    let is_ruled_out = !of.is_empty() && of.iter().all(|package| universe.priority(**package) < 0);
    let versions: Vec<&str> = of.iter().map(|package| universe.version(**package)).collect();
    is_ruled_out.then(|| format!("ruled out by a negative priority: {}", versions.join(", ")))
}

/// Returns what there is of a name of which nothing fits.
fn unknown_reason(universe: &Universe, name: &str, architecture: Option<&str>) -> String {
    let versions = universe.versions_of(name);
    if versions.is_empty() {
        return NO_SUCH_NAME.to_owned();
    }
    let is_of = |package: &PackageId| architecture.is_none_or(|wanted| universe.runs_as(*package, wanted));
    if versions.iter().any(is_of) {
        let versions = versions.iter().copied().filter(is_of);
        let versions: Vec<&str> = versions.map(|package| universe.version(package)).collect();
        return format!("available: {}", versions.join(", "));
    }
    let architectures = versions
        .iter()
        .map(|package| message::architecture_shown(universe, *package));
    let architectures: BTreeSet<String> = architectures.collect();
    let architectures: Vec<String> = architectures.into_iter().collect();
    format!("only available for {}", architectures.join(", "))
}

const NO_SUCH_NAME: &str = "no source has a package of that name";

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.summary)?;
        for reason in &self.reasons {
            write!(formatter, "\n  caused by: {reason}")?;
        }
        for hint in &self.hints {
            write!(formatter, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

fn summary(universe: &Universe, request: &Request, facts: &[Fact]) -> String {
    let targets = facts.iter().filter_map(|fact| match fact {
        Fact::Requirement(wanted) => match wanted.why {
            RequiredBy::Target(place) => request.install.get(place).map(Target::label),
            _ => None,
        },
        _ => None,
    });
    let targets: Vec<String> = targets.collect();
    let removed = facts.iter().find_map(|fact| match fact {
        Fact::Excluded {
            package,
            why: Exclusion::Removed,
        } => Some(universe.name(*package)),
        _ => None,
    });
    match targets.as_slice() {
        [] => match removed {
            Some(name) => format!("`{name}` cannot be removed"),
            None => "the request cannot be satisfied".to_owned(),
        },
        [one] => format!("{one} cannot be installed"),
        [first @ .., last] => format!("{} and {last} cannot be installed together", first.join(", ")),
    }
}

/// Returns what would help: what is missing, and changes to the request that were tried.
fn hints(universe: &Universe, request: &Request, facts: &[Fact]) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    let mut tries = 0;
    let mut works = |other: &Request| {
        tries += 1;
        tries <= MOST_TRIED && select(universe, other, MOST_CONTRADICTIONS_TRIED).is_ok()
    };
    for fact in facts {
        let hint = match fact {
            Fact::Needs { package, group, .. } => {
                let context = RelationContext::Need(universe.package(*package).architecture);
                let is_missing = universe.candidates(*group, context).is_empty()
                    && message::ruled_out(universe, *group, context).is_none();
                is_missing.then(|| {
                    format!(
                        "add a source that has {}",
                        message::group_written(universe, *group)
                    )
                })
            }
            _ => changed(universe, request, fact)
                .filter(|(_, other)| works(other))
                .map(|(hint, _)| hint),
        };
        hints.extend(hint.filter(|hint| !hints.contains(hint)));
    }
    hints
}

/// Returns the request without what a fact comes from, and how to say that.
fn changed(universe: &Universe, request: &Request, fact: &Fact) -> Option<(String, Request)> {
    let mut other = request.clone();
    let hint = match fact {
        Fact::Excluded {
            why: Exclusion::Held(held),
            ..
        } => {
            let installed = other
                .installed
                .iter_mut()
                .find(|installed| installed.package == *held && installed.hold == Hold::Held)?;
            installed.hold = Hold::Free;
            format!("remove the hold on `{}`", universe.name(*held))
        }
        Fact::Excluded {
            package,
            why: Exclusion::Removed,
        } => {
            other
                .remove
                .retain(|target| !target.packages(universe).contains(package));
            format!("keep `{}`", universe.name(*package))
        }
        Fact::Requirement(wanted) => match wanted.why {
            RequiredBy::Target(place) if request.install.len() > 1 => {
                let target = other.install.remove(place);
                format!("leave out {}", target.label())
            }
            _ => return None,
        },
        _ => return None,
    };
    Some((hint, other))
}
