//! The queue for dput.

mod file_kind;
mod finish;
pub(crate) mod put;
