//! Commands, one file each.

mod audit;
mod backup;
mod log;
mod migrate;
mod reload;
mod serve;
mod token;
mod user;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use debian_archive::archive::Archive;
use debian_archive::error_text::with_causes;

use crate::settings::Settings;

/// Serves an archive over HTTP: uploads, accounts, reading.
#[derive(Debug, Parser)]
#[command(name = "uploader", version, arg_required_else_help = true)]
struct Arguments {
    /// The archive root; the working directory when left out.
    #[arg(long, global = true, env = "REPOGEN_ROOT", value_name = "DIR")]
    root: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
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
    Backup(backup::BackupArgs),
    /// Bring the tables of the catalog up to date.
    Migrate,
}

/// Runs the program. Exit codes: 0 done, 1 not possible, 2 usage or settings, 3 the archive cannot be used.
pub(crate) fn main() -> ExitCode {
    archive_storage::permissions::settle_umask();
    let arguments = Arguments::parse();
    let root = arguments.root.unwrap_or_else(|| PathBuf::from("."));
    let settings = match Settings::read(&root, |name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => return failed(2, &error),
    };
    let done = match arguments.command {
        Command::Serve => serve::run(settings),
        Command::User(command) => user::run(command, &settings),
        Command::Token(command) => token::run(command, &settings),
        Command::Audit(command) => audit::run(&command, &settings),
        Command::Backup(args) => backup::run(&args, &settings),
        Command::Migrate => migrate::run(&settings),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, error }) => failed(code, &error),
    }
}

/// Why a command ended early.
struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl Failure {
    fn not_possible(error: impl Into<anyhow::Error>) -> Self {
        Self {
            code: 1,
            error: error.into(),
        }
    }

    fn archive(error: impl Into<anyhow::Error>) -> Self {
        Self {
            code: 3,
            error: error.into(),
        }
    }
}

fn open(settings: &Settings) -> Result<Archive, Failure> {
    Archive::open(&settings.root, &settings.catalog).map_err(Failure::archive)
}

/// Prints a line of data; a closed pipe is no failure.
fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn failed(code: u8, error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {}", with_causes(error.as_ref()));
    code.into()
}
