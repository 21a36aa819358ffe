//! `cpkgs env`.

use std::path::Path;

use clap::Args;

use super::{Context, Outcome, failure::Failure};

/// Print shell commands that make the installed programs, manuals and completions available: `eval "$(cpkgs env)"`.
#[derive(Debug, Args)]
pub(super) struct EnvArgs {}

/// A variable that is a list of folders, and what follows the one that comes first.
struct Variable {
    name: &'static str,
    folder: String,
    /// In the words of a shell, quoted.
    rest: &'static str,
}

pub(super) fn run(_args: &EnvArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let variables = variables(&context.config.install(&context.home));
    if context.printer.json() {
        let folders = variables.iter().map(|one| (one.name, one.folder.clone().into()));
        let folders: serde_json::Map<String, serde_json::Value> =
            folders.map(|(name, folder)| (name.to_owned(), folder)).collect();
        context.printer.value(&folders)?;
        return Ok(Outcome::Success);
    }
    for variable in variables {
        context.printer.line(variable.exported())?;
    }
    Ok(Outcome::Success)
}

fn variables(install: &Path) -> [Variable; 3] {
    let folder = |name: &str| install.join(name).to_string_lossy().into_owned();
    [
        Variable {
            name: "PATH",
            folder: folder("bin"),
            rest: "${PATH:+:$PATH}",
        },
        Variable {
            name: "MANPATH",
            folder: folder("share/man"),
            // An empty part stands for the usual folders. Source: manpath(1).
            rest: ":${MANPATH-}",
        },
        Variable {
            name: "XDG_DATA_DIRS",
            folder: folder("share"),
            // Source: XDG Base Directory Specification.
            rest: ":${XDG_DATA_DIRS:-/usr/local/share:/usr/share}",
        },
    ]
}

impl Variable {
    fn exported(&self) -> String {
        let folder = self.folder.replace('\'', "'\\''");
        format!("export {}='{folder}'\"{}\"", self.name, self.rest)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_what_is_printed_and_keeps_what_was_there() {
        let [path, manuals, data] = variables(Path::new("/home/o'neil/a b"));
        let script = format!(
            "PATH=/bin; unset MANPATH XDG_DATA_DIRS; {}; {}; {}; printf '%s\\n' \"$PATH\" \"$MANPATH\" \"$XDG_DATA_DIRS\"",
            path.exported(),
            manuals.exported(),
            data.exported()
        );
        let output = Command::new("/bin/sh").args(["-euc", &script]).output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "/home/o'neil/a b/bin:/bin\n\
             /home/o'neil/a b/share/man:\n\
             /home/o'neil/a b/share:/usr/local/share:/usr/share\n",
            "{output:?}"
        );
    }
}
