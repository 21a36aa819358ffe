//! Whether packages can be installed beside each other: everything that each of them needs is there, and nothing that
//! one of them rules out.
//!
//! Reads stanzas by itself and shares nothing with the solver, so that a fault of one is found by the other.
//! Source: Debian Policy chapter 7, Debian's Multiarch specification.

use std::collections::HashMap;
use std::fmt;

use debian_control::relation::{Alternatives, ArchQualifier, Constraint, Relation, RelationKind, Relations};
use debian_control::stanza::Stanza;
use debian_control::version::Version;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A stanza cannot be read.
    Unreadable {
        /// The package, as far as that could be read.
        package: String,
        /// What is wrong.
        wrong: String,
    },
    /// A package lacks something.
    Unmet {
        /// The package.
        package: String,
        /// What it needs.
        need: String,
    },
    /// One package rules out another.
    Conflict {
        /// The package.
        package: String,
        /// The other one.
        other: String,
    },
    /// Two versions of one package, or one that does not stand beside its like of another architecture.
    Twice {
        /// The one.
        package: String,
        /// The other.
        other: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { package, wrong } => write!(formatter, "`{package}`: {wrong}"),
            Self::Unmet { package, need } => write!(formatter, "`{package}` needs `{need}`"),
            Self::Conflict { package, other } => write!(formatter, "`{package}` rules out `{other}`"),
            Self::Twice { package, other } => {
                write!(formatter, "`{package}` and `{other}` beside each other")
            }
        }
    }
}

/// A package as it is read here.
#[derive(Clone)]
pub(super) struct Package {
    pub(super) label: String,
    pub(super) name: String,
    pub(super) version: Version,
    /// The native one for `all`.
    pub(super) architecture: String,
    multi_arch: String,
    #[allow(dead_code, reason = "where only sets are audited, nothing goes")]
    pub(super) may_go: bool,
    pub(super) pre_depends: Vec<Alternatives>,
    depends: Vec<Alternatives>,
    pub(super) conflicts: Vec<Relation>,
    pub(super) breaks: Vec<Relation>,
    provides: Vec<Relation>,
}

impl Package {
    /// Returns it as what pre-depends on it knows it until it is configured: by its name, and by nothing that it provides.
    #[allow(dead_code, reason = "where only sets are audited, nothing is unpacked")]
    pub(super) fn by_name_alone(&self) -> Self {
        Self {
            provides: Vec::new(),
            ..self.clone()
        }
    }

    pub(super) fn needs(&self) -> impl Iterator<Item = &Alternatives> {
        self.pre_depends.iter().chain(&self.depends)
    }
}

/// Returns what does not hold among packages that are to be installed beside each other; nothing where all is well.
pub(crate) fn audit(stanzas: &[Stanza<'_>], native: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut packages = Vec::new();
    for stanza in stanzas {
        match read(stanza, native) {
            Ok(package) => packages.push(package),
            Err(wrong) => faults.push(Fault::Unreadable {
                package: stanza.line("Package").unwrap_or_default().to_owned(),
                wrong,
            }),
        }
    }
    let set = Set::new(&packages, native);
    for package in &packages {
        set.find_faults(package, &mut faults);
    }
    faults
}

pub(super) fn read(stanza: &Stanza<'_>, native: &str) -> Result<Package, String> {
    let line = |name: &str| stanza.line(name).unwrap_or_default().to_owned();
    let relations = |kind: RelationKind| {
        let text = stanza
            .get(kind.field_name())
            .map(|field| field.value().replace('\r', " "));
        Relations::parse(kind, &text.unwrap_or_default()).map_err(|error| error.to_string())
    };
    let version: Version = line("Version").parse().map_err(|error| format!("{error}"))?;
    let architecture = match line("Architecture") {
        all if all == "all" => native.to_owned(),
        other => other,
    };
    Ok(Package {
        label: format!("{}:{architecture} {version}", line("Package")),
        name: line("Package"),
        version,
        architecture,
        multi_arch: line("Multi-Arch"),
        may_go: ["Essential", "Protected", "Important"]
            .iter()
            .all(|name| line(name) != "yes"),
        pre_depends: relations(RelationKind::PreDepends)?.0,
        depends: relations(RelationKind::Depends)?.0,
        conflicts: flat(relations(RelationKind::Conflicts)?),
        breaks: flat(relations(RelationKind::Breaks)?),
        provides: flat(relations(RelationKind::Provides)?),
    })
}

fn flat(relations: Relations) -> Vec<Relation> {
    relations.0.into_iter().flat_map(|group| group.0).collect()
}

/// Packages beside each other, to be found by the names they have and provide.
pub(super) struct Set<'a> {
    native: &'a str,
    by_name: HashMap<&'a str, Vec<&'a Package>>,
    by_provided: HashMap<&'a str, Vec<(&'a Package, &'a Relation)>>,
}

