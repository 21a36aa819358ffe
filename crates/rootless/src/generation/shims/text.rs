//! The text of a shim.

use super::PROGRAMS;
use crate::overlay::{EXEC_COMMAND, GENERATION_VARIABLE, NAME_VARIABLE};

/// A shell script that becomes one command.
pub(super) struct Script {
    text: String,
}

impl Script {
    /// Begins with variables for the environment: name, and how the shell makes the value.
    pub(super) fn new(variables: &[(String, String)]) -> Self {
        let mut text = String::new();
        for (name, value) in variables {
            text.push_str(&format!("export {name}={value}\n"));
        }
        text.push_str("exec");
        Self { text }
    }

    /// Adds a word as it is.
    pub(super) fn word(&mut self, word: &str) {
        self.plain(&quoted(word));
    }

    /// Adds something for the shell to read.
    pub(super) fn plain(&mut self, words: &str) {
        self.text.push(' ');
        self.text.push_str(words);
    }

    /// Ends with arguments of the program, and those that the caller gives.
    pub(super) fn finish(mut self, arguments: &[String]) -> String {
        for argument in arguments {
            self.word(argument);
        }
        self.text.push_str(" \"$@\"\n");
        self.text
    }
}

/// A program of a generation that lies at `place`.
pub(super) struct AtHome<'a> {
    pub(super) place: &'a str,
    /// The program's own path.
    pub(super) path: &'a str,
    /// Where the program is Python, its loader, which tells it the name that it is called by: it starts itself by that, and by that knows
    /// the environment that it belongs to.
    pub(super) loader: Option<&'a str>,
}

/// What says to Python where its own modules lie, which it would look for from its name on.
const HOME: &str = "PYTHONHOME=/usr";

impl AtHome<'_> {
    /// Begins a shim: where the generation is laid over the host already, the program is started as it is.
    pub(super) fn begin(&self) -> String {
        let (place, path) = (quoted(self.place), quoted(self.path));
        // Last in PATH: what the program starts by name is the host's, where the host has it.
        let programs = quoted(&format!("{}/{PROGRAMS}", self.place));
        let start = match self.loader.map(quoted) {
            None => format!("exec {path} \"$@\""),
            Some(loader) => format!("{{ export {HOME}; exec {loader} --argv0 \"$0\" {path} \"$@\"; }}"),
        };
        format!(
            "#!/bin/sh\n[ \"${GENERATION_VARIABLE}\" = {place} ] && {start}\n\
             case \":$PATH:\" in *:{programs}:*) ;; \
             *) export PATH=\"${{PATH:-/usr/local/bin:/usr/bin:/bin}}:\"{programs} ;; esac\n"
        )
    }

    /// Returns a shim that lays the generation over the host, by a launcher; where that cannot be, it starts `direct`.
    pub(super) fn laid(&self, launcher: &str, direct: &str) -> String {
        let [launcher, place, path, direct] = [launcher, self.place, self.path, direct].map(quoted);
        let mut begin = self.begin();
        if self.loader.is_some() {
            begin.push_str(&format!("export {HOME} {NAME_VARIABLE}=\"$0\"\n"));
        }
        format!(
            "{begin}[ -x {launcher} ] && exec {launcher} {EXEC_COMMAND} {place} {path} {direct} \"$@\"\n\
             exec {direct} \"$@\"\n"
        )
    }
}

/// Quotes a word for the shell.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_program_as_they_are() {
        let mut script = Script::new(&[("X".to_owned(), quoted("it's $HOME"))]);
        script.word("printf");
        script.word("%s|");
        let text = script.finish(&["a 'b'".to_owned(), "$(false)".to_owned()]);
        let text = text.replace("exec 'printf'", "printf '%s|' \"$X\"; exec 'printf'");
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", &text, "sh", "c d"])
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"it's $HOME|a 'b'|$(false)|c d|");
    }
}
