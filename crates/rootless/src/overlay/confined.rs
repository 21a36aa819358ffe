//! Where the kernel permits no namespaces: programs of a generation make files for it, followed by the [`tracer`], and confined by Landlock.
//!
//! They write among the links of the generation and nowhere else, read none of the user's files, have no sockets, reach no other process, and
//! end with the process that follows them.
//!
//! Source: landlock(7), seccomp(2).

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use landlock::{
    ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_parent_process_death_signal, waitpid,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use super::LAID;
use super::tracer::{self, PackageFiles};
use super::union::{TEMPORARY, UNION};

/// The command of `cpkgs` that follows a program which makes files for a generation: GENERATION SECONDS PROGRAM ARGUMENT…
pub const FOLLOW_COMMAND: &str = "make-by-links";
/// The command of `cpkgs` that becomes such a program: GENERATION PROGRAM ARGUMENT…
pub const CONFINED_COMMAND: &str = "exec-confined";

/// What programs may read besides the generation and what it is laid over. The user's own files are not among it.
const READ: [&str; 9] = [
    "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/sys", "/dev",
];
/// Devices that they may write to.
const WRITTEN: [&str; 2] = ["/dev/null", "/dev/zero"];
/// What the kernel has to confine: older ones let files be moved out of where they are. Linux 5.19.
const LEAST: ABI = ABI::V2;
/// What newer ones confine besides.
const MOST: ABI = ABI::V6;

/// Runs a program for so long at most; returns whether it succeeded. The process should end then: what the program left behind ends with it.
///
/// # Errors
///
/// When it cannot be followed.
pub fn make(generation: &Path, limit: Duration, command: &[OsString]) -> io::Result<bool> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let child = Command::new("/proc/self/exe")
        .arg(CONFINED_COMMAND)
        .arg(generation)
        .args(command)
        .spawn()?;
    let number = i32::try_from(child.id()).map_err(io::Error::other)?;
    let process = Pid::from_raw(number).ok_or(io::ErrorKind::InvalidInput)?;
    // It waits for being followed.
    let stopped = waitpid(Some(process), WaitOptions::UNTRACED)?;
    if stopped.is_none_or(|(_, status)| !status.stopped()) {
        return Err(io::Error::other("it ended before it began"));
    }
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        let _ = writeln!(io::stderr(), "took longer than {} seconds", limit.as_secs());
        // The kernel ends all that are followed.
        let _ = rustix::process::kill_process(getpid(), Signal::KILL);
    });
    let mut followed = tracer::follow(generation, number, PackageFiles::Copied)?;
    kill_process(process, Signal::CONT)?;
    Ok(followed.run_to_end_of(number)? == Some(0))
}

/// Becomes a program that makes files for a generation. Returns only when it cannot.
pub fn become_program(generation: &Path, program: &OsString, arguments: &[OsString]) -> io::Error {
    let become_it = || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        kill_process(getpid(), Signal::STOP)?;
        confine(generation)?;
        tracer::stop_at_paths(PackageFiles::Copied)
    };
    match become_it() {
        Ok(()) => Command::new(program)
            .args(arguments)
            .env("TMPDIR", generation.join(UNION).join(TEMPORARY))
            .env("HOME", generation.join(UNION).join(TEMPORARY))
            .current_dir(generation.join(UNION).join(TEMPORARY))
            .exec(),
        Err(error) => error,
    }
}

fn confine(generation: &Path) -> io::Result<()> {
    let install = generation.parent().and_then(Path::parent).unwrap_or(generation);
    let missing = |_| io::Error::other("this kernel has no Landlock that would confine it");
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(LEAST))
        .map_err(missing)?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(MOST))
        .and_then(|rules| rules.scope(Scope::from_all(MOST)))
        .and_then(Ruleset::create)
        .and_then(|rules| {
            rules.add_rules(path_beneath_rules(
                LAID.into_iter().chain(READ),
                AccessFs::from_read(MOST),
            ))
        })
        .and_then(|rules| rules.add_rules(path_beneath_rules([install], AccessFs::from_read(MOST))))
        .and_then(|rules| {
            rules.add_rules(path_beneath_rules(
                [generation.join(UNION)],
                AccessFs::from_all(MOST),
            ))
        })
        .and_then(|rules| rules.add_rules(path_beneath_rules(WRITTEN, AccessFs::from_file(MOST))))
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(io::Error::other)?;
    if restricted.ruleset == RulesetStatus::NotEnforced {
        return Err(io::Error::other(
            "this kernel has no Landlock that would confine it",
        ));
    }
    refuse()
}

/// Takes system calls from this process, and what it becomes, that Landlock does not confine: sockets, and making a file shorter by its path,
/// which older kernels let through.
fn refuse() -> io::Result<()> {
    let arch = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let refused = [libc::SYS_socket, libc::SYS_truncate].map(|call| (call, Vec::new()));
    let action = SeccompAction::Errno(Errno::ACCESS.raw_os_error().unsigned_abs());
    let filter = SeccompFilter::new(refused.into(), SeccompAction::Allow, action, arch);
    let program = filter.and_then(BpfProgram::try_from).map_err(io::Error::other)?;
    seccompiler::apply_filter(&program).map_err(io::Error::other)
}
