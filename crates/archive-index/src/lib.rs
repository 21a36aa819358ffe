//! Indexes: many records of text, in order, as a few compressed files, at the cost of what changed.
//!
//! The text is cut into chunks at places that its content decides ([`cut`]), each chunk is compressed once
//! ([`compress`]) and kept under the digest of its text ([`cache`]), and a file is the join of its chunks
//! ([`join`]). A [`manifest`] says which chunks made the last file, so that [`build`] reads only those records again
//! whose chunks may differ. The same records give the same bytes, whatever was built before.

pub mod build;
mod chunks;
mod assemble;
mod cache;
mod compress;
pub mod cut;
mod chunk_list;
mod join;
mod manifest;
pub mod records;
mod workers;

pub use build::{Built, Dirty, IndexError, build};
pub use cache::ChunkCache;
pub use chunk_list::chunk_list;
pub use compress::Form;
pub use manifest::{Manifest, Output};
