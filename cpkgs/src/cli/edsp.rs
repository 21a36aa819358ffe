//! `cpkgs edsp`.

use std::io::Read as _;

use clap::Args;
use cpkgs::edsp;
use resolver::request::Recommends;

use super::failure::{Failure, REFUSED, USAGE};
use super::{Context, Done};

/// More than any scenario has.
const MOST_BYTES: u64 = 1 << 31;

/// Solves for apt: speaks its external solver protocol on stdin and stdout.
///
/// apt starts it when a program called `cpkgs` in a folder of its solvers calls it, and `apt-get --solver cpkgs` is asked for.
#[derive(Debug, Args)]
pub(super) struct EdspArgs {
    /// Takes what packages recommend, too: apt does not tell a solver whether that is wanted.
    #[arg(long)]
    recommends: bool,
}

pub(super) fn run(args: &EdspArgs, context: &mut Context) -> Result<Done, Failure> {
    let mut scenario = String::new();
    std::io::stdin()
        .lock()
        .take(MOST_BYTES)
        .read_to_string(&mut scenario)
        .map_err(|error| {
            Failure::new(
                REFUSED,
                anyhow::Error::new(error).context("cannot read the scenario"),
            )
        })?;
    let recommends = if args.recommends {
        Recommends::Take
    } else {
        Recommends::Leave
    };
    let answer = edsp::answer(&scenario, recommends).map_err(|error| Failure::new(USAGE, error))?;
    context.printer.bytes(answer.as_bytes())?;
    Ok(Done::Well)
}
