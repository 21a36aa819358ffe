//! `cpkgs`, command by command.

mod auth;
mod edsp;
mod info;
mod install;
mod install_damaged;
mod install_followed;
mod install_hostile;
mod install_system;
mod source;
mod source_added;
mod source_known;
mod source_packages;
mod update;
mod update_fetches;
mod update_odd_archives;
mod update_tampered;
mod update_undated;
mod upgrade_phased;
mod words;
