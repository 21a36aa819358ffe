//! `uploader backup`: what cannot be made again, in one file, while the server runs.

use std::path::PathBuf;

use clap::Args;

use super::archive::open;
use super::error::CommandError;
use crate::settings::Settings;

/// Back up configuration, keys and catalog to a new file, for `repogen restore`.
#[derive(Debug, Args)]
pub(super) struct ServerBackupArgs {
    /// The file.
    file: PathBuf,
}

pub(super) fn run(args: &ServerBackupArgs, settings: &Settings) -> Result<(), CommandError> {
    open(settings)?
        .backup(&args.file)
        .map_err(CommandError::not_possible)
}
