//! The instrumented program: building it, running it, and reading what it reports.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail};

use crate::corpus::{Workspace, kept};
use crate::target::FuzzTarget;

/// Seconds that no input of a few kilobytes takes, not even on a busy machine.
const SLOWEST_SECONDS: u64 = 10;

/// Mebibytes that no input of a few kilobytes needs.
const MAX_MEMORY_MIB: u64 = 1024;

/// The bytes up to which an input is kept in git.
const MAX_KEPT: usize = 1024;

/// The instrumented program.
#[derive(Debug)]
pub struct GuidedProgram {
    path: PathBuf,
    folder: PathBuf,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// Everything held for every input.
    Passed(Tally),
    /// An input failed.
    Failed {
        /// The file with it.
        input: PathBuf,
        /// What the program reported.
        report: String,
    },
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Inputs that were tried.
    pub inputs: u64,
    /// Edges of the code that any of them reached.
    pub edges: u64,
    /// Inputs that reached something new, and were kept for that.
    pub new: u64,
}

impl GuidedProgram {
    /// Builds the program; `target` is the folder of cargo's build output.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn build(target: &Path) -> Result<Self> {
        // Crates of other projects stay as they are, so a build for tests has compiled them already.
        let status = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--package", "fuzz"])
            .args(["--bin", "guided", "--features", "libfuzzer"])
            .env(
                "RUSTC_WORKSPACE_WRAPPER",
                Path::new(env!("CARGO_MANIFEST_DIR")).join("instrumented-rustc"),
            )
            .env("CARGO_TARGET_DIR", target)
            .status()
            .context("cannot run cargo")?;
        if !status.success() {
            bail!("the instrumented program does not build");
        }
        Ok(Self {
            path: target.join("debug/guided"),
            folder: target.join("fuzz"),
        })
    }

    /// Feeds `target` for so many seconds. The input of a failure is in the working directory.
    ///
    /// # Errors
    /// When the program cannot be run, or coverage does not guide it.
    pub fn run(&self, target: &dyn FuzzTarget, seconds: u64) -> Result<Run> {
        let workspace = Workspace::prepare(target, &self.folder)?;
        let prefix = format!("fuzz-{}-", target.name());
        let mut command = self.command(target);
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={}", target.max_length()))
            .arg(format!("-artifact_prefix={prefix}"))
            .args(["-print_final_stats=1", "-reload=0"]);
        // libFuzzer takes no empty dictionary.
        if !target.words().is_empty() {
            command.arg(format!("-dict={}", workspace.words.display()));
        }
        command.arg(&workspace.found).arg(&workspace.seeds);
        if kept(target).exists() {
            command.arg(kept(target));
        }
        let output = command.output().context("cannot run the instrumented program")?;
        read_report(target, &output, &prefix)
    }

    /// Writes to `fuzz/corpus/TARGET` the fewest of all known inputs that reach all edges which short inputs reach.
    ///
    /// # Errors
    /// When the program cannot be run, or fails.
    pub fn keep(&self, target: &dyn FuzzTarget) -> Result<()> {
        let workspace = Workspace::prepare(target, &self.folder)?;
        let chosen = tempfile::tempdir()?;
        let output = self
            .command(target)
            .args(["-set_cover_merge=1", "-use_counters=0"])
            .arg(format!("-max_len={}", target.max_length().min(MAX_KEPT)))
            .arg(chosen.path())
            .args([&workspace.seeds, &workspace.found])
            .args(kept(target).exists().then(|| kept(target)))
            .output()
            .context("cannot run the instrumented program")?;
        if !output.status.success() {
            bail!(
                "merging the inputs of `{}` failed:\n{}",
                target.name(),
                text(&output)
            );
        }
        let kept = kept(target);
        if kept.exists() {
            std::fs::remove_dir_all(&kept)?;
        }
        std::fs::create_dir_all(&kept)?;
        for entry in std::fs::read_dir(chosen.path())? {
            let entry = entry?;
            std::fs::copy(entry.path(), kept.join(entry.file_name()))?;
        }
        Ok(())
    }

    fn command(&self, target: &dyn FuzzTarget) -> Command {
        let mut command = Command::new(&self.path);
        command
            .env("FUZZ_TARGET", target.name())
            .arg(format!("-timeout={SLOWEST_SECONDS}"))
            .arg(format!("-rss_limit_mb={MAX_MEMORY_MIB}"));
        command
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read_report(target: &dyn FuzzTarget, output: &Output, prefix: &str) -> Result<Run> {
    let report = text(output);
    if !output.status.success() {
        let input = report
            .lines()
            .find_map(|line| line.split_once(&format!("Test unit written to {prefix}")))
            .map(|(_, rest)| PathBuf::from(format!("{prefix}{rest}")));
        return match input {
            Some(input) => Ok(Run::Failed { input, report }),
            None => bail!("libFuzzer cannot run `{}`:\n{report}", target.name()),
        };
    }
    let tally = tally(&report)
        .with_context(|| format!("libFuzzer reports no coverage of `{}`:\n{report}", target.name()))?;
    Ok(Run::Passed(tally))
}

/// Reads the last lines of a run: `#1234 DONE cov: 56 ft: ...`, and the statistics after it.
fn tally(report: &str) -> Option<Tally> {
    let done = report
        .lines()
        .rfind(|line| line.contains("DONE") && line.contains("cov: "))?;
    let (_, edges) = done.split_once("cov: ")?;
    let statistic = |name: &str| -> Option<u64> {
        let line = report.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().parse().ok()
    };
    Some(Tally {
        inputs: statistic("stat::number_of_executed_units")?,
        edges: edges.split_whitespace().next()?.parse().ok()?,
        new: statistic("stat::new_units_added")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_run_are_its_tally() {
        let report = "#2\tINITED cov: 3 ft: 4 corp: 1/1b\n#9\tDONE   cov: 12 ft: 40 corp: 5/9b\nDone 9 runs in 1 second(s)\n\
            stat::number_of_executed_units: 9\nstat::average_exec_per_sec:     9\nstat::new_units_added:          4\n";
        let expected = Tally {
            inputs: 9,
            edges: 12,
            new: 4,
        };
        assert_eq!(tally(report), Some(expected));
    }

    #[test]
    fn a_run_without_instrumentation_has_no_tally() {
        assert_eq!(tally("#2\tDONE ft: 4\nstat::number_of_executed_units: 9\n"), None);
    }
}
