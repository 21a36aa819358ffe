//! apt's External Dependency Solver Protocol, version 0.5: apt asks, the resolver answers.
//!
//! Source: apt's own documentation of the protocol, doc/external-dependency-solver-protocol.md.

use std::collections::HashMap;
use std::fmt::Write as _;

use debian_formats::architecture::Architecture;
use debian_formats::stanza::{Stanza, StanzaError, StanzaReader};
use resolver::refusal::Refusal;
use resolver::request::{Hold, Installed, Mark, Recommends, Request, Target, Upgrade};
use resolver::solve::solve;
use resolver::universe::{PackageId, Source, Universe, UniverseBuilder, UniverseError};
use resolver::unneeded::unneeded;

/// The version of the protocol that is spoken.
const PROTOCOL: &str = "EDSP 0.";

/// Why a scenario has no answer, not even a no.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EdspError {
    /// It cannot be read.
    #[error("the scenario cannot be read")]
    Stanza(#[from] StanzaError),
    /// It does not begin with a request.
    #[error("the scenario begins with no request of EDSP 0.x")]
    NoRequest,
    /// It names an architecture that is none.
    #[error("`{0}` is no architecture")]
    Architecture(String),
    /// A package says something that has no meaning.
    #[error("package {id} of the scenario cannot be used")]
    Package {
        /// Its number.
        id: String,
        /// Why.
        source: Box<UniverseError>,
    },
}

/// Answers a scenario. A request that cannot be met is an answer, too.
///
/// # Errors
/// When the scenario cannot be understood.
pub fn answer(scenario: &str, recommends: Recommends) -> Result<String, EdspError> {
    let mut stanzas = StanzaReader::new(scenario);
    let request = stanzas.next().ok_or(EdspError::NoRequest)??;
    let version = request.line("Request").unwrap_or_default();
    version
        .starts_with(PROTOCOL)
        .then_some(())
        .ok_or(EdspError::NoRequest)?;
    let scene = Scene::read(&request, stanzas)?;
    let asked = scene.request(&request, recommends);
    Ok(match solve(&scene.universe, &asked) {
        Ok(plan) if allowed(&request, &plan) => scene.solution(&request, &plan, &asked),
        Ok(_) => no("what was asked for would install or remove more than apt allows"),
        Err(refusal) => no(&text(&refusal)),
    })
}

/// Returns the answer that says no.
fn no(why: &str) -> String {
    // A stanza's lines go on with a blank, and an empty one is a dot.
    let why = why.trim().replace('\n', "\n ");
    format!("Error: cpkgs-no-solution\nMessage: {why}\n\n")
}

fn text(refusal: &Refusal) -> String {
    let lines = std::iter::once(&refusal.summary)
        .chain(&refusal.reasons)
        .chain(&refusal.hints);
    lines.map(String::as_str).collect::<Vec<_>>().join("\n")
}

fn yes(stanza: &Stanza<'_>, field: &str) -> bool {
    stanza.line(field) == Some("yes")
}

fn allowed(request: &Stanza<'_>, plan: &resolver::plan::Plan) -> bool {
    let comes = yes(request, "Forbid-New-Install") && !plan.install.is_empty();
    let goes = yes(request, "Forbid-Remove") && !plan.remove.is_empty();
    !(comes || goes)
}

struct Scene {
    universe: Universe,
    installed: Vec<Installed>,
    /// apt's numbers of packages.
    ids: HashMap<PackageId, String>,
}

