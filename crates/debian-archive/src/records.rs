//! The records of an archive's indexes, made from the catalog's rows, for [`archive_index`] to build from.

pub mod contents;
pub mod packages;
pub mod translation;
