//! `cpkgs autoremove`.

use clap::Args;
use resolver::plan::{Plan, Removal, Step};
use resolver::universe::PackageId;

use super::failure::Failure;
use super::install_target::{Indexes, InstallTargetArgs};
use super::options::{DRY_RUN_OF_APT, run_of};
use super::remove::configuration_of;
use super::transaction::Transaction;
use super::{Context, Outcome};

/// Remove packages that were installed as dependencies and that nothing needs any more.
#[derive(Debug, Args)]
pub(super) struct AutoremoveArgs {
    /// Also delete their configuration files.
    #[arg(long)]
    purge: bool,
    /// Show what would be done, and change nothing.
    #[arg(long, short = 's', aliases = DRY_RUN_OF_APT)]
    dry_run: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

pub(super) fn run(args: &AutoremoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, run_of(args.dry_run))?;
    let library = target.library(Indexes::IfAny, context)?;
    let input = target.resolver_input(&library, Vec::new(), context)?;
    let removed: Vec<PackageId> = input.autoremovable(&input.installed)?;
    let plan = Plan {
        remove: removed
            .iter()
            .map(|package| Removal {
                package: *package,
                reasons: vec!["nothing needs it any more".to_owned()],
            })
            .collect(),
        steps: removed.iter().map(|package| Step::Remove(*package)).collect(),
        ..Plan::default()
    };
    Transaction {
        wanted: Vec::new(),
        input: &input,
        target: &target,
        plan,
        kept_back: Vec::new(),
        command: match args.purge {
            true => "autoremove --purge".to_owned(),
            false => "autoremove".to_owned(),
        },
        configuration: configuration_of(args.purge),
        leftovers: Vec::new(),
        programs: None,
    }
    .finish(run_of(args.dry_run), context)
}
