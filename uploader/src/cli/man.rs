//! `uploader man`: made from the same words as `--help`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};

use super::UploaderArguments;
use super::error::CommandError;

/// Write the man pages, one for each command, into a folder.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder, such as /usr/local/share/man/man1.
    folder: PathBuf,
}

pub(super) fn run(args: &ManArgs) -> Result<(), CommandError> {
    std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(UploaderArguments::command(), &args.folder))
        .with_context(|| format!("cannot write man pages into `{}`", args.folder.display()))
        .map_err(CommandError::not_possible)
}