impl<'a> Set<'a> {
    pub(super) fn new(packages: impl IntoIterator<Item = &'a Package>, native: &'a str) -> Self {
        let mut set = Self {
            native,
            by_name: HashMap::new(),
            by_provided: HashMap::new(),
        };
        for package in packages {
            set.by_name.entry(&package.name).or_default().push(package);
            for provided in &package.provides {
                let providers = set.by_provided.entry(provided.name.as_str()).or_default();
                providers.push((package, provided));
            }
        }
        set
    }

    fn find_faults(&self, package: &Package, faults: &mut Vec<Fault>) {
        for need in package.needs() {
            if !self.meets(package, need) {
                faults.push(Fault::Unmet {
                    package: package.label.clone(),
                    need: need.to_string(),
                });
            }
        }
        for relation in package.conflicts.iter().chain(&package.breaks) {
            let others = self
                .ruled_out(relation)
                .filter(|other| other.name != package.name);
            faults.extend(others.map(|other| Fault::Conflict {
                package: package.label.clone(),
                other: other.label.clone(),
            }));
        }
        let same_name = self.by_name.get(package.name.as_str()).into_iter().flatten();
        let twice =
            same_name.filter(|other| !std::ptr::eq(**other, package) && !stand_together(package, other));
        faults.extend(twice.map(|other| Fault::Twice {
            package: package.label.clone(),
            other: other.label.clone(),
        }));
    }

    /// Says whether a need of a package is met.
    pub(super) fn meets(&self, package: &Package, need: &Alternatives) -> bool {
        let mut relations = need.0.iter();
        relations.any(|relation| self.meet(package, relation).next().is_some())
    }

    /// Returns the packages that meet a need of a package.
    fn meet<'s>(&'s self, asking: &'s Package, relation: &'s Relation) -> impl Iterator<Item = &'s Package> {
        self.named(relation)
            .filter(move |(package, architecture)| match &relation.qualifier {
                None => package.multi_arch == "foreign" || *architecture == asking.architecture,
                Some(ArchQualifier::Any) => package.multi_arch == "allowed",
                Some(ArchQualifier::Native) => *architecture == self.native,
                Some(ArchQualifier::Architecture(wanted)) => *architecture == self.real(wanted.as_str()),
            })
            .map(|(package, _)| package)
    }

    /// Returns the packages that a conflict means: of all architectures where it names none.
    pub(super) fn ruled_out<'s>(&'s self, relation: &'s Relation) -> impl Iterator<Item = &'s Package> {
        self.named(relation)
            .filter(move |(_, architecture)| match &relation.qualifier {
                None | Some(ArchQualifier::Any) => true,
                Some(ArchQualifier::Native) => *architecture == self.native,
                Some(ArchQualifier::Architecture(wanted)) => *architecture == self.real(wanted.as_str()),
            })
            .map(|(package, _)| package)
    }

    fn real<'s>(&'s self, architecture: &'s str) -> &'s str {
        if architecture == "all" {
            self.native
        } else {
            architecture
        }
    }

    /// Returns the packages that have or provide a name in a version that fits, and the architecture that counts.
    fn named<'s>(&'s self, relation: &'s Relation) -> impl Iterator<Item = (&'s Package, &'s str)> {
        let name = relation.name.as_str();
        let fits = move |version: &Version| {
            relation
                .constraint
                .as_ref()
                .is_none_or(|constraint| constraint.is_met_by(version))
        };
        let real = self.by_name.get(name).into_iter().flatten();
        let real = real.filter(move |package| fits(&package.version));
        let real = real.map(|package| (*package, package.architecture.as_str()));
        let provided = self.by_provided.get(name).into_iter().flatten();
        let provided = provided.filter(move |(_, provided)| match &provided.constraint {
            Some(Constraint { version, .. }) => fits(version),
            None => relation.constraint.is_none(),
        });
        real.chain(provided.map(|(package, provided)| match &provided.qualifier {
            Some(ArchQualifier::Architecture(architecture)) => (*package, self.real(architecture.as_str())),
            _ => (*package, package.architecture.as_str()),
        }))
    }
}

/// Says whether two packages of one name can be installed beside each other.
fn stand_together(left: &Package, right: &Package) -> bool {
    left.architecture != right.architecture
        && left.multi_arch == "same"
        && right.multi_arch == "same"
        && left.version == right.version
}
