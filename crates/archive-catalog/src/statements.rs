//! The statements, sorted by what they are about.

mod accounts;
mod api_tokens;
mod audit;
mod describe;
mod details;
mod listing;
pub(crate) mod place;
pub(crate) mod prune;
pub(crate) mod publications;
pub(crate) mod rows;
mod search;
pub(crate) mod select;
pub(crate) mod snapshot;
pub(crate) mod states;
pub(crate) mod trees;
