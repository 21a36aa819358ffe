//! What a request is decided on: the packages of the sources, the files that were named, and what is installed.

use debian_control::stanza::Stanza;
use resolver::request::{Installed, Target};
use resolver::universe::{PackageId, Universe};

use crate::autoremovable::{AutoremovableError, InstalledStanza, Keeping, autoremovable};
use crate::installed::{InstalledPackage, State};
use crate::local::LocalDeb;
use crate::preferences::{Candidate, Preferences};
use crate::spec::Named;
use crate::system::System;
use apt_client::package_cache::{Extra, PackageCache, PackageCacheError};

/// The priority of what is only installed. Source: apt_preferences(5).
const INSTALLED: i32 = 100;
/// The priority of a file that was named.
const NAMED: i32 = 500;

/// What a request is decided on.
pub struct ResolverInput<'l> {
    library: &'l PackageCache,
    /// All packages.
    pub universe: Universe,
    /// What is installed.
    pub installed: Vec<Installed>,
    /// Stanzas of packages that are in no index, with their numbers.
    extra: Vec<(PackageId, String)>,
    files: Vec<(PackageId, LocalDeb)>,
    /// The system that the installed packages are of; none without root.
    system: Option<System>,
}

impl<'l> ResolverInput<'l> {
    /// Sets it up.
    ///
    /// # Errors
    /// When an index cannot be read, or a package says something that has no meaning.
    pub fn new(
        library: &'l PackageCache,
        present: &[InstalledPackage],
        files: Vec<LocalDeb>,
    ) -> Result<Self, PackageCacheError> {
        let mut stanzas: Vec<(String, Extra)> = Vec::new();
        // Each installed package is one of the library's, or the next of those that come besides.
        let mut known = Vec::new();
        for package in present {
            let found = library_has(library, package)?;
            if found.is_none() {
                let extra = match package.state {
                    State::Damaged(_) => Extra::Damaged(INSTALLED),
                    State::Installed | State::Unconfigured(_) => Extra::Installed(INSTALLED),
                };
                stanzas.push((package.stanza.clone(), extra));
            }
            known.push(found);
        }
        stanzas.extend(
            files
                .iter()
                .map(|file| (file.stanza.clone(), Extra::Offered(NAMED))),
        );
        let (universe, numbers) = if stanzas.is_empty() {
            (library.universe()?, Vec::new())
        } else {
            library.universe_with(&stanzas)?
        };
        let mut next = numbers.iter().copied();
        let mut installed = Vec::new();
        for (present, known) in present.iter().zip(known) {
            let package = match known {
                Some(place) => PackageId::from_index(place, &universe),
                None => next.next().flatten(),
            };
            installed.extend(package.map(|package| Installed {
                package,
                mark: present.mark,
                hold: present.hold,
            }));
        }
        let files = next
            .zip(files)
            .map(|(number, file)| match number {
                Some(number) => Ok((number, file)),
                None => Err(PackageCacheError::Foreign {
                    architecture: file.architecture(),
                    path: file.path,
                }),
            })
            .collect::<Result<_, _>>()?;
        // What the library has of a package as well is fetched from there.
        let extra = numbers.iter().copied().zip(stanzas);
        let extra = extra.filter_map(|(number, (stanza, _))| Some((number?, stanza)));
        let extra = extra.filter(|(number, _)| number.index() >= library.summaries().len());
        Ok(Self {
            installed,
            universe,
            library,
            extra: extra.collect(),
            files,
            system: None,
        })
    }

    /// Says that the installed packages are those of a system: its apt has a say in what is needed there.
    pub fn of(self, system: &System) -> Self {
        Self {
            system: Some(system.clone()),
            ..self
        }
    }

    /// Returns which of some installed packages came by themselves and are not needed any more.
    ///
    /// # Errors
    /// When the stanza of one cannot be read, or apt's configuration of the system.
    pub fn autoremovable(&self, installed: &[Installed]) -> Result<Vec<PackageId>, AutoremovableError> {
        let Some(system) = &self.system else {
            return Ok(resolver::autoremovable::autoremovable(&self.universe, installed));
        };
        let texts = installed.iter().map(|one| self.stanza(one.package));
        let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
        let stanzas = texts.iter().map(|text| Stanza::of_index(text));
        let stanzas: Vec<Stanza<'_>> = stanzas.collect::<Result<_, _>>()?;
        let present = installed
            .iter()
            .zip(&stanzas)
            .map(|(one, stanza)| InstalledStanza {
                stanza,
                mark: one.mark,
                hold: one.hold,
            });
        let present: Vec<InstalledStanza<'_>> = present.collect();
        let builder = self.library.machine().builder();
        let places = autoremovable(builder, &present, &Keeping::read(system)?)?.into_iter();
        let packages = places.filter_map(|place| installed.get(place));
        Ok(packages.map(|one| one.package).collect())
    }

