//! What every command works with: the root, the catalog and the printer.

use std::path::PathBuf;

use archive_catalog::DatabaseUrl;
use debian_archive::archive::{Archive, OpenError};

use super::exit::Failure;
use super::printer::Printer;

/// What every command works with.
pub(super) struct Context {
    pub(super) root: PathBuf,
    pub(super) database_url: Option<String>,
    pub(super) printer: Printer,
}

impl Context {
    /// Says where the catalog is.
    pub(super) fn catalog(&self) -> Result<DatabaseUrl, Failure> {
        let url = DatabaseUrl::of_archive(&self.root, self.database_url.as_deref());
        Ok(url.map_err(OpenError::from)?)
    }

    /// Opens the archive.
    pub(super) fn archive(&self) -> Result<Archive, Failure> {
        Ok(Archive::open(&self.root, &self.catalog()?)?)
    }
}
