//! Relations, each kept once.

use std::fmt;

use debian_control::relation::{
    self, Alternatives, ArchQualifier, Constraint, Operator, RelationKind, Relations,
};

use super::build::UniverseBuilder;
use super::intern::Lookup;
use super::{ArchitectureId, Field, GroupId, NameId, Universe, UniverseError, VersionId};
use crate::table::Span;

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

/// Where texts of relations were met before. Needs, conflicts and what is provided are read by other rules.
pub(super) struct Known {
    needs: Lookup<GroupId>,
    conflicts: Lookup<GroupId>,
    provided: Lookup<GroupId>,
}

impl Known {
    pub(super) fn new() -> Self {
        Self {
            needs: Lookup::new(),
            conflicts: Lookup::new(),
            provided: Lookup::new(),
        }
    }

    fn of(&mut self, field: Field) -> &mut Lookup<GroupId> {
        match field {
            Field::PreDepends | Field::Depends | Field::Recommends => &mut self.needs,
            Field::Conflicts | Field::Breaks => &mut self.conflicts,
            Field::Provides => &mut self.provided,
        }
    }
}

impl Field {
    /// Returns the name of the field and the rules of its relations.
    pub(super) fn kind(self) -> RelationKind {
        match self {
            Self::PreDepends => RelationKind::PreDepends,
            Self::Depends => RelationKind::Depends,
            Self::Recommends => RelationKind::Recommends,
            Self::Conflicts => RelationKind::Conflicts,
            Self::Breaks => RelationKind::Breaks,
            Self::Provides => RelationKind::Provides,
        }
    }
}

impl UniverseBuilder {
    /// Reads a field of relations and returns the numbers of its groups.
    ///
    /// The same groups stand in an index again and again: each text is read once.
    pub(super) fn relate(
        &mut self,
        package: &str,
        field: Field,
        value: &str,
    ) -> Result<Vec<GroupId>, UniverseError> {
        if value.is_empty() {
            return Ok(Vec::new());
        }
        let mut groups = Vec::new();
        for text in value.split(',') {
            let text = text.trim_matches([' ', '\t', '\n', '\r']);
            match self.known.of(field).find(&self.text, text) {
                Some(group) => groups.push(group),
                None => match Relations::parse(field.kind(), text) {
                    Ok(parsed) if parsed.0.len() == 1 => groups.extend(self.intern(field, text, &parsed)),
                    // A group that cannot be read alone may be right among others, and an empty one never is.
                    _ => return self.relate_whole(package, field, value),
                },
            }
        }
        Ok(groups)
    }

    /// Reads a field in one piece.
    fn relate_whole(
        &mut self,
        package: &str,
        field: Field,
        value: &str,
    ) -> Result<Vec<GroupId>, UniverseError> {
        let parsed = Relations::parse(field.kind(), &value.replace('\r', " "));
        let parsed = parsed.map_err(|source| UniverseError::Relations {
            package: package.to_owned(),
            field: field.kind().field_name(),
            source,
        })?;
        let texts: Vec<String> = parsed.0.iter().map(ToString::to_string).collect();
        let mut groups = Vec::new();
        for (text, group) in texts.iter().zip(parsed.0) {
            match self.known.of(field).find(&self.text, text) {
                Some(known) => groups.push(known),
                None => groups.extend(self.intern(field, text, &Relations(vec![group]))),
            }
        }
        Ok(groups)
    }

    fn intern(&mut self, field: Field, text: &str, parsed: &Relations) -> Option<GroupId> {
        let Alternatives(relations) = parsed.0.first()?;
        let alternatives: Vec<Alternative> = relations
            .iter()
            .map(|relation| self.alternative(relation))
            .collect();
        let span = Span::push(&mut self.alternatives, alternatives);
        let group = self.groups.push(span);
        let place = self.push_text(text);
        self.known.of(field).insert(text, place, group);
        Some(group)
    }

    fn alternative(&mut self, relation: &relation::Relation) -> Alternative {
        Alternative {
            name: self.name(relation.name.as_str()),
            qualifier: match &relation.qualifier {
                None => Qualifier::None,
                Some(ArchQualifier::Any) => Qualifier::Any,
                Some(ArchQualifier::Native) => Qualifier::Architecture(ArchitectureId::NATIVE),
                Some(ArchQualifier::Architecture(architecture)) => {
                    Qualifier::Architecture(self.architecture(architecture.as_str()))
                }
            },
            constraint: relation
                .constraint
                .as_ref()
                .map(|Constraint { operator, version }| (*operator, self.version(version.clone()))),
        }
    }
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
