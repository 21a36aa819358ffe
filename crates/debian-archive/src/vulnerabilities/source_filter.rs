//! What is looked for in the data of a distribution.

use std::collections::BTreeSet;

use debian_control::name::PackageName;

/// Names of source packages.
pub type SourceNames = BTreeSet<String>;

/// What is looked for; all else is passed over while it is read.
#[derive(Debug, Clone)]
pub struct SourceFilter {
    /// The source packages; `None`: all that there are.
    pub sources: Option<SourceNames>,
    /// The releases.
    pub releases: BTreeSet<String>,
}

impl SourceFilter {
    pub(super) fn contains(&self, name: &str) -> bool {
        match &self.sources {
            Some(names) => names.contains(name),
            // Fields of a record that hold objects have an underscore, which no source package has.
            None => name
                .parse::<PackageName>()
                .is_ok_and(|name| name.check_policy().is_ok()),
        }
    }
}
