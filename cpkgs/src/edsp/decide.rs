//! What to do.
//!
//! What is named is done first, whatever it takes. What is forbidden is forbidden to upgrades alone: they take what was decided
//! for what is named as given, and each one that cannot be had so is kept back.

use std::collections::HashSet;

use resolver::recommendations::lacks_recommendations;
use resolver::refusal::Refusal;
use resolver::request::{Hold, Installed, Mark, Recommends, Request, Target, Upgrade, WasBroken};
use resolver::solve::solve;
use resolver::universe::{MultiArch, PackageId};

use super::scenario::{EdspPackage, Scenario};

/// What is installed in the end, by slots.
pub(super) type After = Vec<Option<PackageId>>;

/// Decides what is to be installed in the end.
pub(super) fn decide(scenario: &Scenario<'_>, recommends: Recommends) -> Result<After, Refusal> {
    // As apt has it, what is recommended is nothing that a build needs.
    let is_build = |place: &usize| {
        let slot = scenario.slots.get(*place);
        slot.is_some_and(|slot| slot.name.starts_with("builddeps:"))
    };
    let recommends = match scenario.install.iter().any(is_build) {
        true => Recommends::Leave,
        false => recommends,
    };
    let asking = Asking { scenario, recommends };
    let is_limited = scenario.forbid_new || scenario.forbid_remove;
    match (scenario.upgrade, is_limited) {
        (false, false) => asking.named(),
        (false, true) => asking.limited(&asking.installed(), &scenario.install, Choose::Present),
        (true, false) => asking.everything(),
        (true, true) => {
            let after = asking.named()?;
            if asking.mends_beyond_limits(&after)? {
                return asking.limited(&asking.installed(), &scenario.install, Choose::Newest);
            }
            asking.limited(&after, &[], Choose::Newest)
        }
    }
}

struct Asking<'a, 's> {
    scenario: &'a Scenario<'s>,
    recommends: Recommends,
}

/// Which version of what is there is preferred.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choose {
    Present,
    Newest,
}

impl Asking<'_, '_> {
    fn installed(&self) -> After {
        let slots = self.scenario.slots.iter();
        slots
            .map(|slot| slot.installed.map(|installed| installed.package))
            .collect()
    }

    /// Does what is named, and nothing else but what that needs.
    fn named(&self) -> Result<After, Refusal> {
        let install = self.targets(&self.scenario.install);
        self.solve(install, self.removed(), Upgrade::Nothing, |_| true)
    }

    /// Says whether something unnamed goes or comes that is forbidden to, for the sake of what was broken before: that would
    /// happen if nothing were named, too.
    fn mends_beyond_limits(&self, after: &After) -> Result<bool, Refusal> {
        let scenario = self.scenario;
        let is_beyond = |place: usize, after: Option<PackageId>| {
            let slot = scenario.slots.get(place);
            let is_here = slot.is_some_and(|slot| slot.installed.is_some());
            let is_named = scenario.install.contains(&place) || scenario.remove.contains(&place);
            !is_named
                && match after {
                    None => is_here && scenario.forbid_remove,
                    Some(_) => !is_here && scenario.forbid_new,
                }
        };
        let beyond = |after: &After| {
            let places = after.iter().copied().enumerate();
            let places = places.filter(|(place, after)| is_beyond(*place, *after));
            places.map(|(place, _)| place).collect::<Vec<usize>>()
        };
        let places = beyond(after);
        if places.is_empty() {
            return Ok(false);
        }
        let anyway = beyond(&self.solve(Vec::new(), self.removed(), Upgrade::Nothing, |_| true)?);
        Ok(places.iter().any(|place| anyway.contains(place)))
    }

