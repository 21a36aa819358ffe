//! Which package a name alone means.

use std::cmp::Reverse;

use debian_control::version::Version;

use super::PackageCache;
use super::summaries::PackageSummary;
use crate::lists::Index;

impl PackageCache {
    /// Returns the packages of a name, the one first that a request for the name alone brings where nothing is installed.
    ///
    /// The order is the resolver's: by the priority of their sources, then the newest first, then by architecture, foreign ones last.
    pub fn preferred(&self, name: &str) -> Vec<PackageSummary<'_>> {
        let mut found: Vec<PackageSummary<'_>> = self.summaries.named(name).collect();
        found.sort_by_cached_key(|summary| {
            let priority = self.indexes_of(summary).map(Index::priority).max();
            let version = summary.version.parse::<Version>().ok();
            (Reverse((priority, version)), self.distance(summary.architecture))
        });
        found
    }

    /// Says whether a package is the preferred one of those that have its name and run as the same architecture.
    pub fn is_preferred(&self, summary: &PackageSummary<'_>) -> bool {
        let runs_as = |one: &PackageSummary<'_>| self.distance(one.architecture).max(NATIVE);
        let own = runs_as(summary);
        let mut preferred = self.preferred(summary.name).into_iter();
        preferred
            .find(|other| runs_as(other) == own)
            .is_some_and(|first| first.place == summary.place)
    }

    /// Says how far an architecture is from the machine's own; packages of `all` run as that.
    fn distance(&self, architecture: &str) -> usize {
        let mut all = ["all", self.machine.native.as_str()]
            .into_iter()
            .chain(self.machine.foreign.iter().map(|foreign| foreign.as_str()));
        all.position(|one| one == architecture).unwrap_or(usize::MAX)
    }
}

/// How far the machine's own architecture is.
const NATIVE: usize = 1;
