//! The `uploader` program: HTTP in front of an archive.
//!
//! A layer over `debian-archive`: it knows who may do what, and how requests and answers look in HTTP. The modules are in the order
//! in which a request passes through them. It never contains SQL, and never calls blocking code on an async thread.

mod clock;
mod settings;
mod server;
mod problem;
mod allowance;
mod origin;
mod request;
mod requests_in_progress;
mod refusals;
mod secrets;
mod given_name;
mod session;
mod scope;
mod credential;
mod account_rights;
mod caller;
mod password;
mod jwt;
mod rate_limits;
mod outbound;
mod watched_file;
mod id_tokens;
mod oidc;
mod single_sign_on;
mod threads;
mod upload_slots;
mod app;
mod identify;
mod receive;
mod sent_digest;
mod queue;
mod resumable;
mod committer;
mod search_index;
mod publication_tracker;
mod usage;
mod download_log;
mod webhooks;
mod gauges;
mod static_files;
mod store_files;
mod store_health;
mod no_body;
mod query;
mod operations;
mod extract;
mod routes;
mod cli;
#[cfg(test)]
mod temporary_archive;
#[cfg(test)]
mod temporary_server;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
