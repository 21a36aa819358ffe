//! The statements, sorted by what they are about.

mod accounts;
mod api_tokens;
mod audit;
mod catalog;
mod condemned;
mod describe;
mod details;
mod downloads;
mod filter;
mod listing;
mod named;
mod place;
mod provenance;
mod prune;
mod publications;
mod quotas;
mod rows;
mod search;
mod security_reports;
mod select;
pub(crate) mod sessions;
mod snapshot;
mod states;
mod trees;
mod upload_queue;
