//! What the `cpkgs` client does, without its terminal.
//!
//! Called by the commands in `cli/`. The modules are in the order of the data: where files are, what is configured, then what is
//! fetched, verified, resolved and installed. No byte gets to a parser or to dpkg before a digest from a verified InRelease matched it.

pub mod machine;
pub mod home;
pub mod config;
pub mod password;
pub mod apt_sources;
pub mod distribution;
pub mod local;
pub mod local_source;
pub mod spec;
pub mod resolver_input;
pub mod candidate;
pub mod phasing;
pub mod preferences;
pub mod package_pattern;
pub mod selection;
pub mod installed;
pub mod system;
pub mod autoremovable;
pub mod edsp;
pub mod account;
