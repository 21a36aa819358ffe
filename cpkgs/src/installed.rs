//! What is installed: by dpkg, or without root.

use std::path::Path;

use resolver::request::{Hold, Mark};
use rootless::generation::{GenerationError, Generations, Held, PackageRecord};

/// An installed package, with or without root, as a request needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledPackage {
    /// `Package`.
    pub name: String,
    /// `Version`.
    pub version: String,
    /// `Architecture`.
    pub architecture: String,
    /// Its stanza.
    pub stanza: String,
    /// Whether somebody asked for it, or another package needed it.
    pub mark: Mark,
    /// Whether it may change.
    pub hold: Hold,
    /// How far its installation came.
    pub state: State,
}

/// How far the installation of a package came. Source: dpkg(1), "Package states" and "Package flags".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is complete.
    Installed,
    /// It has to be configured, or its triggers have to be processed; with dpkg's word for it.
    Unconfigured(String),
    /// Files may be missing: it has to be unpacked again; with dpkg's word for it.
    Damaged(String),
}

impl From<PackageRecord> for InstalledPackage {
    fn from(record: PackageRecord) -> Self {
        Self {
            mark: if record.automatic {
                Mark::Automatic
            } else {
                Mark::Manual
            },
            hold: match record.hold {
                Held::Held => Hold::Held,
                Held::Free => Hold::Free,
            },
            state: State::Installed,
            name: record.name,
            version: record.version,
            architecture: record.architecture,
            stanza: record.stanza,
        }
    }
}

/// Returns the packages of the current generation; none before the first.
///
/// # Errors
///
/// When the record of the generation cannot be read.
pub fn read(install: &Path) -> Result<Vec<InstalledPackage>, GenerationError> {
    let records = Generations::new(install).current_plan()?.packages;
    Ok(records.into_iter().map(InstalledPackage::from).collect())
}
