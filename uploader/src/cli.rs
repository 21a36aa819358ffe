//! Commands, one file each.

mod archive;
mod audit;
mod backup;
mod error;
mod log;
mod migrate;
mod output;
mod reload;
mod serve;
mod token;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::error::CommandError;
use crate::settings::Settings;

/// Serves an archive over HTTP: uploads, accounts, reading.
#[derive(Debug, Parser)]
#[command(name = "uploader", version, arg_required_else_help = true)]
struct UploaderArguments {
    /// The archive root; the working directory when left out.
    #[arg(long, global = true, env = "REPOGEN_ROOT", value_name = "DIR")]
    root: Option<PathBuf>,

    #[command(subcommand)]
    command: UploaderCommand,
}

#[derive(Debug, Subcommand)]
enum UploaderCommand {
    /// Listen on API_HOST:API_PORT until SIGTERM.
    Serve,
    /// Make accounts.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Make, list and revoke tokens.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Check the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    Backup(backup::ServerBackupArgs),
    /// Bring the tables of the catalog up to date.
    Migrate,
}

/// Runs the program. Exit codes: 0 done, 1 not possible, 2 usage or settings, 3 the archive cannot be used.
pub(crate) fn main() -> ExitCode {
    archive_storage::permissions::settle_umask();
    match run(UploaderArguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&error);
            error.exit_code().into()
        }
    }
}

fn run(arguments: UploaderArguments) -> Result<(), CommandError> {
    let root = arguments.root.unwrap_or_else(|| PathBuf::from("."));
    let settings = Settings::read(&root, |name| std::env::var_os(name)).map_err(CommandError::Settings)?;
    match arguments.command {
        UploaderCommand::Serve => serve::run(settings),
        UploaderCommand::User(command) => user::run(command, &settings),
        UploaderCommand::Token(command) => token::run(command, &settings),
        UploaderCommand::Audit(command) => audit::run(&command, &settings),
        UploaderCommand::Backup(args) => backup::run(&args, &settings),
        UploaderCommand::Migrate => migrate::run(&settings),
    }
}
