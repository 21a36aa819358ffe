//! `cpkgs source`.

mod add;
mod add_args;
mod change;
mod entry;
mod import;
mod list;
mod packages;
mod pasted;
mod preset;
mod remove;
mod settings;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::{Context, Outcome};

/// Manage the archives that packages come from, or download source packages.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct SourceArgs {
    #[command(subcommand)]
    command: Option<SourceCommand>,
    #[command(flatten)]
    packages: packages::PackagesArgs,
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
        Some(SourceCommand::Add(args)) => add::add(*args, context),
        Some(SourceCommand::Import(args)) => import::import(&args, context),
        Some(SourceCommand::List) => list::list(context),
        Some(SourceCommand::Remove(args)) => remove::remove(&args, context),
        None => packages::get(&args.packages, context),
    }
}
