//! `cpkgs exec-in-generation GENERATION PROGRAM DIRECT ARGUMENT…`: how the programs in `bin` are started that look for their files at fixed paths.
//!
//! Becomes PROGRAM, with the generation laid over the host, or where that cannot be, DIRECT. Shims call it, not people.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rootless::overlay;

use super::failure::{Failure, REFUSED, USAGE};

/// Returns only when it cannot become the program. Reads no configuration: programs run whatever stands in it.
pub(super) fn run(mut words: impl Iterator<Item = OsString>) -> Failure {
    let (Some(generation), Some(program), Some(direct)) = (words.next(), words.next(), words.next()) else {
        return Failure::saying(USAGE, "expected a generation and two programs");
    };
    let mut command = match overlay::enter(Path::new(&generation)) {
        Ok(()) => {
            let mut command = Command::new(program);
            command.env(overlay::GENERATION_VARIABLE, generation);
            command
        }
        Err(_) => Command::new(direct),
    };
    let error = command.args(words).exec();
    let message = format!("cannot run `{}`", command.get_program().to_string_lossy());
    Failure::new(REFUSED, anyhow::Error::new(error).context(message))
}
