//! The password of a source, from where its entry in the configuration says that it is. No message shows it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use apt_client::source::SourceConfig;

/// Most bytes of a file that are read for a password.
const MAX_BYTES: u64 = 64 << 10;

/// Why the password of a source cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Name and password do not stand together.
    #[error(
        "source `{url}` has {found}: `user` and one of `password_file` and `password_command` belong together"
    )]
    Unsaid {
        /// The source.
        url: String,
        /// What stands there.
        found: String,
    },
    /// The file cannot be read.
    #[error("cannot read the password of source `{url}` from `{}`", path.display())]
    File {
        /// The source.
        url: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The command cannot be run.
    #[error("cannot run the `password_command` of source `{url}`")]
    Run {
        /// The source.
        url: String,
        /// Why.
        source: io::Error,
    },
    /// The command failed.
    #[error("the `password_command` of source `{url}` failed ({status})")]
    Command {
        /// The source.
        url: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// There is nothing.
    #[error("the password of source `{url}` is empty: its first line has to be the password")]
    Empty {
        /// The source.
        url: String,
    },
}

/// Returns the name and the password that a source's entry gives; `None` where it gives neither. Files count from `home`.
///
/// # Errors
/// When the entry gives one without the other, or the password cannot be had.
pub fn of(source: &SourceConfig, home: &Path) -> Result<Option<(String, String)>, PasswordError> {
    let url = || source.url.clone();
    let text = match (&source.user, &source.password_file, &source.password_command) {
        (None, None, None) => return Ok(None),
        (Some(_), Some(file), None) => {
            let path = home.join(file);
            read(&path).map_err(|source| PasswordError::File {
                url: url(),
                path,
                source,
            })?
        }
        (Some(_), None, Some(command)) => printed(command, &url)?,
        (user, file, command) => {
            let given = [
                (user.is_some(), "`user`"),
                (file.is_some(), "`password_file`"),
                (command.is_some(), "`password_command`"),
            ];
            let given: Vec<&str> = given
                .iter()
                .filter(|(is_given, _)| *is_given)
                .map(|(_, name)| *name)
                .collect();
            return Err(PasswordError::Unsaid {
                url: url(),
                found: given.join(" and "),
            });
        }
    };
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() {
        return Err(PasswordError::Empty { url: url() });
    }
    let user = source.user.clone().unwrap_or_default();
    Ok(Some((user, password.to_owned())))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Returns what a command prints. What it says of errors reaches the person.
fn printed(command: &str, url: &impl Fn() -> String) -> Result<String, PasswordError> {
    let output = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| PasswordError::Run { url: url(), source })?;
    if !output.status.success() {
        return Err(PasswordError::Command {
            url: url(),
            status: output.status,
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> SourceConfig {
        let all = "url = \"https://h\"\nsuites = []\ncomponents = []\nsigned_by = \"k\"\n";
        toml::from_str(&format!("{all}{text}")).unwrap()
    }

    #[test]
    fn the_first_line_of_a_file_or_of_what_a_command_prints_is_the_password() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("secret"), "p w\r\nmore\n").unwrap();
        let expected = Some(("ann".to_owned(), "p w".to_owned()));
        let from_file = source("user = \"ann\"\npassword_file = \"secret\"");
        assert_eq!(of(&from_file, home.path()).unwrap(), expected);
        let from_command = source("user = \"ann\"\npassword_command = \"printf 'p w'; echo\"");
        assert_eq!(of(&from_command, home.path()).unwrap(), expected);
        assert_eq!(of(&source(""), home.path()).unwrap(), None);
    }

    #[test]
    fn a_password_that_cannot_be_had_is_an_error() {
        let refused = |text: &str| of(&source(text), Path::new("/nowhere")).unwrap_err().to_string();
        assert!(refused("user = \"a\"").contains("has `user`:"));
        assert!(refused("password_file = \"f\"").contains("has `password_file`:"));
        let both = "user = \"a\"\npassword_file = \"f\"\npassword_command = \"c\"";
        assert!(refused(both).contains("`password_file` and `password_command`"));
        assert!(refused("user = \"a\"\npassword_file = \"f\"").contains("/nowhere/f"));
        assert!(refused("user = \"a\"\npassword_command = \"exit 3\"").contains("exit status: 3"));
        assert!(refused("user = \"a\"\npassword_command = \"true\"").contains("is empty"));
    }
}