    /// Upgrades all, and does what is named.
    ///
    /// What came by itself gives way to a newer version of what somebody asked for, and where no source has it any more to whatever takes
    /// its place; as much of that stays as can.
    fn everything(&self) -> Result<After, Refusal> {
        let mut wanted = self.scenario.install.clone();
        let first = |wanted: &[usize]| {
            self.solve(self.targets(wanted), self.removed(), Upgrade::All, |slot| {
                !slot.is_gone
            })
        };
        // What comes on another architecture, because something there needs it, is not forced to come on this one, too.
        let mut new = self.new_essentials();
        if !new.is_empty()
            && let Ok(after) = first(&wanted)
        {
            let slots = || self.scenario.slots.iter().zip(&after);
            let comes = |name: &str| slots().any(|(slot, after)| slot.name == name && after.is_some());
            new.retain(|place| {
                let slot = self.scenario.slots.get(*place);
                slot.is_some_and(|slot| !comes(&slot.name))
            });
        }
        Self::add(&mut wanted, new, |wanted| first(wanted).is_ok());
        let before = first(&wanted)?;
        Self::add(&mut wanted, self.rebuilt(), |wanted| {
            first(wanted).is_ok_and(|after| self.keeps(&before, &after, |_| true))
        });
        let before = first(&wanted)?;
        Self::add(&mut wanted, self.kept_back(&before), |wanted| {
            let is_manual = |installed: &Installed| installed.mark == Mark::Manual;
            first(wanted).is_ok_and(|after| self.keeps(&before, &after, is_manual))
        });
        let after = first(&wanted)?;
        let mut gives_way = self.scenario.slots.iter().zip(&after);
        if !gives_way.any(|(slot, after)| slot.is_gone && after.is_none()) {
            return Ok(after);
        }
        let slots = self.scenario.slots.iter().zip(&after);
        let exact = slots.filter_map(|(slot, after)| Some(one_of(slot, vec![(*after)?])));
        let mut barred = self.removed();
        let others = self.scenario.slots.iter().zip(&after);
        let others = others.filter(|(slot, after)| after.is_none() && slot.installed.is_none());
        barred.extend(others.map(|(slot, _)| one_of(slot, slot.choices.clone())));
        let with_stays = self.solve(exact.collect(), barred, Upgrade::Nothing, |_| true)?;
        // What stays may serve where something new was taken in its place.
        let mut barred = self.removed();
        let goes = self.scenario.slots.iter().zip(&with_stays);
        let goes = goes.filter(|(slot, after)| slot.is_gone && after.is_none());
        barred.extend(goes.map(|(slot, _)| every_version(slot)));
        self.solve(self.targets(&wanted), barred, Upgrade::All, |_| true)
    }

    /// Changes what is there within the limits that are set. What would do without something that it recommends is kept back.
    fn limited(&self, there: &After, more: &[usize], choose: Choose) -> Result<After, Refusal> {
        let mut kept = HashSet::new();
        loop {
            let after = self.within_limits(there, more, choose, &kept)?;
            let lacking = self.lacking(&after);
            let before = kept.len();
            kept.extend(lacking);
            if choose == Choose::Present || self.recommends == Recommends::Leave || kept.len() == before {
                return Ok(after);
            }
        }
    }

    /// Returns what is upgraded without being named and then lacks something that it newly recommends.
    fn lacking(&self, after: &After) -> Vec<usize> {
        let scenario = self.scenario;
        let installed: HashSet<PackageId> = self.installed().into_iter().flatten().collect();
        let afterwards: HashSet<PackageId> = after.iter().copied().flatten().collect();
        let slots = scenario.slots.iter().zip(after).enumerate();
        let lacking = slots.filter(|(place, (slot, after))| {
            let changed = slot.installed.map(|installed| installed.package).zip(**after);
            !scenario.install.contains(place)
                && changed.is_some_and(|(before, after)| {
                    before != after
                        && lacks_recommendations(&scenario.universe, before, after, &installed, &afterwards)
                })
        });
        lacking.map(|(place, _)| place).collect()
    }

