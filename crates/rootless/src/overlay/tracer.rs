//! Follows a program, and all that it starts, by ptrace(2), and changes the paths that they give to the kernel: the way to the files of a
//! generation where the kernel permits no namespaces.
//!
//! The program keeps its process, so that signals, exit codes and jobs of a shell are what they would be. What follows it is a process of
//! `cpkgs` that is nobody's child and in a session of its own; it ends after the last that it follows, and if it is killed, they are too.
//! A filter of seccomp(2) stops only at system calls that have a path.
//!
//! Source: ptrace(2), seccomp(2), and `strace -D` for who is whose child.

mod calls;
mod change;
mod exec;
mod follow;
mod heap;
mod listing;
mod memory;
mod paths;
mod process;
mod registers;

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::process::{PTracer, Pid, getpid, set_ptracer, setsid};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use self::follow::Followed;
pub(super) use self::paths::PackageFiles;
use self::paths::Paths;

/// The command of `cpkgs` that follows a process: GENERATION PROCESS; with `apart` before them it only starts that.
pub const TRACE_COMMAND: &str = "trace-in-generation";
/// Has the command start what follows, which then is nobody's child.
const APART: &str = "apart";
/// What is said when a process is followed.
const READY: &str = "ready";

/// Has this process, and what it becomes, find the files of a generation at the paths they were made for.
///
/// # Errors
///
/// When the generation cannot be prepared for that, or the kernel does not let a process be followed. Nothing else is changed then.
pub fn enter(generation: &Path) -> io::Result<()> {
    super::union::complete(generation)?;
    let mut starter = Command::new("/proc/self/exe")
        .args([TRACE_COMMAND, APART])
        .arg(generation)
        .arg(getpid().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (Some(mut to), Some(from)) = (starter.stdin.take(), starter.stdout.take()) else {
        return Err(io::Error::other("the pipes are missing"));
    };
    let mut from = BufReader::new(from);
    let mut line = || {
        let mut line = String::new();
        from.read_line(&mut line)?;
        io::Result::Ok(line.trim_end().to_owned())
    };
    let number = line()?.parse().ok().and_then(Pid::from_raw);
    starter.wait()?;
    let number = number.ok_or_else(|| io::Error::other("nothing started that follows"))?;
    match set_ptracer(PTracer::ProcessID(number)) {
        // Without Yama, nobody needs that permission.
        Err(Errno::INVAL) => {}
        done => done?,
    }
    to.write_all(b"\n")?;
    if line()? != READY {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    stop_at_paths(PackageFiles::Closed)
}

/// Starts what follows a process, which then is nobody's child.
///
/// # Errors
///
/// When it cannot be started.
pub fn start(generation: &Path, process: &str) -> io::Result<()> {
    // It waits for nobody, and nobody for it.
    Command::new("/proc/self/exe")
        .arg(TRACE_COMMAND)
        .arg(generation)
        .arg(process)
        .spawn()
        .map(drop)
}

/// Follows a process, and all that it starts, until the last of them ends.
///
/// # Errors
///
/// When the kernel does not let it be followed.
pub fn run(generation: &Path, number: &str) -> io::Result<()> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
    let number: i32 = number.parse().map_err(|_| invalid())?;
    // Not of the terminal that the program has: what is typed there is not for it.
    setsid()?;
    process::ignore_ends();
    std::env::set_current_dir("/")?;
    let mut out = io::stdout();
    writeln!(out, "{}", getpid())?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let mut followed = follow(generation, number, PackageFiles::Closed)?;
    writeln!(out, "{READY}")?;
    out.flush()?;
    followed.run()
}

/// Begins to follow a process, which finds the files of a generation then.
///
/// # Errors
///
/// When the kernel does not let it be followed.
pub(super) fn follow(generation: &Path, process: i32, files: PackageFiles) -> io::Result<Followed> {
    Followed::seize(process, Paths::read(generation, files))
}

/// Says how a command of the launcher is to be carried out: `words` are what follows its name.
///
/// # Errors
///
/// When it cannot be.
pub fn command(words: &[std::ffi::OsString]) -> io::Result<()> {
    let text = |word: &std::ffi::OsString| word.to_string_lossy().into_owned();
    match words {
        [apart, generation, process] if apart == APART => start(Path::new(generation), &text(process)),
        [generation, process] => run(Path::new(generation), &text(process)),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Has this process, which is followed, and what it becomes stop at system calls that have a path, and where files are made at those that
/// list a folder.
///
/// # Errors
///
/// When the kernel does not let it.
pub(super) fn stop_at_paths(files: PackageFiles) -> io::Result<()> {
    let arch = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let more = (files == PackageFiles::Copied).then(calls::stopped_to_make);
    let all = calls::stopped().chain(more.into_iter().flatten());
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = all.map(|call| (call, Vec::new())).collect();
    let (call, [what, how]) = calls::hiding();
    let is = |place, value| {
        // The first of them is an `int`.
        let length = if place == 0 {
            SeccompCmpArgLen::Dword
        } else {
            SeccompCmpArgLen::Qword
        };
        SeccompCondition::new(place, length, SeccompCmpOp::Eq, value).map_err(io::Error::other)
    };
    let hides = SeccompRule::new(vec![is(0, what)?, is(1, how)?]).map_err(io::Error::other)?;
    rules.insert(call, vec![hides]);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Trace(0), arch);
    let program = filter.and_then(BpfProgram::try_from).map_err(io::Error::other)?;
    seccompiler::apply_filter(&program).map_err(io::Error::other)
}
