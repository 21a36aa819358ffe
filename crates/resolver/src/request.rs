//! What is asked for.

use std::collections::HashSet;

use debian_control::relation::Constraint;

use crate::universe::{ArchitectureId, PackageId, Universe};

/// What is asked for, and what is there.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Packages to install.
    pub install: Vec<Target>,
    /// Packages to remove: every version that the target means.
    pub remove: Vec<Target>,
    /// What to bring to its newest version.
    pub upgrade: Upgrade,
    /// What is installed.
    pub installed: Vec<Installed>,
    /// Whether what new packages recommend is taken where it can be.
    pub recommends: Recommends,
    /// What becomes of installed packages that are broken before anything is done.
    pub broken: WasBroken,
    /// Packages that are left out: dpkg has no order in which they could come.
    pub left_out: Vec<PackageId>,
}

/// A package that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By name: a real package, or where there is none of that name, one that provides it.
    Named {
        /// The name.
        name: String,
        /// Only of this architecture. Left out: the native one where it has it, else any.
        architecture: Option<String>,
        /// Only such versions. A version that is older than the installed one is taken where only that is meant.
        constraint: Option<Constraint>,
    },
    /// One of these, the first one preferred: what one suite has, or a file.
    OneOf {
        /// What to call it in messages.
        label: String,
        /// Which ones.
        packages: Vec<PackageId>,
    },
}

/// What to bring to its newest version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Upgrade {
    /// Nothing but what the request needs.
    #[default]
    Nothing,
    /// Installed packages of these names, each with or without an architecture: `name:architecture`.
    Names(Vec<String>),
    /// All that is installed, as far as that removes nothing.
    All,
    /// All that is installed; what stands against that is removed, where it matters less.
    Full,
}

/// A package that is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installed {
    /// Which one.
    pub package: PackageId,
    /// How it came.
    pub mark: Mark,
    /// Whether it may change.
    pub hold: Hold,
}

/// How an installed package came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// It was asked for.
    #[default]
    Manual,
    /// Something needed it.
    Automatic,
}

/// Whether an installed package may change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hold {
    /// It may.
    #[default]
    Free,
    /// It stays in its version, since somebody wants it to.
    Held,
    /// It is part of what this installation stands on, and nothing here can change it.
    Fixed,
}

impl Hold {
    /// Says whether the package stays as it is, whoever wants that.
    pub fn stays(self) -> bool {
        self != Self::Free
    }
}

/// Whether what packages recommend is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Recommends {
    /// Where it can be.
    #[default]
    Take,
    /// Only where something needs it.
    Leave,
}

/// What becomes of installed packages that are broken already: that lack what they need, or stand beside what they rule out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WasBroken {
    /// They stay as they are, unless they are asked for themselves or something has to change them.
    #[default]
    Stays,
    /// What they lack comes, or they go.
    IsRepaired,
}

impl Target {
    /// Means a package by its name alone.
    pub fn named(name: &str) -> Self {
        Self::Named {
            name: name.to_owned(),
            architecture: None,
            constraint: None,
        }
    }

    /// Returns what to call it in messages.
    pub fn label(&self) -> String {
        match self {
            Self::Named {
                name,
                architecture,
                constraint,
            } => {
                let architecture = architecture.iter().map(|name| format!(":{name}"));
                let constraint = constraint
                    .iter()
                    .map(|Constraint { operator, version }| format!(" ({operator} {version})"));
                format!(
                    "`{name}{}`{}",
                    architecture.collect::<String>(),
                    constraint.collect::<String>()
                )
            }
            Self::OneOf { label, .. } => format!("`{label}`"),
        }
    }

    /// Returns what it means, the preferred one first.
    pub(crate) fn packages(&self, universe: &Universe) -> Vec<PackageId> {
        match self {
            Self::OneOf { packages, .. } => {
                let mut met = HashSet::new();
                packages
                    .iter()
                    .copied()
                    .filter(|package| met.insert(*package))
                    .collect()
            }
            Self::Named {
                name,
                architecture,
                constraint,
            } => {
                let Some(name) = universe.name_of(name) else {
                    return Vec::new();
                };
                let fits_version = |id: &PackageId| {
                    constraint.as_ref().is_none_or(|constraint| {
                        universe
                            .version(*id)
                            .parse()
                            .is_ok_and(|version| constraint.is_met_by(&version))
                    })
                };
                let fits_architecture = |id: &PackageId| match architecture {
                    None => true,
                    Some(wanted) => universe.runs_as(*id, wanted),
                };
                let real = universe.named(name).iter().copied().filter(fits_architecture);
                let real: Vec<PackageId> = real.collect();
                let found = if universe.named(name).is_empty() && constraint.is_none() {
                    universe
                        .providers(name)
                        .iter()
                        .map(|provider| provider.package)
                        .filter(fits_architecture)
                        .collect()
                } else {
                    real
                };
                let found = found
                    .into_iter()
                    .filter(fits_version)
                    .filter(|id| universe.priority(*id) >= 0);
                preferring_native(universe, found.collect())
            }
        }
    }

    /// Says whether it means whatever provides its name.
    pub(crate) fn is_provided(&self, universe: &Universe) -> bool {
        match self {
            Self::Named { name, .. } => universe.versions_of(name).is_empty(),
            Self::OneOf { .. } => false,
        }
    }

    /// Says whether it means chosen versions, so that an older one than the installed is meant as it is.
    pub(crate) fn is_exact(&self) -> bool {
        match self {
            Self::Named { constraint, .. } => constraint.is_some(),
            Self::OneOf { .. } => true,
        }
    }
}

/// Leaves the native packages, where there are any.
fn preferring_native(universe: &Universe, packages: Vec<PackageId>) -> Vec<PackageId> {
    let is_native = |id: &PackageId| universe.machine(*id) == ArchitectureId::NATIVE;
    if packages.iter().any(is_native) {
        packages.into_iter().filter(is_native).collect()
    } else {
        packages
    }
}