    /// Prefers packages as an administrator wants it.
    pub fn prefer(&mut self, preferences: &Preferences) {
        if preferences.is_empty() {
            return;
        }
        let library = self.library;
        self.universe.set_priorities(|universe, package| {
            let indexes: Vec<_> = library.indexes(package).collect();
            preferences.priority(Candidate {
                name: universe.name(package),
                architecture: universe.architecture(package),
                version: universe.version(package),
                source: &|| source_of(library, package),
                indexes: &indexes,
            })
        });
    }

    /// Returns the packages of the sources.
    pub fn library(&self) -> &'l PackageCache {
        self.library
    }

    /// Returns the stanza of a package.
    ///
    /// # Errors
    /// When the index that has it cannot be read.
    pub fn stanza(&self, package: PackageId) -> Result<String, PackageCacheError> {
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

    /// Returns the installed packages that a person means by a name, with or without an architecture.
    pub fn installed_of(&self, named: &Named) -> impl Iterator<Item = &Installed> {
        self.installed.iter().filter(|installed| {
            self.universe.name(installed.package) == named.name && self.is_of(installed.package, named)
        })
    }

    /// Returns the packages, installed or not, that a person means by a name, with or without an architecture.
    pub fn matching(&self, named: &Named) -> Vec<PackageId> {
        let versions = self.universe.versions_of(&named.name).iter().copied();
        versions.filter(|package| self.is_of(*package, named)).collect()
    }

    /// Adds the architecture to a name where the package is installed for others than the machine's alone.
    pub fn with_architecture(&self, named: Named) -> Named {
        let native = |package| self.universe.runs_as(package, crate::machine::architecture());
        let mut installed = self.installed_of(&named).map(|installed| installed.package);
        let first = installed.next();
        let is_native = first.into_iter().chain(installed).any(native);
        let architecture = match (&named.architecture, first) {
            (None, Some(first)) if !is_native => Some(self.universe.architecture(first).to_owned()),
            (architecture, _) => architecture.clone(),
        };
        Named {
            architecture,
            ..named
        }
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

/// Returns the name of the source of a package that an index has. Source: Debian Policy 5.6.1.
pub(crate) fn source_of(library: &PackageCache, package: PackageId) -> Option<String> {
    let text = library.stanza(package).ok()?;
    let stanza = Stanza::of_index(&text).ok()?;
    let named = stanza.line("Source").or(stanza.line("Package"))?;
    Some(named.split_whitespace().next()?.to_owned())
}

/// Returns the place in the library of the very package that is installed; one of the same version with other bytes is another.
/// `None` also where that takes a closer look, which the universe has.
fn library_has(
    library: &PackageCache,
    present: &InstalledPackage,
) -> Result<Option<usize>, PackageCacheError> {
    if matches!(present.state, State::Damaged(_)) {
        return Ok(None);
    }
    let same = library
        .summaries()
        .named(&present.name)
        .filter(|fact| fact.version == present.version && fact.architecture == present.architecture);
    for fact in same {
        if is_same(&library.stanza_of(&fact)?, &present.stanza) {
            return Ok(Some(fact.place));
        }
    }
    Ok(None)
}

/// The fields that tell two packages of one version apart where no digest does. Source: `UniverseBuilder::add`.
const TELLING: [&str; 10] = [
    "Pre-Depends",
    "Depends",
    "Recommends",
    "Conflicts",
    "Breaks",
    "Provides",
    "Multi-Arch",
    "Essential",
    "Protected",
    "Important",
];

fn is_same(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (Stanza::of_index(one), Stanza::of_index(other)) else {
        return false;
    };
    if let (Some(one), Some(other)) = (one.line("SHA256"), other.line("SHA256")) {
        return one == other;
    }
    TELLING.iter().all(|name| {
        let [one, other] = [&one, &other].map(|stanza| stanza.get(name).map_or("", |field| field.value()));
        one == other
    })
}
