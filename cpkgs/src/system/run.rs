//! Calls of dpkg.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Command, ExitStatus, Stdio};

use super::order::Step;
use super::{System, SystemError};
use rootless::Configuration;

/// Where the programs are that dpkg and maintainer scripts look for; a user's own path lacks some.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Starts a program so that what a terminal sends to end it does not reach it: cut off in the middle, dpkg leaves packages half
/// unpacked. Whatever it starts inherits that, maintainer scripts too, as they do from dpkg itself.
const DEAF: &str = "trap '' INT QUIT HUP; exec \"$@\"";

/// Calls dpkg for a step, and lets it end whatever comes; its questions are asked at the terminal.
pub(super) fn dpkg(system: &System, step: &Step) -> Result<ExitStatus, SystemError> {
    let mut command = command(system)?;
    // The lock is ours already. Source: dpkg's frontend specification.
    command.env("DPKG_FRONTEND_LOCKED", "true");
    match step {
        // What is damaged cannot be unpacked again where no source has it any more; whoever names it wants it gone.
        Step::Remove(names, _) => command
            .args(["--force-remove-reinstreq", step.action()])
            .args(names),
        // The plan has what meets the needs in its place, and it comes with the next call.
        Step::GiveWay(names) => command.args(["--force-depends", step.action()]).args(names),
        Step::Unpack(files) => command
            .args(["--no-triggers", "--auto-deconfigure", step.action()])
            .args(files),
        // Triggers can wait until everything is there.
        Step::ConfigureNamed(names) => command.args(["--no-triggers", step.action()]).args(names),
        Step::Configure => command.args([step.action(), "--pending"]),
    };
    command.status().map_err(SystemError::Start)
}

/// Tells dpkg what is wanted of packages, in lines of its own format.
pub(super) fn set_selections(system: &System, lines: &str) -> Result<(), SystemError> {
    let mut command = command(system)?;
    command.arg("--set-selections").stdin(Stdio::piped());
    let mut child = command.spawn().map_err(SystemError::Start)?;
    if let Some(mut stdin) = child.stdin.take() {
        // When it does not read all of it, it has said why, and fails.
        let _ = stdin.write_all(lines.as_bytes());
    }
    let status = child.wait().map_err(SystemError::Start)?;
    match status.success() {
        true => Ok(()),
        false => Err(SystemError::Failed {
            action: "--set-selections",
            status,
            unfinished: Vec::new(),
        }),
    }
}

/// Returns a call of dpkg for a system.
fn command(system: &System) -> Result<Command, SystemError> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", DEAF, "sh", "dpkg"])
        .env("PATH", PATH)
        // Our own output is data; what dpkg says is talk.
        .stdout(talk()?);
    if !system.is_this_machine() {
        let mut root = OsString::from("--root=");
        root.push(&system.root);
        command.arg(root);
        if !rustix::process::geteuid().is_root() {
            command.arg("--force-not-root");
        }
    }
    Ok(command)
}

impl Step {
    /// Returns what dpkg calls it.
    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::Remove(_, Configuration::Goes) => "--purge",
            Self::Remove(_, Configuration::Stays) | Self::GiveWay(_) => "--remove",
            Self::Unpack(_) => "--unpack",
            Self::ConfigureNamed(_) | Self::Configure => "--configure",
        }
    }
}

/// Where what other programs say goes.
pub(super) fn talk() -> Result<Stdio, SystemError> {
    let stderr = io::stderr().as_fd().try_clone_to_owned();
    Ok(Stdio::from(stderr.map_err(SystemError::Start)?))
}
