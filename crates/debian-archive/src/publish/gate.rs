//! The gate: checks what a publish would change, before it goes live.
//!
//! It finds packages that cannot be installed in the new state and could be in the published one. What was broken before is
//! ignored: it would otherwise block every fix.

use std::collections::HashSet;

use super::error::PublishError;
use super::refusal::Gated;
use crate::archive::Archive;
use crate::check::{BaseIndex, Uninstallable, check_state};
use crate::config::{Gate, Suite};
use archive_catalog::Snapshot;

/// Returns the packages that publishing `snapshot` would make uninstallable; empty when the suite has no gate.
pub(super) fn newly_broken(
    archive: &Archive,
    suite: &Suite,
    snapshot: &dyn Snapshot,
) -> Result<Gated, PublishError> {
    if suite.gate == Gate::Off {
        return Ok(Gated::default());
    }
    let base = suite
        .gate_base
        .iter()
        .map(|path| BaseIndex::read(&archive.local().join(path)))
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
