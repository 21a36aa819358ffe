//! What was changed in a system, by apt or here: `/var/log/apt/history.log`, with what log rotation has set aside.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use debian_control::limits::Limits;
use debian_control::stanza::{Stanza, StanzaReader};
use debian_deb::compression::{Bounds, Compression, Decoder, Streams};
use rootless::PackageKey;

use super::{System, SystemError, history_log};

/// Most bytes of one log.
const MAX_LOG: u64 = 64 << 20;
/// How many logs that were set aside are read.
const MAX_ROTATED: u32 = 100;

/// A change of a system, as its log has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggedChange {
    /// What tells it from others: when it began, as `20261127T194824`; what began in the same second has a number behind it.
    pub id: String,
    /// When it began, as the log has it.
    pub begun: String,
    /// What was typed.
    pub command: String,
    /// Who became root for it.
    pub requested_by: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// Packages that changed.
    pub packages: Vec<LoggedPackage>,
}

/// A package of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedPackage {
    /// Which one.
    pub key: PackageKey,
    /// The version before; `None` where it was not installed.
    pub before: Option<String>,
    /// The version after; `None` where it was removed.
    pub after: Option<String>,
    /// Whether it came for others.
    pub automatic: bool,
}

/// Reads the changes of a system, the oldest first; none where there is no log.
pub(super) fn read(system: &System) -> Result<Vec<LoggedChange>, SystemError> {
    let mut texts = Vec::new();
    let path = system.below(history_log::FILE);
    // The highest number is the oldest.
    for number in 1..=MAX_ROTATED {
        let name = format!("{}.{number}", path.display());
        let plain = read_log(Path::new(&name), Compression::None)?;
        let packed = || read_log(&PathBuf::from(format!("{name}.gz")), Compression::Gzip);
        match plain.map_or_else(packed, |text| Ok(Some(text)))? {
            Some(text) => texts.push(text),
            None => break,
        }
    }
    texts.reverse();
    texts.extend(read_log(&path, Compression::None)?);
    let mut changes = Vec::new();
    for text in texts {
        changes.extend(parse(&text));
    }
    number_twins(&mut changes);
    Ok(changes)
}

fn read_log(path: &Path, compression: Compression) -> Result<Option<String>, SystemError> {
    let failed = |source| SystemError::file(path, source);
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(failed)?,
    };
    let bounds = Bounds::new(&Limits::default(), MAX_LOG);
    let mut text = Vec::new();
    Decoder::new(compression, Streams::Index, bytes.as_slice(), bounds)
        .and_then(|mut decoder| decoder.read_to_end(&mut text))
        .map_err(failed)?;
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}

/// Reads the entries of a log; apt begins each with an empty line. Other text is passed over: anybody's command line stands there.
fn parse(text: &str) -> Vec<LoggedChange> {
    let stanzas = StanzaReader::new(text.trim_start_matches('\n')).flatten();
    stanzas.filter_map(|stanza| change(&stanza)).collect()
}

/// Returns what an entry says; nothing of one without a beginning, as log rotation may have cut it.
fn change(stanza: &Stanza<'_>) -> Option<LoggedChange> {
    let begun = stanza.line("Start-Date")?;
    let digits: String = begun.chars().filter(char::is_ascii_digit).collect();
    let (day, time) = digits.split_at_checked(8)?;
    let line = |name: &str| stanza.line(name).map(str::to_owned);
    let mut packages = Vec::new();
    for (field, kind) in FIELDS {
        packages.extend(stanza.line(field).into_iter().flat_map(|text| listed(text, kind)));
    }
    Some(LoggedChange {
        id: format!("{day}T{time}"),
        begun: begun.split_whitespace().collect::<Vec<_>>().join(" "),
        command: line("Commandline").unwrap_or_default(),
        requested_by: line("Requested-By"),
        error: line("Error"),
        packages,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HistoryKind {
    Comes,
    Changes,
    Again,
    Goes,
}

/// The fields that list packages. Source: `pkgDPkgPM::OpenLog` of apt.
const FIELDS: [(&str, HistoryKind); 6] = [
    ("Install", HistoryKind::Comes),
    ("Reinstall", HistoryKind::Again),
    ("Upgrade", HistoryKind::Changes),
    ("Downgrade", HistoryKind::Changes),
    ("Remove", HistoryKind::Goes),
    ("Purge", HistoryKind::Goes),
];

/// Reads `NAME:ARCHITECTURE (VERSION[, VERSION][, automatic]), …`; what is not so is passed over.
fn listed(text: &str, kind: HistoryKind) -> impl Iterator<Item = LoggedPackage> {
    text.split("), ").filter_map(move |one| {
        let (name, inside) = one.split_once(" (")?;
        let (name, architecture) = name.split_once(':')?;
        let mut words = inside.trim_end_matches(')').split(", ").map(str::to_owned);
        let first = words.next();
        let mut second = words.next();
        let automatic = second.as_deref() == Some("automatic");
        if automatic {
            second = None;
        }
        let (before, after) = match kind {
            HistoryKind::Comes => (None, first),
            HistoryKind::Again => (first.clone(), first),
            HistoryKind::Changes => (first, second),
            HistoryKind::Goes => (first, None),
        };
        Some(LoggedPackage {
            key: PackageKey {
                name: name.to_owned(),
                architecture: architecture.to_owned(),
            },
            before,
            after,
            automatic,
        })
    })
}

/// Gives what began in one second different names.
fn number_twins(changes: &mut [LoggedChange]) {
    let mut last = String::new();
    let mut count = 1;
    for change in changes {
        if change.id == last {
            count += 1;
            change.id = format!("{last}.{count}");
        } else {
            last.clone_from(&change.id);
            count = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_apt_are_read() {
        let text = "\nStart-Date: 2026-11-27  19:48:24\nCommandline: apt-get install a\nRequested-By: ada (1000)\n\
            Install: a:amd64 (1:2, automatic), b:i386 (2)\nUpgrade: c:amd64 (1, 2)\nRemove: d:amd64 (3~)\nEnd-Date: 2026-11-27  19:48:25\n\
            \nStart-Date: 2026-11-27  19:48:24\nError: Sub-process returned an error\nEnd-Date: 2026-11-27  19:48:25\n";
        let mut changes = parse(text);
        number_twins(&mut changes);
        let [first, second] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        assert_eq!(
            (first.id.as_str(), second.id.as_str()),
            ("20261127T194824", "20261127T194824.2")
        );
        assert_eq!(first.begun, "2026-11-27 19:48:24");
        assert_eq!(second.error.as_deref(), Some("Sub-process returned an error"));
        let packages: Vec<_> = first
            .packages
            .iter()
            .map(|one| {
                let [before, after] = [&one.before, &one.after].map(Option::as_deref);
                (one.key.name.as_str(), before, after, one.automatic)
            })
            .collect();
        assert_eq!(
            packages,
            [
                ("a", None, Some("1:2"), true),
                ("b", None, Some("2"), false),
                ("c", Some("1"), Some("2"), false),
                ("d", Some("3~"), None, false),
            ]
        );
    }

    #[test]
    fn what_is_no_entry_is_passed_over() {
        assert_eq!(parse(""), []);
        assert_eq!(parse("End-Date: 2026-11-27  19:48:25\n"), []);
        assert_eq!(parse("Start-Date: never\n"), []);
        let odd = parse("Start-Date: 2026-11-27  19:48:24\nInstall: a (1), c:amd64 (1)\n");
        assert_eq!(odd[0].packages.len(), 1, "{odd:?}");
    }
}
