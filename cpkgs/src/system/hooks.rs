//! What other programs have apt call around dpkg: needrestart, etckeeper, apt-listchanges, and debconf, which asks its questions before
//! anything is unpacked. Source: apt.conf(5), "How APT calls dpkg(1)", and apt's `RunScripts` and `RunScriptsWithPkgs`.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Command;

use debian_control::stanza::Stanza;
use debian_control::version::Version;
use rootless::{Change, PackageKey};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

use super::apt_settings::{AptSettings, inside};
use super::{System, SystemError, key, run};
use crate::installed::InstalledPackage;

/// What apt's configuration says.
pub(super) struct Hooks<'a> {
    system: &'a System,
    settings: AptSettings,
}

impl<'a> Hooks<'a> {
    /// Reads the configuration of the system's apt.
    pub(super) fn read(system: &'a System) -> Result<Self, SystemError> {
        let settings = AptSettings::read(system)?;
        Ok(Self { system, settings })
    }

    /// Runs the commands of a list.
    pub(super) fn run(&self, list: &str) -> Result<(), SystemError> {
        for hook in self.settings.members(list) {
            let status = self
                .shell(hook)?
                .status()
                .map_err(|source| self.failed(hook, source))?;
            if !status.success() {
                return Err(self.failed(hook, io::Error::other(status.to_string())));
            }
        }
        Ok(())
    }

    /// Tells the commands of `DPkg::Pre-Install-Pkgs` what is to come and to go, each in the form that it wants.
    pub(super) fn announce(
        &self,
        change: &Change,
        files: &[PathBuf],
        before: &[InstalledPackage],
    ) -> Result<(), SystemError> {
        for hook in self.settings.members("DPkg::Pre-Install-Pkgs") {
            let program = hook.split(' ').next().unwrap_or_default();
            let option = |name: &str| {
                self.settings
                    .number(&format!("DPkg::Tools::Options::{program}::{name}"))
            };
            let protocol = Protocol::of(option("Version").unwrap_or(1));
            let text = self.text(protocol, change, files, before);
            self.hand_over(hook, option("InfoFD").unwrap_or(0), &text)
                .map_err(|source| self.failed(hook, source))?;
        }
        Ok(())
    }

    /// Runs a command that reads a text from a file that is open as it wants it.
    fn hand_over(&self, hook: &str, number: i32, text: &str) -> io::Result<()> {
        let mut file = tempfile::tempfile()?;
        file.write_all(text.as_bytes())?;
        io::Seek::rewind(&mut file)?;
        let mut command = self.shell(hook).map_err(io::Error::other)?;
        // Kept open until the command has ended.
        let mut _open: Option<OwnedFd> = None;
        if number == 0 {
            command.stdin(file).env("APT_HOOK_INFO_FD", "0");
        } else {
            let open = inherited(&file, number)?;
            command.env("APT_HOOK_INFO_FD", open.as_raw_fd().to_string());
            _open = Some(open);
        }
        let status = command.status()?;
        match status.success() {
            true => Ok(()),
            false => Err(io::Error::other(status.to_string())),
        }
    }

    fn text(
        &self,
        protocol: Protocol,
        change: &Change,
        files: &[PathBuf],
        before: &[InstalledPackage],
    ) -> String {
        let adds = change.add.iter().zip(files);
        let adds = adds.filter_map(|(add, file)| {
            let stanza = Stanza::of_index(&add.stanza).ok()?;
            Some((stanza, seen_inside(self.system, file)))
        });
        if protocol == Protocol::Paths {
            return adds.map(|(_, path)| format!("{path}\n")).collect();
        }
        let installed = |key: &PackageKey| {
            before
                .iter()
                .find(|one| key::of(&one.name, &one.architecture) == *key)
        };
        let mut text = format!("VERSION {}\n", if protocol == Protocol::Versions { 2 } else { 3 });
        text.extend(self.settings.lines().map(|line| format!("{line}\n")));
        text.push('\n');
        for (stanza, path) in adds {
            let old = installed(&key::of_stanza(&stanza)).and_then(|one| Stanza::of_index(&one.stanza).ok());
            let name = stanza.line("Package").unwrap_or_default();
            for what in [path.as_str(), "**CONFIGURE**"] {
                text.push_str(&protocol.line(name, old.as_ref(), Some(&stanza), what));
            }
        }
        for key in &change.remove {
            let old = installed(&key::of(&key.name, &key.architecture));
            let old = old.and_then(|one| Stanza::of_index(&one.stanza).ok());
            text.push_str(&protocol.line(&key.name, old.as_ref(), None, "**REMOVE**"));
        }
        text
    }

