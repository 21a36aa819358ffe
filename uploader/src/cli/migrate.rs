//! `uploader migrate`: the tables of the catalog.

use super::archive::open;
use super::error::CommandError;
use super::output::print;
use crate::settings::Settings;

/// Opening brings them up to date.
pub(super) fn run(settings: &Settings) -> Result<(), CommandError> {
    open(settings)?;
    print("the catalog is up to date");
    Ok(())
}
