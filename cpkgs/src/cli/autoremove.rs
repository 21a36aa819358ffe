//! `cpkgs autoremove`.

use clap::Args;
use resolver::autoremovable::autoremovable;
use resolver::plan::{Plan, Removal, Step};
use resolver::universe::PackageId;
use rootless::Configuration;

use super::failure::Failure;
use super::install_target::{Indexes, InstallTargetArgs};
use super::options::run_of;
use super::transaction::Transaction;
use super::{Context, Outcome};

/// Remove packages that were installed as dependencies and that nothing needs any more.
#[derive(Debug, Args)]
pub(super) struct AutoremoveArgs {
    /// Show what would be done, and do nothing.
    #[arg(long, short = 's')]
    dry_run: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

pub(super) fn run(args: &AutoremoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, run_of(args.dry_run))?;
    let library = target.library(Indexes::IfAny, context)?;
    let input = target.resolver_input(&library, Vec::new(), context)?;
    let removed: Vec<PackageId> = autoremovable(&input.universe, &input.installed);
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
        command: "autoremove".to_owned(),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: None,
    }
    .finish(run_of(args.dry_run), context)
}
