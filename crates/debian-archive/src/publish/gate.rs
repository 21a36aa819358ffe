//! The gate: checks what a publish would change, before it goes live.
//!
//! It finds packages that cannot be installed in the new state and could be in the published one. What was broken before is
//! ignored: it would otherwise block every fix.

use super::error::PublishError;
use super::refusal::Gated;
use crate::archive::Archive;
use crate::check::{check_with, newly_broken};
use crate::config::{Gate, Suite};
use archive_catalog::Snapshot;

impl Archive {
    /// Returns the packages that publishing `snapshot`, of any revision, would make uninstallable; empty when the suite has no gate.
    pub(crate) fn gated(&self, suite: &Suite, snapshot: &dyn Snapshot) -> Result<Gated, PublishError> {
        if suite.gate == Gate::Off {
            return Ok(Gated::default());
        }
        let base = self.gate_base(suite)?;
        let mut broken = check_with(suite, snapshot, &[], &base)?.broken;
        let published = snapshot.state().publication.as_ref();
        if let Some(published) = published.filter(|_| !broken.is_empty()) {
            let before =
                self.catalog()
                    .snapshot(&suite.codename, suite.pool_tree(), Some(published.revision))?;
            newly_broken(
                &check_with(suite, before.as_ref(), &[], &base)?.broken,
                &mut broken,
            );
        }
        Ok(Gated(broken))
    }
}
