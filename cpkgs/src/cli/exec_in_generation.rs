//! `cpkgs exec-in-generation GENERATION PROGRAM DIRECT ARGUMENT…`: how the programs in `bin` are started that look for their files at fixed paths.
//!
//! Becomes PROGRAM, with the generation laid over the host, in a namespace or followed by ptrace, or where that cannot be, DIRECT. Shims call it, not people.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rootless::overlay;

use super::failure::{Failure, REFUSED, USAGE};

/// Returns only when it cannot become the program. Reads no configuration: programs run whatever stands in it.
pub(super) fn run(mut words: impl Iterator<Item = OsString>) -> Failure {
    let (Some(generation), Some(program), Some(direct)) = (words.next(), words.next(), words.next()) else {
        return Failure::saying(USAGE, "expected a generation and two programs");
    };
    let generation = Path::new(&generation);
    let is_laid = overlay::enter(generation).is_ok() || overlay::tracer::enter(generation).is_ok();
    let mut command = Command::new(if is_laid { &program } else { &direct });
    if is_laid {
        command.env(overlay::GENERATION_VARIABLE, generation);
        if let Some(name) = std::env::var_os(overlay::NAME_VARIABLE) {
            command.arg0(name);
        }
    }
    command.env_remove(overlay::NAME_VARIABLE);
    let error = command.args(words).exec();
    Failure::of_start(command.get_program(), error)
}

/// Runs a program that makes files for a generation, which is being built: `cpkgs make-in-generation GENERATION WHO SECONDS PROGRAM ARGUMENT…`.
pub(super) fn make(mut words: impl Iterator<Item = OsString>) -> Result<bool, Failure> {
    let (generation, who, seconds) = (words.next(), words.next(), words.next());
    let who = who.and_then(|who| overlay::Who::parse(who.to_str()?));
    let seconds = seconds.and_then(|seconds| seconds.to_str()?.parse().ok());
    let (Some(generation), Some(who), Some(seconds)) = (generation, who, seconds) else {
        return Err(Failure::saying(
            USAGE,
            "expected a generation, a user, seconds and a program",
        ));
    };
    let command: Vec<OsString> = words.collect();
    overlay::make(
        Path::new(&generation),
        who,
        Duration::from_secs(seconds),
        &command,
    )
    .map_err(|error| Failure::new(REFUSED, error))
}

/// Becomes a program that ends when its parent does: `cpkgs exec-tied PROGRAM ARGUMENT…`.
pub(super) fn tied(mut words: impl Iterator<Item = OsString>) -> Failure {
    let Some(program) = words.next() else {
        return Failure::saying(USAGE, "expected a program");
    };
    let error = match overlay::tie() {
        Ok(()) => Command::new(&program).args(words).exec(),
        Err(error) => error,
    };
    Failure::of_start(&program, error)
}

/// Follows a process: `cpkgs trace-in-generation GENERATION PROCESS`.
pub(super) fn trace(words: impl Iterator<Item = OsString>) -> Result<bool, Failure> {
    let words: Vec<OsString> = words.collect();
    overlay::tracer::command(&words)
        .map(|()| true)
        .map_err(|error| Failure::new(REFUSED, error))
}

/// Runs a program that makes files for a generation, where there are no namespaces: `cpkgs make-by-links GENERATION SECONDS PROGRAM ARGUMENT…`.
pub(super) fn make_by_links(mut words: impl Iterator<Item = OsString>) -> Result<bool, Failure> {
    let (generation, seconds) = (words.next(), words.next());
    let seconds = seconds.and_then(|seconds| seconds.to_str()?.parse().ok());
    let (Some(generation), Some(seconds)) = (generation, seconds) else {
        return Err(Failure::saying(
            USAGE,
            "expected a generation, seconds and a program",
        ));
    };
    let command: Vec<OsString> = words.collect();
    overlay::confined::make(Path::new(&generation), Duration::from_secs(seconds), &command)
        .map_err(|error| Failure::new(REFUSED, error))
}

/// Becomes such a program: `cpkgs exec-confined GENERATION PROGRAM ARGUMENT…`.
pub(super) fn confined(mut words: impl Iterator<Item = OsString>) -> Failure {
    let (Some(generation), Some(program)) = (words.next(), words.next()) else {
        return Failure::saying(USAGE, "expected a generation and a program");
    };
    let arguments: Vec<OsString> = words.collect();
    let error = overlay::confined::become_program(Path::new(&generation), &program, &arguments);
    Failure::new(REFUSED, error)
}
