//! The statements, sorted by what they are about.

mod accounts;
mod api_tokens;
mod audit;
mod catalog;
mod condemned;
mod describe;
pub(crate) mod details;
mod downloads;
mod events;
mod external_identities;
mod filter;
mod listed;
mod listing;
mod named;
mod outbox;
mod place;
pub(crate) mod placing;
mod provenance;
mod prune;
mod publications;
mod publishers;
mod quotas;
mod resumable_uploads;
mod rows;
mod search;
mod security_reports;
mod select;
pub(crate) mod sessions;
mod snapshot;
mod states;
mod totals;
mod trees;
mod upload_queue;
mod webhook_columns;
mod webhooks;

pub(crate) use totals::Counted;
