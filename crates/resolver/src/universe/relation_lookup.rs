//! Which texts of relations were read before.

use super::intern::Lookup;
use super::{Field, GroupId};

/// The groups that texts of relations stand for. Dependencies, conflicts and `Provides` are each read by rules of their own.
pub(super) struct RelationLookup {
    needs: Lookup<GroupId>,
    conflicts: Lookup<GroupId>,
    provided: Lookup<GroupId>,
}

impl RelationLookup {
    pub(super) fn new() -> Self {
        Self {
            needs: Lookup::new(),
            conflicts: Lookup::new(),
            provided: Lookup::new(),
        }
    }

    pub(super) fn of(&mut self, field: Field) -> &mut Lookup<GroupId> {
        match field {
            Field::PreDepends | Field::Depends | Field::Recommends => &mut self.needs,
            Field::Conflicts | Field::Breaks => &mut self.conflicts,
            Field::Provides => &mut self.provided,
        }
    }
}
