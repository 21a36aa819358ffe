//! What Debian's files say, as bytes and values.
//!
//! Everything here is pure: no files, network, clock, environment or randomness. The modules stand in the order
//! in which a `.deb` is understood.

pub mod name;
pub mod architecture;
pub mod version;
pub mod relation;
pub mod stanza;
pub mod digest;
pub mod terminal;
pub mod limits;
pub mod compression;
pub mod ar;
pub mod tarball;
pub mod deb;
pub mod package;
pub mod packages;
pub mod release;
pub mod inrelease;
pub mod changes;
#[cfg(feature = "openpgp")]
pub mod openpgp;
