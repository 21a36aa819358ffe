//! The archive that a command works on.

use debian_archive::archive::Archive;

use super::error::CommandError;
use crate::settings::Settings;

/// Opens the archive that the settings name.
pub(super) fn open(settings: &Settings) -> Result<Archive, CommandError> {
    Archive::open(&settings.location).map_err(CommandError::archive)
}
