//! What a request is decided on: the packages of the sources, the files that were named, and what is installed.

use resolver::request::{Hold, Installed, Mark, Target};
use resolver::universe::{PackageId, Universe};

use crate::library::{Library, LibraryError};
use crate::local::LocalDeb;
use crate::spec::Named;

/// The priority of what is only installed. Source: apt_preferences(5).
const INSTALLED: i32 = 100;
/// The priority of a file that was named.
const NAMED: i32 = 500;

/// A package that is installed, however it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// `Package`.
    pub name: String,
    /// `Version`.
    pub version: String,
    /// `Architecture`.
    pub architecture: String,
    /// Its stanza.
    pub stanza: String,
    /// How it came.
    pub mark: Mark,
    /// Whether it may change.
    pub hold: Hold,
}

/// What a request is decided on.
pub struct Scene<'l> {
    library: &'l Library,
    /// All packages.
    pub universe: Universe,
    /// What is installed.
    pub installed: Vec<Installed>,
    /// Stanzas of packages that are in no index, with their numbers.
    extra: Vec<(PackageId, String)>,
    files: Vec<(PackageId, LocalDeb)>,
}

impl<'l> Scene<'l> {
    /// Sets it up.
    ///
    /// # Errors
    /// When an index cannot be read, or a package says something that has no meaning.
    pub fn new(
        library: &'l Library,
        present: &[Present],
        files: Vec<LocalDeb>,
    ) -> Result<Self, LibraryError> {
        let known = |present: &&Present| {
            library
                .facts()
                .named(&present.name)
                .any(|fact| fact.version == present.version && fact.architecture == present.architecture)
        };
        let unknown: Vec<&Present> = present.iter().filter(|present| !known(present)).collect();
        let mut stanzas: Vec<(String, i32)> = unknown
            .iter()
            .map(|present| (present.stanza.clone(), INSTALLED))
            .collect();
        stanzas.extend(files.iter().map(|file| (file.stanza.clone(), NAMED)));
        let (universe, numbers) = if stanzas.is_empty() {
            (library.universe()?, Vec::new())
        } else {
            library.universe_with(&stanzas)?
        };
        let extra = numbers.iter().copied().zip(stanzas);
        let extra = extra.filter_map(|(number, (stanza, _))| Some((number?, stanza)));
        let extra: Vec<(PackageId, String)> = extra.collect();
        let placed = numbers.into_iter().skip(unknown.len()).zip(files);
        let files = placed
            .map(|(number, file)| match number {
                Some(number) => Ok((number, file)),
                None => Err(LibraryError::Foreign {
                    architecture: file.architecture(),
                    path: file.path,
                }),
            })
            .collect::<Result<_, _>>()?;
        let installed = present.iter().filter_map(|present| {
            let package = find(
                &universe,
                [&present.name, &present.version, &present.architecture],
            )?;
            Some(Installed {
                package,
                mark: present.mark,
                hold: present.hold,
            })
        });
        Ok(Self {
            installed: installed.collect(),
            universe,
            library,
            extra,
            files,
        })
    }

    /// Returns the packages of the sources.
    pub fn library(&self) -> &'l Library {
        self.library
    }

    /// Returns the stanza of a package.
    ///
    /// # Errors
    /// When the index that has it cannot be read.
    pub fn stanza(&self, package: PackageId) -> Result<String, LibraryError> {
        match self.extra.iter().find(|(number, _)| *number == package) {
            Some((_, stanza)) => Ok(stanza.clone()),
            None => self.library.stanza(package),
        }
    }

    /// Returns the file that a package is, where it was named so.
    pub fn file(&self, package: PackageId) -> Option<&LocalDeb> {
        self.files
            .iter()
            .find(|(number, _)| *number == package)
            .map(|(_, file)| file)
    }

    /// Returns what is installed of a package.
    pub fn installed_as(&self, package: PackageId) -> Option<&Installed> {
        self.installed
            .iter()
            .find(|installed| installed.package == package)
    }

    /// Says whether a package of this name is installed.
    pub fn has(&self, name: &str) -> bool {
        self.installed
            .iter()
            .any(|installed| self.universe.name(installed.package) == name)
    }

    /// Returns what the resolver is to look for.
    pub fn target(&self, named: &Named) -> Target {
        let name = named.name.clone();
        if let Some(suite) = &named.suite {
            let from = |package: &PackageId| {
                let mut indexes = self.library.indexes(*package);
                indexes.any(|index| index.is_suite(suite)) && self.is_of(*package, named)
            };
            let packages = self.universe.versions_of(&name).iter().copied().filter(from);
            return Target::OneOf {
                label: format!("{name}/{suite}"),
                packages: packages.collect(),
            };
        }
        match &named.version {
            // The text of the version is meant, whatever dpkg calls equal.
            Some(version) => {
                let packages = self.universe.versions_of(&name).iter().copied();
                Target::OneOf {
                    label: format!("{name}={version}"),
                    packages: packages
                        .filter(|package| {
                            self.universe.version(*package) == version && self.is_of(*package, named)
                        })
                        .collect(),
                }
            }
            None => Target::Named {
                name,
                architecture: named.architecture.clone(),
                constraint: None,
            },
        }
    }

    /// Returns the target of a file that was named; its place counts among the files.
    pub fn file_target(&self, place: usize) -> Option<Target> {
        let (package, file) = self.files.get(place)?;
        Some(Target::OneOf {
            label: file.path.display().to_string(),
            packages: vec![*package],
        })
    }

    fn is_of(&self, package: PackageId, named: &Named) -> bool {
        let architecture = self.universe.architecture(package);
        named
            .architecture
            .as_deref()
            .is_none_or(|wanted| wanted == architecture || architecture == "all")
    }
}

/// Finds a package by its identity.
fn find(universe: &Universe, [name, version, architecture]: [&str; 3]) -> Option<PackageId> {
    let mut versions = universe.versions_of(name).iter().copied();
    versions.find(|package| {
        universe.version(*package) == version && universe.architecture(*package) == architecture
    })
}
