//! Which packages of a suite cannot be installed, and why.
//!
//! Reads what the catalog holds, published or not, and further indexes that the suite is used with. Changes nothing.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::architecture::Architecture;
use debian_control::counted::counted;
use debian_control::stanza::{Stanza, StanzaError, StanzaReader, index_text};
use resolver::check::check_among;
use resolver::universe::{PackageId, Source, Universe, UniverseBuilder, UniverseError};
use serde::Serialize;

use crate::archive::Archive;
use crate::compressed_file;
use crate::config::Suite;
use crate::error_text::with_causes;
use archive_catalog::{CatalogError, Content, Section, Snapshot};

/// Why a suite cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A further index cannot be read.
    #[error("cannot read `{path}`")]
    Base {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A further index has a stanza that cannot be read.
    #[error("cannot read `{path}`")]
    Stanza {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StanzaError,
    },
    /// A package has a field that the resolver cannot use.
    #[error("`{origin}` has an invalid package entry")]
    Package {
        /// The file or suite.
        origin: String,
        /// Why.
        source: Box<UniverseError>,
    },
    /// The catalog holds text that is no stanza.
    #[error("the control file of `{package}` in the catalog is invalid")]
    Control {
        /// The package.
        package: String,
        /// Why.
        source: StanzaError,
    },
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How many packages were looked at.
    pub checked: usize,
    /// What cannot be installed, ordered by name.
    pub broken: Vec<Uninstallable>,
    /// The further indexes that have packages which cannot be used, and are passed over: how many, and what is wrong with one of them.
    pub passed_over: Vec<PassedOver>,
}

