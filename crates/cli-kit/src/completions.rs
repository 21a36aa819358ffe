//! What makes a shell complete the words of a program.

use clap::{Args, Command};
use clap_complete::Shell;

/// Print the completion script of a shell.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

impl CompletionsArgs {
    /// Returns the script for the shell.
    pub fn script(&self, mut program: Command) -> Vec<u8> {
        let mut script = Vec::new();
        let name = program.get_name().to_owned();
        clap_complete::generate(self.shell, &mut program, name, &mut script);
        script
    }
}
