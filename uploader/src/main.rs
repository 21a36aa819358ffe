//! The `uploader` program: HTTP in front of an archive.
//!
//! A thin layer over the repogen library: it knows who may ask for what, and how that is said in HTTP. The modules stand
//! in the order in which a request goes through them.

mod clock;
mod settings;
mod server;
mod problem;
mod origin;
mod request;
mod refusals;
mod secrets;
mod session;
mod scope;
mod credential;
mod caller;
mod password;
mod jwt;
mod limits;
mod oidc;
mod app;
mod receive;
mod sent_digest;
mod queue;
mod committer;
mod live;
mod usage;
mod tree;
mod operations;
mod extract;
mod routes;
mod cli;
#[cfg(test)]
mod temporary_archive;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