    fn within_limits(
        &self,
        there: &After,
        more: &[usize],
        choose: Choose,
        kept: &HashSet<usize>,
    ) -> Result<After, Refusal> {
        let scenario = self.scenario;
        let mut barred = self.removed();
        let mut targets = self.targets(more);
        let mut slots: Vec<_> = scenario.slots.iter().zip(there).enumerate().collect();
        // Where not all can be upgraded, what was asked for once comes before what came by itself.
        slots.sort_by_key(|(_, (slot, _))| slot.installed.map(|installed| installed.mark));
        for (place, (slot, there)) in slots {
            let is_named = scenario.install.contains(&place);
            match there {
                Some(there) if scenario.forbid_remove && !scenario.remove.contains(&place) => {
                    let is_held = slot
                        .installed
                        .is_some_and(|installed| installed.hold == Hold::Held);
                    let may_change = !is_named && !is_held && !kept.contains(&place);
                    let mut versions = vec![*there];
                    if choose == Choose::Newest && may_change {
                        versions = slot.choices.clone();
                        versions.push(*there);
                    } else if may_change {
                        versions.extend(&slot.choices);
                    }
                    if !more.contains(&place) {
                        targets.push(one_of(slot, versions));
                    }
                }
                Some(there) if is_named && !more.contains(&place) => {
                    targets.push(one_of(slot, vec![*there]));
                }
                // What went for the sake of what is named stays away.
                None if slot.installed.is_some() => {
                    barred.push(every_version(slot));
                }
                None if scenario.forbid_new && !is_named => {
                    barred.push(one_of(slot, slot.choices.clone()));
                }
                _ => {}
            }
        }
        let upgrade = match choose {
            Choose::Present => Upgrade::Nothing,
            Choose::Newest => Upgrade::All,
        };
        let installed = self.scenario.slots.iter().zip(there);
        let installed = installed.filter_map(|(slot, there)| self.present(slot, (*there)?));
        self.run(Request {
            install: targets,
            remove: barred,
            upgrade,
            installed: installed.collect(),
            recommends: self.recommends,
            // apt asks for a system that is whole.
            broken: WasBroken::IsRepaired,
            // apt finds the order itself.
            left_out: Vec::new(),
        })
    }

    /// Returns how a version counts that is there: held only as it was.
    fn present(&self, slot: &EdspPackage<'_>, package: PackageId) -> Option<Installed> {
        let before = slot.installed.unwrap_or(Installed {
            package,
            mark: Mark::Automatic,
            hold: Hold::Free,
        });
        let place = self.scenario.slot_of(package)?;
        let is_named = self.scenario.install.contains(&place) || self.scenario.remove.contains(&place);
        Some(Installed {
            package,
            mark: before.mark,
            // Whether what is held may change because it was named is for apt to ask.
            hold: if is_named { Hold::Free } else { before.hold },
        })
    }

