//! Small universes, written as a test reads best.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod audit;
mod dpkg;

use audit::audit;
use debian_control::stanza::{Stanza, StanzaReader};
use dpkg::{Dpkg, Force};
use resolver::kept_back::kept_back;
use resolver::plan::{Plan, Step};
use resolver::refusal::Refusal;
use resolver::request::{Hold, Installed, Mark, Recommends, Request, Target, Upgrade, WasBroken};
use resolver::solve::solve;
use resolver::universe::{PackageId, Source, Universe, UniverseBuilder};

/// Packages in short form, one a line: `name version [architecture] [& Field: value]...`, and what is installed.
pub(crate) struct World {
    stanzas: Vec<String>,
    ids: Vec<PackageId>,
    universe: Universe,
    installed: Vec<Installed>,
}

impl World {
    /// Makes one of lines. A first word `*` stands for installed, `**` for installed by itself, `~` for
    /// installed by itself and no longer in a source, `=` for held, and a
    /// number for the priority of the source.
    pub(crate) fn new(lines: &str) -> Self {
        let foreign = ["i386", "armel"].map(|name| name.parse().unwrap());
        let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &foreign);
        let (mut stanzas, mut ids, mut installed) = (Vec::new(), Vec::new(), Vec::new());
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (mark, line) = match line.split_once(' ') {
                Some((mark, rest))
                    if ["*", "**", "=", "~"].contains(&mark) || mark.parse::<i32>().is_ok() =>
                {
                    (mark, rest)
                }
                _ => ("", line),
            };
            let text = stanza_text(line);
            let source = Source {
                priority: if mark == "~" {
                    100
                } else {
                    mark.parse().unwrap_or(500)
                },
            };
            let id = builder.add(&parsed(&text), source).unwrap().unwrap();
            if ["*", "**", "=", "~"].contains(&mark) {
                installed.push(Installed {
                    package: id,
                    mark: if mark == "**" || mark == "~" {
                        Mark::Automatic
                    } else {
                        Mark::Manual
                    },
                    hold: if mark == "=" { Hold::Held } else { Hold::Free },
                });
            }
            stanzas.push(text);
            ids.push(id);
        }
        Self {
            stanzas,
            ids,
            universe: builder.finish(),
            installed,
        }
    }

    pub(crate) fn universe(&self) -> &Universe {
        &self.universe
    }

    pub(crate) fn ids(&self) -> &[PackageId] {
        &self.ids
    }

    pub(crate) fn stanza(&self, package: PackageId) -> Stanza<'_> {
        let place = self.ids.iter().position(|id| *id == package).unwrap();
        parsed(&self.stanzas[place])
    }

    /// Returns a request to install packages.
    pub(crate) fn request(&self, names: &[&str]) -> Request {
        Request {
            install: names.iter().map(|name| Target::named(name)).collect(),
            installed: self.installed.clone(),
            ..Request::default()
        }
    }

    /// Solves, and audits what comes out.
    pub(crate) fn solve(&self, request: &Request) -> Result<Plan, Refusal> {
        let plan = solve(&self.universe, request)?;
        let chosen: Vec<Stanza<'_>> = self
            .result(request, &plan)
            .into_iter()
            .map(|id| self.stanza(id))
            .collect();
        let before: Vec<Stanza<'_>> = request
            .installed
            .iter()
            .map(|installed| self.stanza(installed.package))
            .collect();
        // Nothing is broken but what was so before.
        let mut faults = audit(&chosen, "amd64");
        if request.broken == WasBroken::Stays {
            let known = audit(&before, "amd64");
            faults.retain(|fault| !known.contains(fault));
        }
        assert_eq!(faults, [], "{plan:?}");
        Ok(plan)
    }

    /// Returns what dpkg says when a plan is carried out, step by step; nothing where it does it all.
    pub(crate) fn dpkg_says(&self, request: &Request, plan: &Plan) -> Vec<String> {
        let package = |id: PackageId| audit::read(&self.stanza(id), "amd64").unwrap();
        let installed = request.installed.iter().map(|one| package(one.package));
        let mut dpkg = Dpkg::with(installed.collect(), "amd64");
        for step in &plan.steps {
            match step {
                Step::Remove(id) => dpkg.remove(package(*id), Force::Nothing),
                Step::GiveWay(id) | Step::Replaced(id) => dpkg.remove(package(*id), Force::Depends),
                Step::Unpack(id) => dpkg.unpack(package(*id)),
                Step::Configure(id) => dpkg.configure(&package(*id)),
            }
        }
        dpkg.finish()
    }

    /// Says whether one of all orders has dpkg carry out a plan without removing anything.
    pub(crate) fn has_order(&self, request: &Request, plan: &Plan) -> bool {
        let package = |id: PackageId| audit::read(&self.stanza(id), "amd64").unwrap();
        let is_taken = |order: &[PackageId]| {
            let installed = request.installed.iter().map(|one| package(one.package));
            let mut dpkg = Dpkg::with(installed.collect(), "amd64");
            for next in order.iter().map(|id| package(*id)) {
                dpkg.unpack(next);
                dpkg.configure_ready();
            }
            dpkg.finish().is_empty()
        };
        orders(&plan.unpacked().collect::<Vec<_>>())
            .iter()
            .any(|order| is_taken(order))
    }

    /// Returns what is installed after a plan.
    pub(crate) fn result(&self, request: &Request, plan: &Plan) -> Vec<PackageId> {
        let changes = plan.changes().map(|change| change.from);
        let gone: Vec<PackageId> = changes
            .chain(plan.remove.iter().map(|removal| removal.package))
            .collect();
        let kept = request.installed.iter().map(|installed| installed.package);
        kept.filter(|package| !gone.contains(package))
            .chain(plan.unpacked())
            .collect()
    }

    /// Returns a plan in short form: `+new ^upgraded v(downgraded) =reinstalled -removed`, by name.
    pub(crate) fn short(&self, outcome: &Result<Plan, Refusal>) -> String {
        let plan = match outcome {
            Ok(plan) => plan,
            Err(refusal) => return refusal.to_string(),
        };
        let shown = |sign: &str, id: PackageId| {
            let architecture = match self.universe.architecture(id) {
                "i386" => ":i386",
                "armel" => ":armel",
                _ => "",
            };
            format!(
                "{sign}{}{architecture}={}",
                self.universe.name(id),
                self.universe.version(id)
            )
        };
        let mut parts: Vec<String> = plan
            .install
            .iter()
            .map(|addition| shown("+", addition.package))
            .collect();
        parts.extend(plan.upgrade.iter().map(|change| shown("^", change.to)));
        parts.extend(plan.downgrade.iter().map(|change| shown("v", change.to)));
        parts.extend(plan.reinstall.iter().map(|change| shown("=", change.to)));
        parts.extend(plan.remove.iter().map(|removal| shown("-", removal.package)));
        parts.join(" ")
    }

    /// Installs packages, and returns the plan in short form.
    pub(crate) fn install(&self, names: &[&str]) -> String {
        self.short(&self.solve(&self.request(names)))
    }

    /// Brings everything up to date, and returns the plan in short form.
    pub(crate) fn upgrade(&self) -> String {
        let request = Request {
            upgrade: Upgrade::All,
            ..self.request(&[])
        };
        self.short(&self.solve(&request))
    }

    /// Brings everything up to date whatever has to go for it, and returns the plan in short form.
    pub(crate) fn full_upgrade(&self) -> String {
        let request = Request {
            upgrade: Upgrade::Full,
            ..self.request(&[])
        };
        self.short(&self.solve(&request))
    }

    /// Returns the names of what an upgrade leaves behind its newest version, with that version.
    pub(crate) fn kept_back(&self, upgrade: Upgrade) -> Vec<String> {
        let request = Request {
            upgrade,
            ..self.request(&[])
        };
        let plan = self.solve(&request).unwrap();
        let kept = kept_back(&self.universe, &request, &plan).into_iter();
        kept.map(|one| {
            format!(
                "{}={}",
                self.universe.name(one.package),
                self.universe.version(one.newest)
            )
        })
        .collect()
    }

    /// Removes packages, and returns the plan in short form.
    pub(crate) fn remove(&self, names: &[&str]) -> String {
        let request = Request {
            remove: names.iter().map(|name| Target::named(name)).collect(),
            recommends: Recommends::Leave,
            ..self.request(&[])
        };
        self.short(&self.solve(&request))
    }

    /// Returns the steps of a plan in short form.
    pub(crate) fn steps(&self, plan: &Plan) -> String {
        let shown = |step: &Step| match step {
            Step::Remove(id) => format!("remove {}", self.universe.name(*id)),
            Step::GiveWay(id) => format!("give way {}", self.universe.name(*id)),
            Step::Replaced(id) => format!("replaced {}", self.universe.name(*id)),
            Step::Unpack(id) => format!("unpack {}", self.universe.name(*id)),
            Step::Configure(id) => format!("configure {}", self.universe.name(*id)),
        };
        plan.steps.iter().map(shown).collect::<Vec<_>>().join(", ")
    }
}

fn orders(packages: &[PackageId]) -> Vec<Vec<PackageId>> {
    if packages.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (place, first) in packages.iter().enumerate() {
        let rest = [&packages[..place], &packages[place + 1..]].concat();
        let rest = orders(&rest).into_iter();
        all.extend(rest.map(|rest| [&[*first], rest.as_slice()].concat()));
    }
    all
}

fn stanza_text(line: &str) -> String {
    let mut parts = line.split(" & ").map(str::trim);
    let mut words = parts.next().unwrap().split_whitespace();
    let (name, version) = (words.next().unwrap(), words.next().unwrap());
    let architecture = words.next().unwrap_or("amd64");
    let mut text = format!("Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n");
    for field in parts {
        text.push_str(field);
        text.push('\n');
    }
    text
}

fn parsed(text: &str) -> Stanza<'_> {
    StanzaReader::new(text).next().unwrap().unwrap()
}
