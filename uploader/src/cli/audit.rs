//! `uploader audit`: the audit log from the shell.

use anyhow::anyhow;
use clap::Subcommand;

use super::archive::open;
use super::error::CommandError;
use super::output::print;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check that no record was changed, taken out, put in between or cut from the end.
    Verify,
}

pub(super) fn run(command: &AuditCommand, settings: &Settings) -> Result<(), CommandError> {
    let AuditCommand::Verify = command;
    let archive = open(settings)?;
    match archive.audit().first_broken().map_err(CommandError::archive)? {
        None => {
            print("the audit log is whole");
            Ok(())
        }
        Some(row) => Err(CommandError::not_possible(anyhow!(
            "the audit log is broken at record {row}: it is missing, or not as it was written"
        ))),
    }
}
