//! `cpkgs edsp`.

use std::io::Read as _;

use clap::Args;
use cpkgs::autoremovable::Keeping;
use cpkgs::edsp;
use cpkgs::system::System;
use resolver::request::Recommends;

use super::failure::Failure;
use super::{Context, Outcome};

/// More than any scenario has.
const MOST_BYTES: u64 = 1 << 31;

/// Solve for apt: speak its external solver protocol on stdin and stdout.
///
/// apt runs it, through a program `cpkgs` in its folder of solvers, for `apt-get --solver cpkgs`. Errors are answers in the
/// protocol, since apt shows nothing else.
#[derive(Debug, Args)]
pub(super) struct EdspArgs {
    /// Install recommended packages too: apt does not tell a solver whether they are wanted.
    #[arg(long)]
    recommends: bool,
}

pub(super) fn run(args: &EdspArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let recommends = if args.recommends {
        Recommends::Take
    } else {
        Recommends::Leave
    };
    let mut scenario = Vec::new();
    let read = std::io::stdin()
        .lock()
        .take(MOST_BYTES)
        .read_to_end(&mut scenario);
    // apt shows what an answer says, and nothing of what a program that ended badly wrote.
    let answer = match (read, Keeping::read(&System::default())) {
        (Ok(_), Ok(keeping)) => edsp::answer(&scenario, recommends, &keeping),
        (Ok(_), Err(error)) => edsp::unconfigured(&error),
        (Err(error), _) => edsp::unread(&error),
    };
    context.printer.bytes(answer.as_bytes())?;
    Ok(Outcome::Success)
}
