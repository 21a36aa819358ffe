//! Suites.

pub(crate) mod list;
pub(crate) mod publishing;
