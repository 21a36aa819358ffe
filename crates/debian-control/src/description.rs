//! A description: its first line, and the digest by which an index and a Translation file agree on it.

use crate::digest::{Md5, md5};
use crate::stanza::Field;

/// Returns the first line of a description.
pub(crate) fn synopsis_of<'a>(field: &Field<'a>) -> &'a str {
    // A description may begin on the second line. apt takes what is between the blanks around the whole value.
    field
        .value()
        .split('\n')
        .next()
        .unwrap_or_default()
        .trim_matches([' ', '\t'])
}

/// Returns the digest of a description as apt makes it: of the value without blanks around it, and a line break. `None`
/// where there is none.
pub(crate) fn description_md5(field: &Field<'_>) -> Option<Md5> {
    let value = field.value();
    (!value.is_empty()).then(|| md5(format!("{value}\n").as_bytes()))
}
