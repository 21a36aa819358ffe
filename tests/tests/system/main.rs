//! Whole-system tests: the built programs against the real apt, dpkg, gpgv and nginx.
//!
//! One program for all, so that the harness is linked once. Needs what `make setup` installs, neither root nor a network.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "all of it is test code, also what is not itself a test"
)]

mod commands;
mod credentials;
mod uploads;
mod settings;
mod permissions;
mod killed;
mod dropped;
mod made_private;
mod hindered;
mod lacking;
mod loaded;
mod behind_nginx;
mod queued;
mod trusted;
mod limited;
mod logged;
mod recipes;
mod indexes;
mod chunk_list;
mod added;
mod scanned;
mod verified;
mod checked;
mod pruned;
mod watched;
mod snapshots;
mod rebuilt;
mod requests;
mod trouble;
mod keys;
mod installed;
mod client;
mod attacks;
mod client_archives;
mod client_debs;
mod client_edsp;
mod client_fallbacks;
mod client_odd;
mod served;
mod client_account;
mod client_system;
mod tortured;
