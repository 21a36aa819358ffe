//! A second opinion on what a control file says, asked for in debug builds: by every test and every fuzzer.
//!
//! The reader in [`stanza`](crate::stanza) keeps indentation, for index text has to be what the package says. The crate
//! `debcontrol` was written by others from the same policy. Where both read the same fields, a trick that works on
//! one of them has to work on the other as well.

use super::ControlError;
use crate::name::shown;
use crate::stanza::{Field, Stanza};

/// Checks that `debcontrol` sees the same fields with the same values as the stanza that was read from `text`.
pub(super) fn check(text: &str, stanza: &Stanza<'_>) -> Result<(), ControlError> {
    let disagree = |on: &str| Err(ControlError::Ambiguous(on.to_owned()));
    let Ok(paragraphs) = debcontrol::parse_str(text) else {
        return disagree("whether it is well formed");
    };
    let [paragraph] = paragraphs.as_slice() else {
        return disagree("how many stanzas it has");
    };
    if paragraph.fields.len() != stanza.fields().len() {
        return disagree("how many fields it has");
    }
    let pairs = stanza.fields().iter().zip(&paragraph.fields);
    match pairs.into_iter().find(|(ours, theirs)| !is_same(ours, theirs)) {
        Some((ours, _)) => disagree(&format!("the field `{}`", shown(ours.name()))),
        None => Ok(()),
    }
}

/// Compares a field as it was written with one whose lines have lost their indentation.
fn is_same(ours: &Field<'_>, theirs: &debcontrol::Field<'_>) -> bool {
    let ours_plain = ours
        .raw()
        .split('\n')
        .map(|line| line.trim_start_matches([' ', '\t']));
    ours.name() == theirs.name && ours_plain.eq(theirs.value.split('\n'))
}
