//! Calls of dpkg.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};

use super::order::Step;
use super::{System, SystemError};

/// Where the programs are that dpkg and maintainer scripts look for; a user's own path lacks some.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Calls dpkg for a step; its questions are asked at the terminal.
pub(super) fn dpkg(system: &System, step: &Step) -> Result<(), SystemError> {
    let mut command = Command::new("dpkg");
    command
        .env("PATH", PATH)
        // The lock is ours already. Source: dpkg's frontend specification.
        .env("DPKG_FRONTEND_LOCKED", "true")
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
    let action = match step {
        Step::Remove(names) => {
            // What needs it goes in the same call or gets another version after it.
            command.args(["--force-depends", "--remove"]).args(names);
            "--remove"
        }
        Step::Unpack(files) => {
            command
                .args(["--no-triggers", "--auto-deconfigure", "--unpack"])
                .args(files);
            "--unpack"
        }
        Step::Configure => {
            command.args(["--configure", "--pending"]);
            "--configure"
        }
    };
    let status = command.status().map_err(SystemError::Start)?;
    if status.success() {
        Ok(())
    } else {
        Err(SystemError::Failed { action, status })
    }
}

fn talk() -> Result<Stdio, SystemError> {
    let stderr = io::stderr().as_fd().try_clone_to_owned();
    Ok(Stdio::from(stderr.map_err(SystemError::Start)?))
}
