//! `cpkgs run`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use rootless::generation::{Generations, PROGRAMS};
use rootless::overlay;

use super::candidates;
use super::failure::{Failure, REFUSED};
use super::{Context, Outcome};

/// Run a command with the installed packages, at the paths they were built for if this machine allows it.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Use these packages and their dependencies instead: downloaded if necessary, and not installed.
    #[arg(long, value_name = "PACKAGE", value_delimiter = ',', add = ArgValueCompleter::new(candidates::packages))]
    with: Vec<String>,

    /// How the command finds the packages' files.
    #[arg(long, value_enum, default_value_t = PathsWay::Auto)]
    way: PathsWay,

    /// Run your shell ($SHELL, or bash) instead of a command.
    #[arg(long, conflicts_with = "command")]
    shell: bool,

    /// The command and its arguments, after `--`.
    #[arg(required_unless_present = "shell", last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// How a command finds the files of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PathsWay {
    /// `overlay` where it works, otherwise `path`; always `path` with `--with`.
    Auto,
    /// They are laid over /usr and /etc, in a mount namespace or by tracing the command.
    Overlay,
    /// Their programs come first in PATH.
    Path,
}

pub(super) fn run(args: &RunArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let install = context.config.install(&context.home);
    let generations = Generations::new(&install);
    let generation = if args.with.is_empty() {
        generations.current()?.map(|number| generations.path(number))
    } else {
        Some(super::ephemeral::ephemeral(&args.with, context)?)
    };
    let shell = [std::env::var_os("SHELL").unwrap_or_else(|| "/bin/bash".into())];
    let words = if args.shell {
        &shell
    } else {
        args.command.as_slice()
    };
    let (Some(generation), [program, arguments @ ..]) = (generation, words) else {
        return Err(
            Failure::saying(REFUSED, "nothing is installed").hint("`cpkgs install` installs packages")
        );
    };
    let is_laid = |generation: &Path| {
        let program = std::env::current_exe();
        args.with.is_empty() && program.is_ok_and(|cpkgs| overlay::works(&cpkgs, generation))
    };
    let is_laid = match args.way {
        PathsWay::Auto => is_laid(&generation),
        PathsWay::Overlay => true,
        PathsWay::Path => false,
    };
    let mut command = Command::new(program);
    if is_laid {
        lay(&generation)?;
        command.env("PATH", path_with(Path::new("/usr/games")));
        command.env(overlay::GENERATION_VARIABLE, &generation);
    } else {
        command.env("PATH", path_with(&generation.join(PROGRAMS)));
    }
    command.args(arguments);
    if args.shell {
        // Debian's shells show it in their prompt.
        command.env("debian_chroot", "cpkgs");
    }
    context.printer.flush()?;
    Err(Failure::of_start(program, command.exec()))
}

/// Has this process, and what it becomes, find the files of a generation at their paths.
fn lay(generation: &Path) -> Result<(), Failure> {
    let Err(error) = overlay::enter(generation) else {
        return Ok(());
    };
    overlay::tracer::enter(generation)
        .map_err(|_| Failure::new(REFUSED, error).hint("`--way path` works everywhere"))
}

fn path_with(first: &Path) -> OsString {
    let usual = || OsString::from("/usr/local/bin:/usr/bin:/bin");
    let path = std::env::var_os("PATH").unwrap_or_else(usual);
    let folders = std::iter::once(first.to_owned()).chain(std::env::split_paths(&path));
    let folders: Vec<PathBuf> = folders.collect();
    std::env::join_paths(folders).unwrap_or(path)
}
