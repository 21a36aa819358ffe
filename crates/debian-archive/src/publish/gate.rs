//! The gate: a look at what a publish would bring, before it goes live.
//!
//! It minds what cannot be installed in the new state and was not so in the published one. What was broken before is
//! nobody's change, and would otherwise keep every mending out.

use std::collections::HashSet;
use std::fmt;

use super::PublishError;
use crate::archive::Archive;
use crate::check::{Base, Uninstallable, check_state};
use crate::config::{Gate, Suite};
use archive_catalog::Snapshot;

/// Packages that a publish brings, or changes the needs of, and that nobody can install.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gated(pub Vec<Uninstallable>);

/// How many packages an error names; the rest are counted.
const NAMED: usize = 5;

impl fmt::Display for Gated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, broken) in self.0.iter().take(NAMED).enumerate() {
            let before = if number == 0 { "" } else { "; " };
            let reasons = broken.reasons.join(", ");
            write!(
                formatter,
                "{before}`{}` {} for {}: {reasons}",
                broken.package, broken.version, broken.architecture
            )?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more"),
        }
    }
}

/// Returns what publishing `snapshot` would newly bring that nobody can install; nothing where the suite has no gate.
pub(super) fn look(archive: &Archive, suite: &Suite, snapshot: &dyn Snapshot) -> Result<Gated, PublishError> {
    if suite.gate == Gate::Off {
        return Ok(Gated::default());
    }
    let base = suite
        .gate_base
        .iter()
        .map(|path| Base::read(&archive.root().join(path)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut broken = check_state(suite, snapshot, &suite.architectures, &base)?.broken;
    let published = snapshot.state().publication.as_ref();
    if let Some(published) = published.filter(|_| !broken.is_empty()) {
        let before =
            archive
                .catalog()
                .snapshot(&suite.codename, suite.pool_tree(), Some(published.revision))?;
        let before = check_state(suite, before.as_ref(), &suite.architectures, &base)?.broken;
        let before: HashSet<[&str; 3]> = before.iter().map(identity).collect();
        broken.retain(|package| !before.contains(&identity(package)));
    }
    Ok(Gated(broken))
}

fn identity(package: &Uninstallable) -> [&str; 3] {
    [&package.package, &package.version, &package.architecture]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_named_in_part_and_counted() {
        let broken = |number: usize| Uninstallable {
            package: format!("p{number}"),
            version: "1".to_owned(),
            architecture: "all".to_owned(),
            reasons: vec!["it needs `x`".to_owned()],
        };
        let text = Gated((1..=7).map(broken).collect()).to_string();
        assert!(text.starts_with("`p1` 1 for all: it needs `x`; `p2`"), "{text}");
        assert!(text.ends_with("; and 2 more"), "{text}");
    }
}
