//! Pages for people.

pub(super) mod docs;
mod html;
pub(super) mod problem;
pub(super) mod root;
