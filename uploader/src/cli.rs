//! Commands, one file each.

mod archive;
mod audit;
mod backup;
mod completions;
mod error;
mod ingest_logs;
mod log;
mod man;
mod migrate;
mod output;
mod reload;
mod serve;
mod token;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli_kit::ErrorReport;

use self::error::CommandError;
use crate::settings::Settings;

/// Serve a Debian archive over HTTP: uploads, accounts and downloads.
#[derive(Debug, Parser)]
#[command(name = "uploader", version, arg_required_else_help = true, after_long_help = man::COMMON.help())]
struct UploaderArguments {
    /// The archive root [default: the working directory].
    #[arg(
        long,
        global = true,
        env = "REPOGEN_ROOT",
        value_name = "DIR",
        display_order = cli_kit::GLOBAL_OPTION
    )]
    root: Option<PathBuf>,

    #[command(subcommand)]
    command: UploaderCommand,
}

#[derive(Debug, Subcommand)]
enum UploaderCommand {
    /// Serve requests on API_HOST:API_PORT until SIGTERM.
    ///
    /// All settings are environment variables.
    #[command(after_long_help = man::COMMON.help())]
    Serve,
    /// Create accounts.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Create, list and revoke API tokens.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Verify the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    Backup(backup::ServerBackupArgs),
    IngestLogs(ingest_logs::IngestLogsArgs),
    /// Upgrade the catalog's tables to this version.
    Migrate,
    Man(cli_kit::man::ManArgs),
    Completions(cli_kit::completions::CompletionsArgs),
}

/// Runs the program. Exit codes: 0 done, 1 not possible, 2 usage or settings, 3 the archive cannot be used.
pub(crate) fn main() -> ExitCode {
    archive_storage::permissions::settle_umask();
    match run(UploaderArguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.exit_code();
            ErrorReport::new(error.into_cause()).print();
            code.into()
        }
    }
}

fn run(arguments: UploaderArguments) -> Result<(), CommandError> {
    let root = arguments.root.unwrap_or_else(|| PathBuf::from("."));
    let settings = || Settings::read(&root, |name| std::env::var_os(name)).map_err(CommandError::Settings);
    match arguments.command {
        UploaderCommand::Serve => serve::run(settings()?),
        UploaderCommand::User(command) => user::run(command, &settings()?),
        UploaderCommand::Token(command) => token::run(command, &settings()?),
        UploaderCommand::Audit(command) => audit::run(&command, &settings()?),
        UploaderCommand::Backup(args) => backup::run(&args, &settings()?),
        UploaderCommand::IngestLogs(args) => ingest_logs::run(&args, &settings()?),
        UploaderCommand::Migrate => migrate::run(&settings()?),
        UploaderCommand::Man(args) => man::run(&args),
        UploaderCommand::Completions(args) => completions::run(&args),
    }
}
