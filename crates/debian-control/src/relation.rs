//! Relations between packages. Source: Debian Policy 7.1, deb-control(5).

mod parse;

use std::fmt;

use crate::architecture::Architecture;
use crate::version::Version;

pub use parse::RelationError;

/// A field of relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelationKind {
    /// `Pre-Depends`.
    PreDepends,
    /// `Depends`.
    Depends,
    /// `Recommends`.
    Recommends,
    /// `Suggests`.
    Suggests,
    /// `Enhances`.
    Enhances,
    /// `Breaks`.
    Breaks,
    /// `Conflicts`.
    Conflicts,
    /// `Provides`.
    Provides,
    /// `Replaces`.
    Replaces,
}

impl RelationKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::PreDepends,
        Self::Depends,
        Self::Recommends,
        Self::Suggests,
        Self::Enhances,
        Self::Breaks,
        Self::Conflicts,
        Self::Provides,
        Self::Replaces,
    ];

    /// Returns the name of the field.
    pub fn field_name(self) -> &'static str {
        match self {
            Self::PreDepends => "Pre-Depends",
            Self::Depends => "Depends",
            Self::Recommends => "Recommends",
            Self::Suggests => "Suggests",
            Self::Enhances => "Enhances",
            Self::Breaks => "Breaks",
            Self::Conflicts => "Conflicts",
            Self::Provides => "Provides",
            Self::Replaces => "Replaces",
        }
    }

    /// Says whether `a | b` may stand in it, as dpkg has it.
    fn takes_alternatives(self) -> bool {
        !matches!(
            self,
            Self::Breaks | Self::Conflicts | Self::Provides | Self::Replaces
        )
    }
}

/// A list of needs: `a, b | c`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relations(pub Vec<Alternatives>);

/// One need, and everything that meets it, the preferred one first: `b | c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternatives(pub Vec<Relation>);

/// One package that is meant: `name:any (>= 1) [amd64] <!nocheck>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its name.
    pub name: RelationName,
    /// What follows the colon.
    pub qualifier: Option<ArchQualifier>,
    /// Which versions of it.
    pub constraint: Option<Constraint>,
    /// On which architectures it counts; source packages only.
    pub architectures: Vec<Restriction>,
    /// In which build profiles it counts: one of the lists, with all of its terms; source packages only.
    pub profiles: Vec<Vec<Restriction>>,
}

/// The name of a real or virtual package that a relation means.
///
/// Looser than [`PackageName`](crate::name::PackageName): whatever dpkg takes, since old packages mean names that no
/// package may have any more. Letters, digits, `+`, `-`, `.` and `_`, the first one a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationName(Box<str>);

impl RelationName {
    /// Returns the name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What follows the colon of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchQualifier {
    /// `:any`.
    Any,
    /// `:native`; source packages only.
    Native,
    /// `:amd64`.
    Architecture(Architecture),
}

/// A version and what it is to be compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// The comparison.
    pub operator: Operator,
    /// The version.
    pub version: Version,
}

/// A comparison of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `<<`.
    Earlier,
    /// `<=`, and the obsolete `<`.
    EarlierOrEqual,
    /// `=`, and no operator at all.
    Equal,
    /// `>=`, and the obsolete `>`.
    LaterOrEqual,
    /// `>>`.
    Later,
}

/// A name that must hold, or with `!` must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Whether it must not hold.
    pub negated: bool,
    /// An architecture, an architecture wildcard or a build profile.
    pub name: Box<str>,
}

impl Constraint {
    /// Says whether a version meets it.
    pub fn is_met_by(&self, version: &Version) -> bool {
        let order = version.cmp(&self.version);
        match self.operator {
            Operator::Earlier => order.is_lt(),
            Operator::EarlierOrEqual => order.is_le(),
            Operator::Equal => order.is_eq(),
            Operator::LaterOrEqual => order.is_ge(),
            Operator::Later => order.is_gt(),
        }
    }
}

impl Relation {
    /// Says whether it is restricted to architectures or build profiles, which only source packages do.
    pub fn is_restricted(&self) -> bool {
        !self.architectures.is_empty() || !self.profiles.is_empty()
    }
}

impl fmt::Display for RelationName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Display for ArchQualifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.pad("any"),
            Self::Native => formatter.pad("native"),
            Self::Architecture(architecture) => architecture.fmt(formatter),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Earlier => "<<",
            Self::EarlierOrEqual => "<=",
            Self::Equal => "=",
            Self::LaterOrEqual => ">=",
            Self::Later => ">>",
        })
    }
}

impl fmt::Display for Restriction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", if self.negated { "!" } else { "" }, self.name)
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.name)?;
        if let Some(qualifier) = &self.qualifier {
            write!(formatter, ":{qualifier}")?;
        }
        if let Some(constraint) = &self.constraint {
            write!(formatter, " ({} {})", constraint.operator, constraint.version)?;
        }
        if !self.architectures.is_empty() {
            write!(formatter, " [{}]", joined(&self.architectures, " "))?;
        }
        self.profiles
            .iter()
            .try_for_each(|list| write!(formatter, " <{}>", joined(list, " ")))
    }
}

impl fmt::Display for Alternatives {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&joined(&self.0, " | "))
    }
}

impl fmt::Display for Relations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&joined(&self.0, ", "))
    }
}

fn joined<T: fmt::Display>(items: &[T], separator: &str) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(separator)
}
