//! What dpkg lets be done with packages, one step after the other.
//!
//! Source: dpkg's `process_archive`, `depisok`, `check_breaks`, `deferred_remove`, `dependencies_ok` and `breakses_ok`.

use super::audit::{Package, Set};

/// Whether something is removed although it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    Nothing,
    Depends,
}

/// What is installed, and what was refused until now.
pub(super) struct Dpkg {
    native: &'static str,
    slots: Vec<Slot>,
    /// What is configured by one call: dpkg finds the order, and cuts circles.
    together: Vec<(String, String)>,
    /// What is removed by one call.
    going: Vec<Package>,
    refused: Vec<String>,
}

/// What is there of a package of a name and an architecture.
struct Slot {
    package: Package,
    is_configured: bool,
    /// The version that was configured last, where it is not the one that is unpacked.
    configured_before: Option<Package>,
}

impl Slot {
    fn is_of(&self, package: &Package) -> bool {
        self.package.name == package.name && self.package.architecture == package.architecture
    }

    /// Says whether it is of another architecture and version.
    fn is_unequal_half(&self, package: &Package) -> bool {
        self.package.name == package.name
            && self.package.architecture != package.architecture
            && self.package.version != package.version
    }

    /// Returns the version of a package that was configured last: it is enough for whoever pre-depends on it by its name.
    fn once_configured(&self) -> Option<Package> {
        match self.is_configured {
            true => Some(self.package.clone()),
            false => self.configured_before.as_ref().map(Package::by_name_alone),
        }
    }

    /// Returns the version that is unpacked.
    fn unpacked(&self) -> Package {
        match self.is_configured {
            true => self.package.clone(),
            false => self.package.by_name_alone(),
        }
    }
}

