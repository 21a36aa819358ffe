//! The relations of a package, as they are written, for the commands that show them.

use debian_control::relation::{RelationKind, Relations};
use debian_control::stanza::Stanza;
use serde::Serialize;

use super::failure::{Failure, UNVERIFIED};

/// A need, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct NeedView<'n> {
    pub(super) package: &'n str,
    pub(super) field: &'n str,
    pub(super) relation: &'n str,
}

/// Returns the groups of alternatives in a field, as they are written.
pub(super) fn groups<'s>(stanza: &Stanza<'s>, field: &str) -> Vec<&'s str> {
    let value = stanza.get(field).map_or("", |field| field.value());
    value
        .split(',')
        .map(str::trim)
        .filter(|group| !group.is_empty())
        .collect()
}

/// Returns the names that a group means, in their order.
pub(super) fn names(group: &str) -> Vec<String> {
    // A relation that nobody can read names nothing.
    let read = Relations::parse(RelationKind::Depends, &group.replace('\r', " "));
    let groups = read.into_iter().flat_map(|relations| relations.0);
    groups
        .flat_map(|alternatives| alternatives.0)
        .map(|relation| relation.name.as_str().to_owned())
        .collect()
}

/// Reads a stanza that was verified and read before.
pub(super) fn stanza_of(text: &str) -> Result<Stanza<'_>, Failure> {
    Stanza::of_index(text).map_err(|error| Failure::new(UNVERIFIED, error))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_group_may_be_folded_over_lines_that_end_as_those_of_dos() {
        assert_eq!(super::names("one (>= 1) |\r\n two"), ["one", "two"]);
    }
}
