//! `uploader migrate`: the tables of the catalog.

use super::{Failure, open};
use crate::settings::Settings;

/// Opening brings them up to date.
pub(super) fn run(settings: &Settings) -> Result<(), Failure> {
    open(settings)?;
    super::print("the catalog is up to date");
    Ok(())
}
