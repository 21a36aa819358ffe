//! `fuzz TARGET|all`: mutates input for the parsers until the time is over or something does not hold.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use fuzz::run::{Effort, FuzzFailure, check, run};
use fuzz::target::FuzzTarget;
use fuzz::targets;
use rustix::process::{Resource, Rlimit, setrlimit};

/// More than any parser may take for inputs of some kilobytes. Beyond it allocation fails, and that ends the run.
const MAX_MEMORY: u64 = 1 << 30;

/// Feeds mutated input to the parsers and checks what must hold for any input.
#[derive(Debug, Parser)]
struct Args {
    /// What to fuzz: deb, tar, conffiles, triggers, control, stanza, version, relation, release, inrelease, universe, or all
    target: String,
    /// How long to go on, for each target
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Where the random numbers begin; the same seed makes the same cases
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cases at most, for each target
    #[arg(long, default_value_t = u64::MAX)]
    cases: u64,
    /// Checks this one file instead
    #[arg(long)]
    replay: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let limit = Rlimit {
        current: Some(MAX_MEMORY),
        maximum: Some(MAX_MEMORY),
    };
    setrlimit(Resource::As, limit).context("cannot limit the memory of this process")?;
    let mut targets = targets::all();
    if args.target != "all" {
        targets.retain(|target| target.name() == args.target);
    }
    if targets.is_empty() {
        let names: Vec<_> = targets::all().iter().map(|target| target.name()).collect();
        bail!(
            "no target `{}`: there are {}, and all",
            args.target,
            names.join(", ")
        );
    }
    let mut code = ExitCode::SUCCESS;
    for target in &targets {
        let passed = match &args.replay {
            Some(path) => replay(&**target, path)?,
            None => fuzz(&**target, &args)?,
        };
        if !passed {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn fuzz(target: &dyn FuzzTarget, args: &Args) -> Result<bool> {
    let effort = Effort {
        seed: args.seed,
        cases: args.cases,
        time: Duration::from_secs(args.seconds),
    };
    let mut out = io::stdout().lock();
    match run(target, effort) {
        Ok(tally) => {
            writeln!(
                out,
                "{}: {} cases, {} accepted, all well",
                target.name(),
                tally.cases,
                tally.accepted
            )?;
            Ok(true)
        }
        Err(failure) => {
            let path = keep(target, args, &failure)?;
            writeln!(
                out,
                "{}: case {} of seed {}: {}",
                target.name(),
                failure.case,
                args.seed,
                failure.why
            )?;
            writeln!(
                out,
                "hint: again with `cargo run -p fuzz -- {} --replay {}`",
                target.name(),
                path.display()
            )?;
            Ok(false)
        }
    }
}

/// Keeps the input of a failure in the working directory.
fn keep(target: &dyn FuzzTarget, args: &Args, failure: &FuzzFailure) -> Result<PathBuf> {
    let path = PathBuf::from(format!(
        "fuzz-{}-{}-{}.bin",
        target.name(),
        args.seed,
        failure.case
    ));
    std::fs::write(&path, &failure.input).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(path)
}

fn replay(target: &dyn FuzzTarget, path: &PathBuf) -> Result<bool> {
    let input = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let answer = check(target, &input);
    let mut out = io::stdout().lock();
    match &answer {
        Ok(verdict) => writeln!(out, "{}: {verdict:?}, all well", target.name())?,
        Err(why) => writeln!(out, "{}: {why}", target.name())?,
    }
    Ok(answer.is_ok())
}