impl Scene {
    fn read<'s>(
        request: &Stanza<'s>,
        stanzas: impl Iterator<Item = Result<Stanza<'s>, StanzaError>>,
    ) -> Result<Self, EdspError> {
        let parse = |name: &str| name.parse().map_err(|_| EdspError::Architecture(name.to_owned()));
        let native: Architecture = parse(request.line("Architecture").unwrap_or_default())?;
        let mut foreign = Vec::new();
        for name in request
            .line("Architectures")
            .unwrap_or_default()
            .split_ascii_whitespace()
        {
            let architecture: Architecture = parse(name)?;
            if architecture != native {
                foreign.push(architecture);
            }
        }
        // apt has chosen a candidate of each package already, unless it says that others may be taken.
        let strict = request.line("Strict-Pinning") != Some("no");
        let mut builder = UniverseBuilder::new(&native, &foreign);
        let mut ids = HashMap::new();
        let mut installed = Vec::new();
        for stanza in stanzas {
            let stanza = stanza?;
            if strict && !yes(&stanza, "APT-Candidate") && !yes(&stanza, "Installed") {
                continue;
            }
            let id = stanza.line("APT-ID").unwrap_or_default().to_owned();
            let Some(package) = add(&mut builder, &stanza, &id)? else {
                continue;
            };
            if yes(&stanza, "Installed") {
                installed.push(Installed {
                    package,
                    mark: if yes(&stanza, "APT-Automatic") {
                        Mark::Automatic
                    } else {
                        Mark::Manual
                    },
                    hold: if yes(&stanza, "Hold") {
                        Hold::Held
                    } else {
                        Hold::Free
                    },
                });
            }
            ids.insert(package, id);
        }
        Ok(Self {
            universe: builder.finish(),
            installed,
            ids,
        })
    }

    fn request(&self, request: &Stanza<'_>, recommends: Recommends) -> Request {
        let targets = |field: &str| -> Vec<Target> {
            let names = request.get(field).map(|field| field.value()).unwrap_or_default();
            names.split_ascii_whitespace().map(target).collect()
        };
        let upgrades = ["Upgrade-All", "Upgrade", "Dist-Upgrade"]
            .into_iter()
            .any(|field| yes(request, field));
        Request {
            install: targets("Install"),
            remove: targets("Remove"),
            upgrade: if upgrades { Upgrade::All } else { Upgrade::Nothing },
            installed: self.installed.clone(),
            recommends,
        }
    }

    /// Says what to do in apt's numbers.
    fn solution(&self, request: &Stanza<'_>, plan: &resolver::plan::Plan, asked: &Request) -> String {
        let mut answer = String::new();
        let mut say = |what: &str, package: PackageId| {
            let id = self.ids.get(&package).map(String::as_str).unwrap_or_default();
            let universe = &self.universe;
            let (name, version) = (universe.name(package), universe.version(package));
            let architecture = universe.architecture(package);
            let _ = write!(
                answer,
                "{what}: {id}\nPackage: {name}\nVersion: {version}\nArchitecture: {architecture}\n\n"
            );
        };
        plan.unpacked().for_each(|package| say("Install", package));
        plan.remove
            .iter()
            .for_each(|removal| say("Remove", removal.package));
        if yes(request, "Autoremove") {
            let stays = self.after(plan, asked);
            for package in unneeded(&self.universe, &stays) {
                if self
                    .installed
                    .iter()
                    .any(|installed| installed.package == package)
                {
                    say("Autoremove", package);
                }
            }
        }
        answer
    }

    /// Returns what is installed when the plan is carried out.
    fn after(&self, plan: &resolver::plan::Plan, asked: &Request) -> Vec<Installed> {
        let changes = plan.upgrade.iter().chain(&plan.downgrade);
        let mut after: Vec<Installed> = self.installed.clone();
        after.retain(|installed| {
            !plan
                .remove
                .iter()
                .any(|removal| removal.package == installed.package)
        });
        for change in changes {
            for installed in after
                .iter_mut()
                .filter(|installed| installed.package == change.from)
            {
                installed.package = change.to;
            }
        }
        let names: Vec<String> = asked
            .install
            .iter()
            .filter_map(|target| match target {
                Target::Named { name, .. } => Some(name.clone()),
                Target::OneOf { .. } => None,
            })
            .collect();
        after.extend(plan.install.iter().map(|addition| Installed {
            package: addition.package,
            mark: Mark::Automatic,
            hold: Hold::Free,
        }));
        for installed in &mut after {
            if names
                .iter()
                .any(|name| name == self.universe.name(installed.package))
            {
                installed.mark = Mark::Manual;
            }
        }
        after
    }
}

fn add(builder: &mut UniverseBuilder, stanza: &Stanza<'_>, id: &str) -> Result<Option<PackageId>, EdspError> {
    let pin = stanza.line("APT-Pin").and_then(|pin| pin.parse().ok());
    // What is a candidate may be taken whatever its pin is.
    let priority = pin.unwrap_or(500).max(1);
    builder
        .add(stanza, Source { priority })
        .map_err(|source| EdspError::Package {
            id: id.to_owned(),
            source: Box::new(source),
        })
}

/// Reads `name` or `name:architecture`.
fn target(text: &str) -> Target {
    let (name, architecture) = text
        .rsplit_once(':')
        .map_or((text, None), |(name, architecture)| {
            (name, Some(architecture.to_owned()))
        });
    Target::Named {
        name: name.to_owned(),
        architecture,
        constraint: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIVERSE: &str = "\nPackage: app\nArchitecture: amd64\nVersion: 1\nAPT-ID: 7\nAPT-Pin: 500\nAPT-Candidate: yes\nDepends: lib\n\n\
        Package: lib\nArchitecture: all\nVersion: 2\nAPT-ID: 8\nAPT-Candidate: yes\n\n\
        Package: lib\nArchitecture: all\nVersion: 3\nAPT-ID: 9\n\n\
        Package: old\nArchitecture: amd64\nVersion: 1\nAPT-ID: 3\nInstalled: yes\nAPT-Automatic: yes\n";

    fn ask(request: &str) -> String {
        let scenario =
            format!("Request: EDSP 0.5\nArchitecture: amd64\nArchitectures: amd64\n{request}\n{UNIVERSE}");
        answer(&scenario, Recommends::Leave).unwrap()
    }

    #[test]
    fn what_comes_is_said_in_the_numbers_of_apt_and_only_candidates_come() {
        let answer = ask("Install: app:amd64\n");
        assert!(answer.contains("Install: 7\nPackage: app\n"), "{answer}");
        assert!(answer.contains("Install: 8\nPackage: lib\n"), "{answer}");
        assert!(!answer.contains("Install: 9"), "{answer}");
    }

    #[test]
    fn without_strict_pinning_any_version_may_come() {
        assert!(ask("Install: app\nStrict-Pinning: no\n").contains("Install: 9\n"));
    }

    #[test]
    fn what_nothing_needs_goes_where_that_is_asked_for() {
        assert!(ask("Autoremove: yes\n").contains("Autoremove: 3\n"));
        assert!(!ask("Install: app\n").contains("Autoremove"));
    }

    #[test]
    fn a_request_that_cannot_be_met_is_answered_with_the_reason() {
        let answer = ask("Install: nothing\n");
        assert!(
            answer.starts_with("Error: ") && answer.contains("`nothing`"),
            "{answer}"
        );
        assert!(ask("Install: app\nForbid-New-Install: yes\n").starts_with("Error: "));
    }

    #[test]
    fn what_is_no_scenario_is_refused() {
        assert!(answer("", Recommends::Leave).is_err());
        assert!(answer("Request: EIPP 0.1\n", Recommends::Leave).is_err());
    }
}
