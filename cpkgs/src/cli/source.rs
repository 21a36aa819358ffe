//! `cpkgs source`.

mod add;
mod add_args;
mod change;
mod entry;
mod import;
mod list;
mod pasted;
mod preset;
mod remove;
mod settings;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::{Context, Outcome};

/// Manage the archives that packages come from.
#[derive(Debug, Args)]
pub(super) struct SourceArgs {
    #[command(subcommand)]
    command: SourceCommand,
}

#[derive(Debug, Subcommand)]
enum SourceCommand {
    Add(Box<add_args::AddArgs>),
    Import(import::ImportArgs),
    /// List the configured archives.
    List,
    Remove(remove::RemoveArgs),
}

pub(super) fn run(args: SourceArgs, context: &mut Context) -> Result<Outcome, Failure> {
    match args.command {
        SourceCommand::Add(args) => add::add(*args, context),
        SourceCommand::Import(args) => import::import(&args, context),
        SourceCommand::List => list::list(context),
        SourceCommand::Remove(args) => remove::remove(&args, context),
    }
}
