//! A Debian archive on disk: from a `.deb` to a signed index.
//!
//! The modules are in the order of the data flow: a `.deb` is staged, read and put into the pool and
//! the catalog; a suite's part of the catalog becomes indexes and a Release over them, which is signed and published.
//!
//! Called by the commands of `repogen` and by the handlers of the uploader. The code blocks; the clock is an argument. It never knows
//! HTTP requests, a terminal or the environment.

pub mod error_text;
mod severity;
mod side_by_side;
mod compressed_file;
pub mod config;
pub mod archive;
pub mod at_start;
pub mod location;
pub mod paths;
mod pool_deletion;
mod live_release;
mod indexed_file;
mod published_tree;
mod behind;
pub mod other_archive;
mod own_place;
mod own_store;
pub mod ingest;
pub mod upload_queue;
pub mod resumable_uploads;
pub mod buildinfo;
pub mod package_view;
pub mod records;
pub mod suite_release;
pub mod sign;
pub mod publish;
pub mod keyring_package;
pub mod publisher;
pub mod snapshots;
pub mod promotion;
pub mod prune;
pub mod watch;
pub mod verify;
pub mod doctor;
pub mod check;
pub mod vulnerabilities;
pub mod backup;
pub mod rebuild;
mod served_snapshots;
pub mod transfer_progress;
pub mod relocate;
pub mod replicate;
pub mod scan;
