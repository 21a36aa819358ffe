//! Which plan a request gets: Debian's rules, and the order of preference.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of it is test code, also what is not itself a test"
)]

#[path = "../support/mod.rs"]
mod support;

mod architectures;
mod broken;
mod choices;
mod dpkg;
mod removals;
mod steps;
mod upgrades;
