//! Relations, each kept once.

use debian_control::relation::{self, Alternatives, ArchQualifier, Constraint, RelationKind, Relations};

use super::alternative::{Alternative, Qualifier};
use super::build::UniverseBuilder;
use super::{ArchitectureId, Field, GroupId, UniverseError};
use crate::index_vec::Span;

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
        let parsed = Relations::parse_of_others(field.kind(), &value.replace('\r', " "));
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

    /// Reads each group of a field for itself, and leaves out those that cannot be read.
    pub(super) fn relate_each(&mut self, field: Field, value: &str) -> Vec<GroupId> {
        let each = value.split(',').filter(|text| !text.trim().is_empty());
        each.filter_map(|text| self.relate_whole("", field, text).ok())
            .flatten()
            .collect()
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
