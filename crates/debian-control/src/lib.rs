//! The text files of a Debian archive: names, versions, relations, stanzas, `Packages`, `Release`, `.changes`.
//!
//! Everything that reads or writes an index, a control file or a Release file starts here: the archive, its API, the
//! client and the resolver. Everything here is pure: no files, network, clock, environment or randomness, and no C.
//! The modules are in the order in which they build on each other.

pub mod name;
pub mod architecture;
pub mod version;
pub mod relation;
pub mod stanza;
pub mod digest;
pub mod terminal;
pub mod counted;
pub mod section;
pub mod limits;
mod description;
pub mod package;
pub mod packages;
pub mod release;
pub mod inrelease;
pub mod changes;
pub mod source_package;
