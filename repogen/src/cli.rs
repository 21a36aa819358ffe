//! Commands, one file each, and what they share: arguments, exit codes, printing, the clock.

mod add;
mod backup;
mod check;
mod completions;
mod context;
mod copy;
mod doctor;
mod exit;
mod files;
mod init;
mod key;
mod list;
mod man;
mod migrate;
mod package_json;
mod printer;
mod prune;
mod publish;
mod rebuild;
mod relocate;
mod remove;
mod replicate;
mod rollback;
mod scan;
mod scan_timer;
mod scan_vulnerabilities;
mod select;
mod service_manager;
mod signing;
mod snapshot;
mod system_clock;
mod transfer_bar;
mod verify;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use context::Context;
use exit::{Completion, Failure};
use printer::Printer;

/// Build, sign and check Debian archives.
#[derive(Debug, Parser)]
#[command(name = "repogen", version, arg_required_else_help = true, after_long_help = man::COMMON.help())]
struct Arguments {
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
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitArgs),
    Add(add::AddArgs),
    Scan(scan::ScanArgs),
    Publish(publish::PublishArgs),
    Watch(watch::WatchArgs),
    Remove(remove::RemoveArgs),
    List(list::ListArgs),
    Show(list::ShowArgs),
    Copy(copy::CopyArgs),
    Snapshot(snapshot::SnapshotArgs),
    Rollback(rollback::RollbackArgs),
    Prune(prune::PruneArgs),
    Verify(verify::VerifyArgs),
    Check(check::CheckArgs),
    Doctor(doctor::DoctorArgs),
    ScanVulnerabilities(scan_vulnerabilities::ScanVulnerabilitiesArgs),
    Migrate(migrate::MigrateArgs),
    Move(relocate::MoveArgs),
    Replicate(replicate::ReplicateArgs),
    Rebuild(rebuild::RebuildArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Key(key::KeyArgs),
    Man(cli_kit::man::ManArgs),
    Completions(cli_kit::completions::CompletionsArgs),
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    archive_storage::permissions::settle_umask();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() {
                exit::USAGE
            } else {
                exit::DONE
            };
            let _ = error.print();
            return code.into();
        }
    };
    let mut context = Context {
        root: arguments.root.unwrap_or_else(|| PathBuf::from(".")),
        printer: Printer::new(),
    };
    let outcome = run(arguments.command, &mut context).and_then(|done| {
        context.printer.flush()?;
        Ok(done)
    });
    match outcome {
        Ok(Completion::Success) => exit::DONE.into(),
        Ok(Completion::WithRejections) => exit::REJECTED.into(),
        Err(failure) => {
            // What was printed before stands.
            let _ = context.printer.flush();
            failure.print()
        }
    }
}

fn run(command: Command, context: &mut Context) -> Result<Completion, Failure> {
    match command {
        Command::Init(args) => init::run(args, context),
        Command::Add(args) => add::run(args, context),
        Command::Scan(args) => scan::run(args, context),
        Command::Publish(args) => publish::run(args, context),
        Command::Watch(args) => watch::run(args, context),
        Command::Remove(args) => remove::run(args, context),
        Command::List(args) => list::run(args, context),
        Command::Show(args) => list::run_show(args, context),
        Command::Copy(args) => copy::run(args, context),
        Command::Snapshot(args) => snapshot::run(args, context),
        Command::Rollback(args) => rollback::run(args, context),
        Command::Prune(args) => prune::run(args, context),
        Command::Verify(args) => verify::run(args, context),
        Command::Check(args) => check::run(args, context),
        Command::ScanVulnerabilities(args) => scan_vulnerabilities::run(&args, context),
        Command::Doctor(args) => doctor::run(&args, context),
        Command::Migrate(args) => migrate::run(args, context),
        Command::Move(args) => relocate::run(args, context),
        Command::Replicate(args) => replicate::run(args, context),
        Command::Rebuild(args) => rebuild::run(args, context),
        Command::Backup(args) => backup::run(args, context),
        Command::Restore(args) => backup::run_restore(args, context),
        Command::Key(args) => key::run(args, context),
        Command::Man(args) => man::run(&args),
        Command::Completions(args) => completions::run(&args, context),
    }
}
