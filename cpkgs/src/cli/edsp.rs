//! `cpkgs edsp`.

use std::io::Read as _;

use clap::Args;
use cpkgs::autoremovable::{Keeping, KeepingError};
use cpkgs::edsp;
use cpkgs::phasing::Phasing;
use cpkgs::system::{AptSettings, System};
use resolver::request::Recommends;

use super::failure::Failure;
use super::{Context, Outcome, phased};

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
    let answer = match (read, configured()) {
        (Ok(_), Ok((keeping, phasing))) => edsp::answer(&scenario, recommends, &keeping, phasing.as_ref()),
        (Ok(_), Err(error)) => edsp::unconfigured(&error),
        (Err(error), _) => edsp::unread(&error),
    };
    context.printer.bytes(answer.as_bytes())?;
    Ok(Outcome::Success)
}

/// Returns what this machine's apt is configured to keep, and who draws for it.
fn configured() -> Result<(Keeping, Option<Phasing>), KeepingError> {
    let system = System::default();
    let settings = AptSettings::read(&system)?;
    Ok((
        Keeping::here(&settings)?,
        phased::phasing(system.root(), &settings),
    ))
}
