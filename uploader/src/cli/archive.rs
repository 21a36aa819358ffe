//! The archive that a command works on.

use debian_archive::archive::{Archive, OpenError};
use debian_archive::at_start;
use debian_archive::error_text::with_causes;

use super::error::CommandError;
use crate::settings::Settings;

/// Opens the archive of a server, which waits a while for a database that is being restarted.
pub(super) fn open_at_start(settings: &Settings) -> Result<Archive, CommandError> {
    at_start::patiently(|| Archive::open(&settings.location), tell_away).map_err(CommandError::archive)
}

/// Logs that the database is away, and what happens next.
pub(super) fn tell_away(error: &OpenError) {
    tracing::warn!(
        error = %with_causes(error),
        "the database is away: it is tried again for {} s",
        at_start::PATIENCE.as_secs()
    );
}

/// Opens the archive that the settings name.
pub(super) fn open(settings: &Settings) -> Result<Archive, CommandError> {
    Archive::open(&settings.location).map_err(CommandError::archive)
}
