//! How two generations differ.

use std::collections::BTreeMap;

use super::plan::{Difference, Held, PackageRecord, Plan};

impl Difference {
    /// Compares the packages of two generations.
    pub fn between(before: &Plan, after: &Plan) -> Self {
        let (old, new) = (by_key(before), by_key(after));
        let mut difference = Self::default();
        for (key, package) in &new {
            let PackageRecord { name, version, .. } = package;
            let known = old.get(key);
            match known.map(|known| &known.version) {
                None => difference.added.push(format!("{name} {version}")),
                Some(known) if known != version => {
                    difference.changed.push(format!("{name} {known} -> {version}"));
                }
                Some(_) => {}
            }
            match (known.map_or(Held::Free, |known| known.hold), package.hold) {
                (Held::Free, Held::Held) => difference.held.push(name.clone()),
                (Held::Held, Held::Free) => difference.unheld.push(name.clone()),
                _ => {}
            }
        }
        let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
        difference.removed = gone
            .map(|(_, package)| format!("{} {}", package.name, package.version))
            .collect();
        difference
    }

    /// Says whether both have the same packages, held or not.
    pub fn is_of_no_package(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn by_key(plan: &Plan) -> BTreeMap<(&str, &str), &PackageRecord> {
    let packages = plan.packages.iter();
    packages.map(|package| (package.key(), package)).collect()
}
