//! The places of packages in a suite, each with an index of its own: a component and an architecture.

use std::collections::BTreeSet;

use archive_catalog::{Publication, SnapshotPackage};

/// The places that a publication shows.
pub(super) struct Places<'p>(BTreeSet<(&'p str, &'p str)>);

impl<'p> Places<'p> {
    /// Reads them from the names of its Packages indexes.
    pub(super) fn of(publication: &'p Publication) -> Self {
        let paths = publication.files.iter().map(|file| file.path.as_str());
        Self(paths.filter_map(place).collect())
    }

    /// Returns components and architectures.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(&'p str, &'p str)> {
        self.0.iter()
    }

    /// Says whether a package is in one of the indexes. One for all architectures is in that of each.
    pub(super) fn show(&self, package: &SnapshotPackage) -> bool {
        let architecture = &package.architecture;
        self.iter().any(|(component, name)| {
            *component == package.component.as_str()
                && (architecture.is_all() || *name == architecture.as_str())
        })
    }
}

/// Returns the component and the architecture of a Packages index.
fn place(path: &str) -> Option<(&str, &str)> {
    let (folder, file) = path.rsplit_once('/')?;
    let (component, architecture) = folder.rsplit_once("/binary-")?;
    file.starts_with("Packages").then_some((component, architecture))
}
