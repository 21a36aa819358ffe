//! Patterns for packages by what is known of them: `?installed`, `?and(?name(^lib), ?not(?automatic))`, or shorter `~n^lib !~M`.
//!
//! Source: apt-patterns(7). Of its terms those are here that a plan is made with; others are refused by name.

mod matching;
mod parse;

use crate::preferences::Pattern;

pub use parse::PackagePatternError;

/// A pattern for packages.
#[derive(Debug, Clone)]
pub enum PackagePattern {
    /// Each package.
    True,
    /// No package.
    False,
    /// What the other does not match.
    Not(Box<PackagePattern>),
    /// What all match.
    And(Vec<PackagePattern>),
    /// What any matches.
    Or(Vec<PackagePattern>),
    /// What has a property.
    Is(Property),
    /// What has a text that matches an expression.
    Has(Text, Pattern),
}

/// What is true of a package or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// It is installed.
    Installed,
    /// It is installed because others need it.
    Automatic,
    /// It is installed, automatic, and nothing needs it any more.
    Garbage,
    /// It is installed, and the version that a request for its name installs is newer.
    Upgradable,
    /// It is installed, and no source has any version of it.
    Obsolete,
    /// It is installed, and lacks what it depends on.
    Broken,
    /// It is essential.
    Essential,
}

/// A text of a package; of versions, one of them has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// `Package`.
    Name,
    /// `Architecture` that it runs as.
    Architecture,
    /// `Version`.
    Version,
    /// `Section`.
    Section,
    /// The name of its source.
    Source,
    /// `Suite` or `Codename` of a Release that has it.
    Archive,
    /// `Origin` of a Release that has it.
    Origin,
}

impl PackagePattern {
    /// Says whether a word on the command line is a pattern of this kind. No name of a package begins so.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(['?', '~', '!', '('])
    }
}
