//! Which architectures packages are taken for.

use cpkgs::config::Config;
use cpkgs::machine;
use cpkgs::system::{System, SystemError};

/// The architectures that packages may have, and those that are asked for where a source names none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Architectures {
    /// Those that may be installed besides the machine's own.
    pub(super) foreign: Vec<String>,
    /// What counts for sources without `architectures`; the machine's own comes first.
    pub(super) default: Vec<String>,
}

impl Architectures {
    /// Without root: the machine's own, and whatever sources name.
    pub(super) fn own(config: &Config) -> Self {
        let native = machine::architecture();
        let mut foreign: Vec<String> = Vec::new();
        for architecture in config.sources.iter().flat_map(|source| &source.architectures) {
            if architecture != native && architecture != "all" && !foreign.contains(architecture) {
                foreign.push(architecture.clone());
            }
        }
        Self {
            foreign,
            default: vec![native.to_owned()],
        }
    }

    /// In a system: those that its dpkg knows.
    pub(super) fn of(system: &System) -> Result<Self, SystemError> {
        let foreign = system.foreign_architectures()?;
        let native = [machine::architecture().to_owned()];
        Ok(Self {
            default: native.into_iter().chain(foreign.iter().cloned()).collect(),
            foreign,
        })
    }
}
