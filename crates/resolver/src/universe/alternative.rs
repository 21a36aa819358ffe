//! An alternative of a relation, in numbers.

use std::fmt;

use debian_control::relation::Operator;

use super::{ArchitectureId, NameId, Universe, VersionId};

/// What follows the colon of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Qualifier {
    /// Nothing.
    None,
    /// `:any`.
    Any,
    /// `:amd64`.
    Architecture(ArchitectureId),
}

/// One package that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alternative {
    pub(crate) name: NameId,
    pub(crate) qualifier: Qualifier,
    pub(crate) constraint: Option<(Operator, VersionId)>,
}

/// A relation as it is written.
pub(crate) struct Written<'a> {
    universe: &'a Universe,
    alternative: &'a Alternative,
}

impl Universe {
    /// Returns an alternative in the form in which fields have it.
    pub(crate) fn written<'a>(&'a self, alternative: &'a Alternative) -> Written<'a> {
        Written {
            universe: self,
            alternative,
        }
    }
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Alternative {
            name,
            qualifier,
            constraint,
        } = self.alternative;
        write!(formatter, "`{}", self.universe.name_text(*name))?;
        match qualifier {
            Qualifier::None => {}
            Qualifier::Any => write!(formatter, ":any")?,
            Qualifier::Architecture(id) => write!(formatter, ":{}", self.universe.architecture_text(*id))?,
        }
        write!(formatter, "`")?;
        match constraint {
            Some((operator, version)) => {
                write!(
                    formatter,
                    " ({operator} {})",
                    self.universe.version_text(*version)
                )
            }
            None => Ok(()),
        }
    }
}
