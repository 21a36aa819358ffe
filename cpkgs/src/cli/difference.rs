//! How two generations differ.

use std::collections::BTreeMap;

use rootless::generation::Plan;

/// The packages that one generation has and another has not, with their versions.
pub(super) struct Difference {
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
    /// With the old version and the new one.
    pub(super) changed: Vec<String>,
}

impl Difference {
    pub(super) fn between(before: &Plan, after: &Plan) -> Self {
        let (old, new) = (versions(before), versions(after));
        let mut difference = Self {
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
        };
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
}

fn versions(plan: &Plan) -> BTreeMap<(&str, &str), &str> {
    let packages = plan.packages.iter();
    packages
        .map(|package| (package.key(), package.version.as_str()))
        .collect()
}
