//! `fuzz [TARGET]...`: fuzzes the parsers, guided by coverage, and reports for each what was tried and reached.

use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use fuzz::guided::{GuidedProgram, Run};
use fuzz::target::FuzzTarget;
use fuzz::targets;

/// How long finding the way through the maze may take; it takes about a second.
const MAZE_SECONDS: u64 = 60;

/// Fuzzes the parsers, guided by coverage
#[derive(Debug, Parser)]
struct Args {
    /// What to fuzz; all targets when left out
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(targets::names()))]
    target: Vec<String>,
    /// How long to fuzz each target
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    seconds: u64,
    /// Where cargo puts build output, and this program its findings
    #[arg(
        long,
        value_name = "FOLDER",
        env = "CARGO_TARGET_DIR",
        default_value = "target"
    )]
    target_dir: PathBuf,
    /// Afterwards writes to fuzz/corpus the fewest short inputs that reach what all known inputs reach
    #[arg(long)]
    keep: bool,
    /// Checks this one file instead
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let names = if args.target.is_empty() {
        targets::names()
    } else {
        args.target.iter().map(String::as_str).collect()
    };
    let targets: Vec<_> = names.into_iter().filter_map(targets::named).collect();
    let passed = match &args.replay {
        Some(path) => replay(&targets, path)?,
        None => fuzz(&targets, &args)?,
    };
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn fuzz(targets: &[Box<dyn FuzzTarget + Send>], args: &Args) -> Result<bool> {
    let program = GuidedProgram::build(&std::path::absolute(&args.target_dir)?)?;
    prove_guidance(&program)?;
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let errors = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match fuzz_one(&program, &**target, args) {
                        Ok(true) => {}
                        Ok(false) => failed.store(true, Ordering::Relaxed),
                        Err(error) => errors.lock().expect("no thread panics with it").push(error),
                    }
                }
            });
        }
    });
    match errors.into_inner().expect("no thread panics with it").pop() {
        Some(error) => Err(error),
        None => Ok(!failed.into_inner()),
    }
}

/// Shows that coverage guides this build: at random nobody finds the way through the maze.
fn prove_guidance(program: &GuidedProgram) -> Result<()> {
    let maze = targets::named("maze").expect("there is a maze");
    let begin = Instant::now();
    match program.run(&*maze, MAZE_SECONDS)? {
        Run::Failed { input, .. } => {
            std::fs::remove_file(&input).with_context(|| format!("cannot remove `{}`", input.display()))?;
            let seconds = begin.elapsed().as_secs_f32();
            writeln!(
                io::stdout(),
                "maze: its end was found in {seconds:.1} s, so coverage guides"
            )?;
            Ok(())
        }
        Run::Passed(tally) => bail!(
            "coverage does not guide this build: the end of the maze was not found in {} inputs",
            tally.inputs
        ),
    }
}

/// Fuzzes one target, and says whether everything held.
fn fuzz_one(program: &GuidedProgram, target: &dyn FuzzTarget, args: &Args) -> Result<bool> {
    let name = target.name();
    match program.run(target, args.seconds)? {
        Run::Passed(tally) => {
            if args.keep {
                program.keep(target)?;
            }
            writeln!(
                io::stdout(),
                "{name}: {} inputs, {} edges reached, {} new inputs found, all well",
                tally.inputs,
                tally.edges,
                tally.new
            )?;
            Ok(true)
        }
        Run::Failed { input, report } => {
            let input = input.display();
            writeln!(
                io::stdout(),
                "{report}\n{name}: failed\nhint: again with `cargo run -p fuzz -- {name} --replay {input}`"
            )?;
            Ok(false)
        }
    }
}

fn replay(targets: &[Box<dyn FuzzTarget + Send>], path: &PathBuf) -> Result<bool> {
    let [target] = targets else {
        bail!("`--replay` needs one target, as in `fuzz deb --replay FILE`");
    };
    let input = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let answer = panic::catch_unwind(AssertUnwindSafe(|| target.check(&input)));
    let mut out = io::stdout().lock();
    match &answer {
        Ok(Ok(verdict)) => writeln!(out, "{}: {verdict:?}, all well", target.name())?,
        Ok(Err(why)) => writeln!(out, "{}: {why}", target.name())?,
        Err(_) => writeln!(out, "{}: it panicked", target.name())?,
    }
    Ok(matches!(answer, Ok(Ok(_))))
}
