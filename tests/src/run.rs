//! A finished program: what it said and how it ended.

use std::io::{Seek as _, Write as _};
use std::process::{Command, Stdio};

/// The output and exit code of a finished program.
#[derive(Debug, Clone)]
pub struct Run {
    /// The command line, for messages.
    pub command: String,
    /// The exit code; `-1` when a signal ended it.
    pub code: i32,
    /// Standard output. Bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

impl Run {
    /// Runs `command` to its end with no standard input.
    pub fn of(command: &mut Command) -> Self {
        Self::with(command, Stdio::null())
    }

    /// Runs `command` to its end with a text on its standard input.
    pub fn of_input(command: &mut Command, input: &str) -> Self {
        // A file takes any length at once, and a program that does not read it is not in the way.
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(input.as_bytes()).unwrap();
        file.rewind().unwrap();
        Self::with(command, file.into())
    }

    fn with(command: &mut Command, input: Stdio) -> Self {
        let shown = format!("{command:?}");
        let output = command.stdin(input).output().unwrap_or_else(|error| {
            panic!("cannot run {shown}: {error}\nhint: `make setup` installs what the tests need")
        });
        Self {
            command: shown,
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Returns itself when the exit code is 0, and fails the test otherwise.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Returns itself when the exit code is `code`, and fails the test otherwise.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "unexpected exit code\n{}", self.report());
        self
    }

    /// Returns the lines of standard output, each split at its tabs.
    pub fn rows(&self) -> Vec<Vec<&str>> {
        self.stdout
            .lines()
            .map(|line| line.split('\t').collect())
            .collect()
    }

    /// Returns everything a reader of a failed test wants to see.
    pub fn report(&self) -> String {
        format!(
            "$ {}\nexit code {}\n--- stdout\n{}--- stderr\n{}",
            self.command, self.code, self.stdout, self.stderr
        )
    }
}
