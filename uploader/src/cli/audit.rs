//! `uploader audit`: the audit log from the shell.

use anyhow::anyhow;
use clap::Subcommand;

use super::archive::open;
use super::error::CommandError;
use super::output::print;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Verify that no record was modified, removed, inserted, or cut off at the end.
    Verify,
}

pub(super) fn run(command: &AuditCommand, settings: &Settings) -> Result<(), CommandError> {
    let AuditCommand::Verify = command;
    let archive = open(settings)?;
    match archive.audit().first_broken().map_err(CommandError::archive)? {
        None => print("the audit log is intact"),
        Some(row) => Err(CommandError::not_possible(anyhow!(
            "the audit log is broken at record {row}: the record is missing or was modified"
        ))),
    }
}
