//! From the text of an index to its compressed files, at the cost of what changed.
//!
//! The text is cut into chunks at places that its content decides ([`cut`]), each chunk is compressed once and kept in
//! a cache under the digest of its text ([`ChunkCache`]), and a file is the join of its chunks. An [`IndexManifest`]
//! says which chunks made the last file, so that [`build()`] reads only those records again whose chunks may differ.
//!
//! Publishing calls it, and pruning asks manifests which chunks are in use. The same records give the same bytes,
//! whatever was built before. It knows neither packages nor suites, and never reads a clock.

mod error;
pub mod records;
pub mod cut;
mod form;
mod xz;
mod compress;
mod join;
mod cache;
mod build_env;
mod manifest;
mod previous;
mod chunk_texts;
mod published;
mod chunk_list;
mod workers;
mod chunker;
mod assemble;
mod build;

pub use assemble::BuiltIndex;
pub use build::{Dirty, build};
pub use build_env::BuildEnv;
pub use cache::ChunkCache;
pub use chunk_list::chunk_list;
pub use error::IndexError;
pub use form::{Form, FormError};
pub use manifest::{IndexManifest, ManifestError, Output};
pub use previous::PreviousBuild;
pub use published::keep_published;
