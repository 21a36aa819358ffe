//! `uploader migrate`: the tables of the catalog.

use archive_catalog::{DatabaseUrl, SqlCatalog};

use super::archive::open;
use super::error::CommandError;
use super::output::print;
use crate::settings::Settings;

/// Brings them up to date, then checks that the archive opens with them.
pub(super) fn run(settings: &Settings) -> Result<(), CommandError> {
    if matches!(settings.location.catalog, DatabaseUrl::Postgres(_)) {
        SqlCatalog::migrate(&settings.location.catalog).map_err(CommandError::archive)?;
    }
    open(settings)?;
    print("the catalog is up to date")
}