    fn solve(
        &self,
        install: Vec<Target>,
        remove: Vec<Target>,
        upgrade: Upgrade,
        counts: impl Fn(&EdspPackage<'_>) -> bool,
    ) -> Result<After, Refusal> {
        let slots = self.scenario.slots.iter().filter(|slot| counts(slot));
        let installed = slots.filter_map(|slot| self.present(slot, slot.installed?.package));
        self.run(Request {
            install,
            remove,
            upgrade,
            installed: installed.collect(),
            recommends: self.recommends,
            // apt asks for a system that is whole.
            broken: WasBroken::IsRepaired,
            // apt finds the order itself.
            left_out: Vec::new(),
        })
    }

    fn run(&self, request: Request) -> Result<After, Refusal> {
        let plan = solve(&self.scenario.universe, &request)?;
        let mut after: After = vec![None; self.scenario.slots.len()];
        let present = request.installed.iter().map(|installed| installed.package);
        let removed = plan.remove.iter().map(|removal| removal.package);
        let changes = present
            .map(|package| (package, Some(package)))
            .chain(removed.map(|package| (package, None)))
            .chain(plan.unpacked().map(|package| (package, Some(package))));
        for (package, becomes) in changes {
            let place = self.scenario.slot_of(package);
            if let Some(place) = place.and_then(|place| after.get_mut(place)) {
                *place = becomes;
            }
        }
        Ok(after)
    }

    /// Returns what to install for slots that are wanted: what apt chose, whatever is there.
    fn targets(&self, wanted: &[usize]) -> Vec<Target> {
        let slots = wanted.iter().filter_map(|place| self.scenario.slots.get(*place));
        slots
            .map(|slot| match slot.installed {
                Some(installed) if slot.choices.is_empty() => one_of(slot, vec![installed.package]),
                _ => one_of(slot, slot.choices.clone()),
            })
            .collect()
    }

    fn removed(&self) -> Vec<Target> {
        let places = self.scenario.remove.iter();
        let slots = places.filter_map(|place| self.scenario.slots.get(*place));
        slots.map(every_version).collect()
    }

    /// Adds to what is wanted what can be had besides: all at once, or one after the other.
    fn add(wanted: &mut Vec<usize>, more: Vec<usize>, is_possible: impl Fn(&[usize]) -> bool) {
        if more.is_empty() {
            return;
        }
        let all: Vec<usize> = wanted.iter().chain(&more).copied().collect();
        if is_possible(&all) {
            *wanted = all;
            return;
        }
        for place in more {
            wanted.push(place);
            if !is_possible(wanted) {
                wanted.pop();
            }
        }
    }

    /// Returns installed packages that apt replaces by others of the same version.
    fn rebuilt(&self) -> Vec<usize> {
        let universe = &self.scenario.universe;
        let is_rebuilt = |slot: &EdspPackage<'_>| {
            slot.installed
                .zip(slot.choices.first())
                .is_some_and(|(installed, choice)| {
                    installed.hold == Hold::Free
                        && *choice != installed.package
                        && universe.version(*choice) == universe.version(installed.package)
                })
        };
        let places = self
            .scenario
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| is_rebuilt(slot));
        let places = places.map(|(place, _)| place);
        places
            .filter(|place| !self.scenario.remove.contains(place))
            .collect()
    }

    /// Says whether a decision leaves there what another one leaves there and counts, but for what may give way.
    fn keeps(&self, before: &After, after: &After, counts: fn(&Installed) -> bool) -> bool {
        let slots = self.scenario.slots.iter().zip(before).zip(after);
        let mut counting = slots.filter(|((slot, before), _)| {
            before.is_some() && !slot.is_gone && slot.installed.is_some_and(|one| counts(&one))
        });
        counting.all(|(_, after)| after.is_some())
    }

    /// Returns what somebody asked for and would stay in an older version than apt chose.
    fn kept_back(&self, after: &After) -> Vec<usize> {
        let universe = &self.scenario.universe;
        let slots = self.scenario.slots.iter().zip(after).enumerate();
        let kept = slots.filter(|(place, (slot, after))| {
            let stays = slot.installed.filter(|installed| {
                installed.mark == Mark::Manual
                    && installed.hold == Hold::Free
                    && **after == Some(installed.package)
            });
            let is_newer = |installed: Installed| {
                slot.choices
                    .first()
                    .is_some_and(|choice| universe.compare_versions(*choice, installed.package).is_gt())
            };
            stays.is_some_and(is_newer) && !self.scenario.remove.contains(place)
        });
        kept.map(|(place, _)| place).collect()
    }

    /// Returns essential packages that are new: not here on any architecture.
    fn new_essentials(&self) -> Vec<usize> {
        let universe = &self.scenario.universe;
        let slots = &self.scenario.slots;
        let is_new = |slot: &EdspPackage<'_>| {
            slot.architecture == self.scenario.native.as_str()
                && slot
                    .choices
                    .first()
                    .is_some_and(|choice| universe.is_essential(*choice))
                && !slots.iter().any(|other| {
                    let installed = other.installed.filter(|_| other.name == slot.name);
                    installed.is_some_and(|installed| {
                        other.architecture == slot.architecture
                            || universe.multi_arch(installed.package) == MultiArch::Foreign
                    })
                })
        };
        let places = slots.iter().enumerate().filter(|(_, slot)| is_new(slot));
        places
            .map(|(place, _)| place)
            .filter(|place| !self.scenario.remove.contains(place))
            .collect()
    }
}

fn one_of(slot: &EdspPackage<'_>, packages: Vec<PackageId>) -> Target {
    Target::OneOf {
        label: format!("{}:{}", slot.name, slot.architecture),
        packages,
    }
}

fn every_version(slot: &EdspPackage<'_>) -> Target {
    let installed = slot.installed.map(|installed| installed.package);
    one_of(slot, slot.choices.iter().copied().chain(installed).collect())
}
