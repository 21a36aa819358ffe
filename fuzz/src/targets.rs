//! What is fuzzed, and what must hold for any input.

mod changes;
mod control_files;
pub mod deb;
mod index;
mod keyring;
mod release;
mod tar;
mod text;
mod universe;

use crate::target::FuzzTarget;

/// Returns every target.
pub fn all() -> Vec<Box<dyn FuzzTarget>> {
    vec![
        Box::new(deb::DebTarget),
        Box::new(tar::Tar),
        Box::new(control_files::Conffiles),
        Box::new(control_files::Triggers),
        Box::new(index::Control),
        Box::new(index::Stanzas),
        Box::new(text::VersionTarget),
        Box::new(text::RelationField),
        Box::new(release::ReleaseFile),
        Box::new(release::InRelease),
        Box::new(changes::ChangesTarget),
        Box::new(keyring::KeyringTarget::new()),
        Box::new(universe::UniverseBytes),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::run::{Effort, run};

    #[test]
    fn every_target_takes_some_inputs_and_refuses_some() {
        for target in all() {
            let effort = Effort {
                seed: 1,
                cases: 1500,
                time: Duration::from_secs(60),
            };
            let tally = run(&*target, effort).unwrap_or_else(|failure| {
                panic!("{}, case {}: {}", target.name(), failure.case, failure.why)
            });
            assert_eq!(tally.cases, 1500, "{}", target.name());
            assert!(
                (75..1425).contains(&tally.accepted),
                "{}: {} accepted",
                target.name(),
                tally.accepted
            );
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = all().iter().map(|target| target.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().len());
    }
}
