//! What stands in an archive's indexes: the records that the catalog's rows make, for [`archive_index`] to build of.

pub mod contents;
pub mod packages;
pub mod translation;