    fn shell(&self, command: &str) -> Result<Command, SystemError> {
        let mut shell = inside(self.system, "/bin/sh");
        shell.args(["-c", command]).stdout(run::talk()?);
        // The lock is ours: a dpkg that a command calls need not take it. Source: dpkg's frontend specification.
        shell.env("DPKG_FRONTEND_LOCKED", "true");
        Ok(shell)
    }

    fn failed(&self, hook: &str, source: io::Error) -> SystemError {
        SystemError::Hook {
            command: hook.to_owned(),
            source,
        }
    }
}

/// In which form a command wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// The paths of what is unpacked.
    Paths,
    /// The configuration, and packages with their versions.
    Versions,
    /// The same with architectures.
    Architectures,
}

impl Protocol {
    fn of(version: i32) -> Self {
        match version {
            ..=1 => Self::Paths,
            2 => Self::Versions,
            3.. => Self::Architectures,
        }
    }

    /// Returns the line for a package that comes, changes or goes.
    fn line(self, name: &str, old: Option<&Stanza<'_>>, new: Option<&Stanza<'_>>, what: &str) -> String {
        let version = |stanza: Option<&Stanza<'_>>| {
            stanza
                .and_then(|stanza| stanza.line("Version"))
                .unwrap_or("-")
                .to_owned()
        };
        let side = |stanza: Option<&Stanza<'_>>| {
            let field = |name, default| stanza.and_then(|stanza| stanza.line(name)).unwrap_or(default);
            match self {
                Self::Architectures => {
                    let (architecture, kind) = (field("Architecture", "-"), field("Multi-Arch", "none"));
                    format!("{} {architecture} {kind}", version(stanza))
                }
                Self::Paths | Self::Versions => version(stanza),
            }
        };
        let direction = match (parsed(old), parsed(new)) {
            (Some(old), Some(new)) if old == new => '=',
            (Some(old), Some(new)) if old > new => '>',
            (_, None) => '>',
            _ => '<',
        };
        format!("{name} {} {direction} {} {what}\n", side(old), side(new))
    }
}

fn parsed(stanza: Option<&Stanza<'_>>) -> Option<Version> {
    Version::of_status(stanza?.line("Version")?).ok()
}

/// Returns a descriptor of a file that a program that is started has, too; of the wanted number where that one is free.
fn inherited(file: &File, number: i32) -> io::Result<OwnedFd> {
    let open = fcntl_dupfd_cloexec(file, number)?;
    fcntl_setfd(&open, FdFlags::empty())?;
    Ok(open)
}

/// Returns the path of a file as it is inside of the system.
fn seen_inside(system: &System, path: &Path) -> String {
    let below = path.strip_prefix(system.root()).unwrap_or(path);
    Path::new("/").join(below).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_is_the_one_that_dpkg_sees_also_from_versions_that_no_package_may_have_any_more() {
        for (old, new, direction) in [
            ("1", "2", '<'),
            ("2", "1", '>'),
            ("1.0", "1.0-0", '='),
            ("a1.0", "1.0", '>'),
        ] {
            let texts = [old, new].map(|version| format!("Package: tool\nVersion: {version}\n"));
            let [before, after] = texts.each_ref().map(|text| Stanza::of_index(text).unwrap());
            let line = Protocol::Versions.line("tool", Some(&before), Some(&after), "**CONFIGURE**");
            assert_eq!(line, format!("tool {old} {direction} {new} **CONFIGURE**\n"));
        }
    }
}