impl Dpkg {
    pub(super) fn with(installed: Vec<Package>, native: &'static str) -> Self {
        let slots = installed.into_iter().map(|package| Slot {
            package,
            is_configured: true,
            configured_before: None,
        });
        Self {
            native,
            slots: slots.collect(),
            together: Vec::new(),
            going: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Unpacks a package: beside what it conflicts with in neither direction, and with what it pre-depends on. What it breaks is no
    /// longer configured, and neither is its other half of another version; no relation may break more than one that is.
    pub(super) fn unpack(&mut self, package: Package) {
        self.configure_together();
        self.remove_together();
        for other in self.slots.iter().map(|slot| &slot.package) {
            if self.rules_out(&package, &package.conflicts, other)
                || self.rules_out(other, &other.conflicts, &package)
            {
                let text = format!("unpack {} beside {}", package.label, other.label);
                self.refused.push(text);
            }
        }
        self.refuse_without_pre_depends(&package);
        for relation in &package.breaks {
            let broken = |slot: &Slot| {
                let relations = std::slice::from_ref(relation);
                slot.is_configured && self.rules_out(&package, relations, &slot.package)
            };
            let broken: Vec<bool> = self.slots.iter().map(broken).collect();
            if broken.iter().filter(|is_broken| **is_broken).count() > 1 {
                let text = format!("unpack {} which breaks several at once", package.label);
                self.refused.push(text);
            }
            for (slot, _) in self
                .slots
                .iter_mut()
                .zip(broken)
                .filter(|(_, is_broken)| *is_broken)
            {
                slot.is_configured = false;
                slot.configured_before = Some(slot.package.clone());
                if !slot.package.may_go {
                    let text = format!("unpack {} which breaks {}", package.label, slot.package.label);
                    self.refused.push(text);
                }
            }
        }
        for slot in self
            .slots
            .iter_mut()
            .filter(|slot| slot.is_unequal_half(&package))
        {
            if slot.is_configured {
                slot.is_configured = false;
                slot.configured_before = Some(slot.package.clone());
            }
        }
        let before = self.slots.iter().position(|slot| slot.is_of(&package));
        let before = before.map(|place| self.slots.remove(place));
        self.slots.push(Slot {
            package,
            is_configured: false,
            configured_before: before.map(|slot| slot.configured_before.unwrap_or(slot.package)),
        });
    }

    /// Refuses a package without what it pre-depends on. What is configured and it breaks itself does not count: that is deconfigured before
    /// dpkg looks, wherever `Breaks` stands before `Pre-Depends`.
    fn refuse_without_pre_depends(&mut self, package: &Package) {
        let stays =
            |slot: &&Slot| !(slot.is_configured && self.rules_out(package, &package.breaks, &slot.package));
        let staying: Vec<&Slot> = self.slots.iter().filter(stays).collect();
        let known: Vec<Package> = staying.iter().filter_map(|slot| slot.once_configured()).collect();
        let known = Set::new(&known, self.native);
        let there: Vec<Package> = staying.iter().map(|slot| slot.unpacked()).collect();
        let there = Set::new(&there, self.native);
        let needs = package.pre_depends.iter();
        let unmet = needs.filter(|need| !known.meets(package, need) || !there.meets(package, need));
        let unmet = unmet.map(|need| format!("unpack {} without {need}", package.label));
        self.refused.extend(unmet.collect::<Vec<_>>());
    }

    pub(super) fn configure(&mut self, package: &Package) {
        self.remove_together();
        let key = (package.name.clone(), package.architecture.clone());
        self.together.push(key);
    }

    pub(super) fn remove(&mut self, package: Package, force: Force) {
        self.configure_together();
        if !package.may_go {
            self.refused.push(format!("remove {}", package.label));
        }
        match force {
            Force::Nothing => self.going.push(package),
            Force::Depends => {
                self.remove_together();
                self.slots.retain(|slot| !slot.is_of(&package));
            }
        }
    }

    fn remove_together(&mut self) {
        let going = std::mem::take(&mut self.going);
        let (gone, kept): (Vec<Slot>, Vec<Slot>) = std::mem::take(&mut self.slots)
            .into_iter()
            .partition(|slot| going.iter().any(|package| slot.is_of(package)));
        let all = Set::new(gone.iter().chain(&kept).map(|slot| &slot.package), self.native);
        let rest = Set::new(kept.iter().map(|slot| &slot.package), self.native);
        for package in kept.iter().map(|slot| &slot.package) {
            let lost = package.needs();
            let lost = lost.filter(|need| all.meets(package, need) && !rest.meets(package, need));
            self.refused
                .extend(lost.map(|need| format!("remove {need} which {} needs", package.label)));
        }
        self.slots = kept;
    }

    /// Configures all that can be.
    pub(super) fn configure_ready(&mut self) {
        let mut ready: Vec<bool> = self.slots.iter().map(|_| true).collect();
        loop {
            let there = self.slots.iter().zip(&ready).filter(|(_, ready)| **ready);
            let there = Set::new(there.map(|(slot, _)| &slot.package), self.native);
            let is_ready = |slot: &Slot| {
                let mut needs = slot.package.needs();
                slot.is_configured
                    || needs.all(|need| there.meets(&slot.package, need))
                        && self.obstacles(&slot.package).next().is_none()
            };
            let next: Vec<bool> = self.slots.iter().map(is_ready).collect();
            if next == ready {
                break;
            }
            ready = next;
        }
        for (slot, ready) in self.slots.iter_mut().zip(ready) {
            slot.is_configured |= ready;
        }
    }

    fn configure_together(&mut self) {
        let keys = std::mem::take(&mut self.together);
        let is_named = |slot: &Slot| {
            keys.iter().any(|(name, architecture)| {
                *name == slot.package.name && *architecture == slot.package.architecture
            })
        };
        let ready = self
            .slots
            .iter()
            .filter(|slot| slot.is_configured || is_named(slot));
        let ready = Set::new(ready.map(|slot| &slot.package), self.native);
        for package in self
            .slots
            .iter()
            .filter(|slot| is_named(slot))
            .map(|slot| &slot.package)
        {
            for need in package.needs().filter(|need| !ready.meets(package, need)) {
                let text = format!("configure {} without {need}", package.label);
                self.refused.push(text);
            }
        }
        let broken = self.slots.iter().filter(|slot| is_named(slot));
        let broken = broken.flat_map(|slot| {
            let obstacles = self.obstacles(&slot.package);
            obstacles.map(|other| {
                format!(
                    "configure {} although {} is there",
                    slot.package.label, other.label
                )
            })
        });
        self.refused.extend(broken.collect::<Vec<_>>());
        for slot in &mut self.slots {
            slot.is_configured |= is_named(slot);
        }
    }

    /// Returns what was refused, and what is not configured at the end.
    pub(super) fn finish(mut self) -> Vec<String> {
        self.configure_together();
        self.remove_together();
        let left = self.slots.iter().filter(|slot| !slot.is_configured);
        let left = left.map(|slot| format!("leave {} unconfigured", slot.package.label));
        self.refused.extend(left);
        self.refused
    }

    /// Returns what is there and a package is not configured beside: what breaks it, and its other half of another version.
    fn obstacles(&self, package: &Package) -> impl Iterator<Item = &Package> {
        let stands_against = |slot: &&Slot| {
            slot.is_unequal_half(package) || self.rules_out(&slot.package, &slot.package.breaks, package)
        };
        let slots = self.slots.iter().filter(stands_against);
        slots.map(|slot| &slot.package)
    }

    fn rules_out(
        &self,
        package: &Package,
        relations: &[debian_control::relation::Relation],
        other: &Package,
    ) -> bool {
        let one = Set::new([other], self.native);
        package.name != other.name
            && relations
                .iter()
                .any(|relation| one.ruled_out(relation).next().is_some())
    }
}
