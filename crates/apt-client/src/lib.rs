//! The network and index side of a client for Debian archives: what is fetched, verified and looked up, never what is installed.
//!
//! Called by the commands of `cpkgs`. The modules are in the order of the data: bytes come from an archive, a signature makes them
//! trusted, the indexes are kept, and the packages in them are found. No byte gets to a parser before a digest from a verified
//! InRelease matched it; nothing is installed here, and nothing is written to a terminal.

pub mod private_file;
pub mod lock;
pub mod fetch;
pub mod source;
pub mod repository;
pub mod trust;
pub mod lists;
pub mod package_cache;
pub mod contents;
pub mod source_packages;