/// Packages of a further index that are passed over: it is somebody else's, and says more than is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The index.
    pub path: PathBuf,
    /// How many packages.
    pub packages: usize,
    /// What is wrong with the first.
    pub first: String,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` has {} that cannot be used, and {} ignored; the first: {}",
            self.path.display(),
            counted(self.packages, "package"),
            if self.packages == 1 { "is" } else { "are" },
            self.first
        )
    }
}

/// A package that cannot be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uninstallable {
    /// Its name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
    /// Why: the shortest chain of who needs what, each link a sentence.
    pub reasons: Vec<String>,
}

/// An index that a suite is used with: its packages can be depended on and are not checked themselves.
#[derive(Debug, Clone)]
pub struct BaseIndex {
    path: PathBuf,
    text: String,
}

/// More than the index of any archive has.
const MOST_BASE_BYTES: u64 = 1 << 32;

impl BaseIndex {
    /// Reads a Packages file; its extension says how it is compressed.
    pub fn read(path: &Path) -> Result<Self, CheckError> {
        let error = |source| CheckError::Base {
            path: path.to_owned(),
            source,
        };
        let bytes = compressed_file::read(path, MOST_BASE_BYTES).map_err(error)?;
        Ok(Self {
            path: path.to_owned(),
            text: index_text(bytes),
        })
    }

    /// Adds its packages, and says what is passed over; an error where none can be used: that is no index.
    fn add_to(&self, builder: &mut UniverseBuilder) -> Result<Option<PassedOver>, CheckError> {
        let mut first = None;
        let (mut usable, mut packages) = (0_usize, 0);
        for stanza in StanzaReader::new(&self.text) {
            match self.add_one(stanza, builder) {
                Ok(()) => usable += 1,
                Err(error) => {
                    packages += 1;
                    first.get_or_insert(error);
                }
            }
        }
        match first {
            Some(error) if usable == 0 => Err(error),
            first => Ok(first.map(|error| PassedOver {
                path: self.path.clone(),
                packages,
                first: with_causes(&error),
            })),
        }
    }

    fn add_one(
        &self,
        stanza: Result<Stanza<'_>, StanzaError>,
        builder: &mut UniverseBuilder,
    ) -> Result<(), CheckError> {
        let stanza = stanza.map_err(|source| CheckError::Stanza {
            path: self.path.clone(),
            source,
        })?;
        builder
            .add(&stanza, Source::default())
            .map(drop)
            .map_err(|source| CheckError::Package {
                origin: self.path.display().to_string(),
                source: Box::new(source),
            })
    }
}

impl Archive {
    /// Checks the packages of a suite on each of its architectures, together with what it is used with.
    ///
    /// A package for `all` architectures counts once, as broken where it can be installed on none of them.
    pub fn check(
        &self,
        suite: &Suite,
        architectures: &[Architecture],
        base: &[BaseIndex],
    ) -> Result<CheckReport, CheckError> {
        let snapshot = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), None)?;
        check_architectures(suite, snapshot.as_ref(), architectures, (&[], base))
    }

    /// Reads the indexes that a suite is used with, as its gate has them.
    pub(crate) fn gate_base(&self, suite: &Suite) -> Result<Vec<BaseIndex>, CheckError> {
        let paths = suite.gate_base.iter();
        paths
            .map(|path| BaseIndex::read(&self.local().join(path)))
            .collect()
    }
}

/// Checks the packages of one state of a suite, and those that were to come into it, as [`Archive::check`] does.
pub(crate) fn check_with(
    suite: &Suite,
    snapshot: &dyn Snapshot,
    added: &[&Content],
    base: &[BaseIndex],
) -> Result<CheckReport, CheckError> {
    let mut checked = check_architectures(suite, snapshot, &suite.architectures, (added, base))?;
    // One of these may be what is missing.
    let passed_over: Vec<String> = checked.passed_over.iter().map(ToString::to_string).collect();
    for broken in &mut checked.broken {
        broken.reasons.extend(passed_over.iter().cloned());
    }
    Ok(checked)
}

/// Takes away from what is broken after a change what was broken before it: that would otherwise block every fix.
pub(crate) fn newly_broken(before: &[Uninstallable], after: &mut Vec<Uninstallable>) {
    fn identity(package: &Uninstallable) -> [&str; 3] {
        [&package.package, &package.version, &package.architecture]
    }
    let before: HashSet<[&str; 3]> = before.iter().map(identity).collect();
    after.retain(|package| !before.contains(&identity(package)));
}

fn check_architectures(
    suite: &Suite,
    snapshot: &dyn Snapshot,
    architectures: &[Architecture],
    (added, base): (&[&Content], &[BaseIndex]),
) -> Result<CheckReport, CheckError> {
    let mut found: BTreeMap<CheckedPackage, Option<Uninstallable>> = BTreeMap::new();
    let mut passed_over: Vec<PassedOver> = Vec::new();
    for architecture in architectures {
        let mut builder = UniverseBuilder::new(architecture, &[]);
        let mut own = add_suite(suite, snapshot, architecture, &mut builder)?;
        let fitting = added
            .iter()
            .filter(|content| content.architecture == *architecture || content.architecture.is_all());
        for content in fitting {
            let checked = CheckedPackage {
                name: content.name.to_string(),
                version_key: content.version.sort_key(),
                architecture: content.architecture.to_string(),
            };
            own.extend(add(suite, &content.control, checked, &mut builder)?);
        }
        for base in base {
            let here = base.add_to(&mut builder)?;
            passed_over.extend(here.filter(|here| passed_over.iter().all(|known| known.path != here.path)));
        }
        for (checked, outcome) in outcomes(&builder.finish(), own) {
            let known = found.entry(checked).or_insert_with(|| outcome.clone());
            if outcome.is_none() {
                *known = None;
            }
        }
    }
    Ok(CheckReport {
        checked: found.len(),
        broken: found.into_values().flatten().collect(),
        passed_over,
    })
}

/// What tells one package of a suite from another, in the order in which they are listed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct CheckedPackage {
    name: String,
    version_key: Vec<u8>,
    architecture: String,
}

fn outcomes(
    universe: &Universe,
    own: Vec<(PackageId, CheckedPackage)>,
) -> Vec<(CheckedPackage, Option<Uninstallable>)> {
    let packages: Vec<PackageId> = own.iter().map(|(package, _)| *package).collect();
    let mut broken: BTreeMap<PackageId, Vec<String>> = check_among(universe, &packages)
        .into_iter()
        .map(|broken| (broken.package, broken.reasons))
        .collect();
    own.into_iter()
        .map(|(package, checked)| {
            let reasons = broken.remove(&package);
            (
                checked,
                reasons.map(|reasons| uninstallable(universe, package, reasons)),
            )
        })
        .collect()
}

fn add_suite(
    suite: &Suite,
    snapshot: &dyn Snapshot,
    architecture: &Architecture,
    builder: &mut UniverseBuilder,
) -> Result<Vec<(PackageId, CheckedPackage)>, CheckError> {
    let mut own = Vec::new();
    for component in &suite.components {
        let section = Section {
            component,
            architecture,
        };
        let mut packages = Vec::new();
        snapshot.indexed(&section, None, &mut |package| {
            packages.push((package.position, package.control));
            true
        })?;
        for (position, control) in packages {
            let checked = CheckedPackage {
                name: position.name,
                version_key: position.version_key,
                architecture: position.architecture,
            };
            own.extend(add(suite, &control, checked, builder)?);
        }
    }
    Ok(own)
}

fn add(
    suite: &Suite,
    control: &str,
    checked: CheckedPackage,
    builder: &mut UniverseBuilder,
) -> Result<Option<(PackageId, CheckedPackage)>, CheckError> {
    let stanza = Stanza::parse(control).map_err(|source| CheckError::Control {
        package: checked.name.clone(),
        source,
    })?;
    let package = builder
        .add(&stanza, Source::default())
        .map_err(|source| CheckError::Package {
            origin: suite.codename.to_string(),
            source: Box::new(source),
        })?;
    Ok(package.map(|package| (package, checked)))
}

fn uninstallable(universe: &Universe, package: PackageId, reasons: Vec<String>) -> Uninstallable {
    Uninstallable {
        package: universe.name(package).to_owned(),
        version: universe.version(package).to_owned(),
        architecture: universe.architecture(package).to_owned(),
        reasons,
    }
}
