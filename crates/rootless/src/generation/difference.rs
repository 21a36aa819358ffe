//! How two generations differ.

use std::collections::BTreeMap;

use super::plan::{Difference, Plan};

impl Difference {
    /// Compares the packages of two generations.
    pub fn between(before: &Plan, after: &Plan) -> Self {
        let (old, new) = (versions(before), versions(after));
        let mut difference = Self::default();
        for (key, version) in &new {
            let name = key.0;
            match old.get(key) {
                None => difference.added.push(format!("{name} {version}")),
                Some(known) if known != version => {
                    difference.changed.push(format!("{name} {known} -> {version}"));
                }
                Some(_) => {}
            }
        }
        let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
        difference.removed = gone
            .map(|(key, version)| format!("{} {version}", key.0))
            .collect();
        difference
    }

    /// Says whether both have the same packages.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn versions(plan: &Plan) -> BTreeMap<(&str, &str), &str> {
    let packages = plan.packages.iter();
    packages
        .map(|package| (package.key(), package.version.as_str()))
        .collect()
}
