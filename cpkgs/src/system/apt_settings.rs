//! apt's configuration, as apt-config(8) tells it.

use std::io;
use std::process::Command;

use super::{System, SystemError, run};

/// The settings of a system's apt.
#[derive(Debug, Default)]
pub struct AptSettings(Vec<Setting>);

/// A setting that is not empty.
#[derive(Debug)]
struct Setting {
    name: String,
    value: String,
    /// How apt tells programs of it: `NAME=VALUE`, with blanks and the like as `%20`.
    told: String,
}

impl Setting {
    /// Reads a line in which apt has quoted the name and the value.
    fn of(line: &str) -> Option<Self> {
        let (name, value) = line.split_once('=').filter(|(_, value)| !value.is_empty())?;
        Some(Self {
            name: unquoted(name)?,
            value: unquoted(value)?,
            // In values, apt quotes these for `apt-config` alone.
            told: format!("{name}={}", value.replace("%3d", "=").replace("%22", "\"")),
        })
    }
}

/// Undoes apt's `QuoteString`.
fn unquoted(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

impl AptSettings {
    /// Reads the configuration of a system's apt. A system without apt has none, and who is not root cannot go into another one.
    ///
    /// # Errors
    /// When apt-config fails.
    pub fn read(system: &System) -> Result<Self, SystemError> {
        let may_ask = system.is_this_machine() || rustix::process::geteuid().is_root();
        if !may_ask || !system.below("usr/bin/apt-config").exists() {
            return Ok(Self::default());
        }
        let failed = |source| SystemError::Hook {
            command: "apt-config".to_owned(),
            source,
        };
        let mut command = inside(system, "apt-config");
        let output = command.args(["dump", "--format", "%F=%V%n"]).output();
        let output = output.map_err(failed)?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(failed(io::Error::other(why)));
        }
        Ok(Self::told(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Reads lines of apt-config, each with the whole name, an equals sign and the value.
    pub fn told(lines: &str) -> Self {
        Self(lines.lines().filter_map(Setting::of).collect())
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the lines in which apt tells programs of them.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|setting| setting.told.as_str())
    }

    /// Returns the members of a list, those that have a name of their own, too.
    pub fn members(&self, list: &str) -> Vec<&str> {
        let is_member = |name: &str| {
            let (folder, member) = name.rsplit_once("::").unwrap_or_default();
            folder.eq_ignore_ascii_case(list) && !member.contains("::")
        };
        let members = self.0.iter().filter(|setting| is_member(&setting.name));
        members.map(|setting| setting.value.as_str()).collect()
    }

    /// Returns the number that a setting is.
    pub fn number(&self, name: &str) -> Option<i32> {
        self.value(name)?.parse().ok()
    }

    /// Says whether a setting is on; one that is not there, or says nothing of the kind, is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.flag(name).unwrap_or(true)
    }

    /// Says whether a setting is on; `None` for one that is not there, or says nothing of the kind. Source: apt's `StringToBool`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        let off = ["0", "no", "false", "without", "off", "disable"];
        let on = ["1", "yes", "true", "with", "on", "enable"];
        let value = self.value(name)?;
        let is_of = |words: [&str; 6]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
        match (is_of(on), is_of(off)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    /// Returns what a setting says.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut settings = self.0.iter();
        let found = settings.find(|setting| setting.name.eq_ignore_ascii_case(name))?;
        Some(&found.value)
    }
}

/// Returns a command that is run where the system's root is the root.
pub(super) fn inside(system: &System, program: &str) -> Command {
    let mut command = match system.is_this_machine() {
        true => Command::new(program),
        false => {
            let mut command = Command::new("/usr/sbin/chroot");
            command.arg(system.root()).arg(program);
            command
        }
    };
    command.env("PATH", run::PATH);
    command
}
