//! Checking the values of the fields that dpkg and apt interpret.

use super::ControlError;
use crate::name::{PackageName, shown};
use crate::stanza::Stanza;
use crate::version::Version;

/// Fields that dpkg refuses in a package, since they say what is installed here.
const INSTALLED: [&str; 4] = ["Status", "Config-Version", "Triggers-Pending", "Triggers-Awaited"];

/// Fields that dpkg still reads as others and apt does not: the two would see different packages.
const OBSOLETE: [(&str, &str); 6] = [
    ("Revision", "Version"),
    ("Package-Revision", "Version"),
    ("Package_Revision", "Version"),
    ("Recommended", "Recommends"),
    ("Optional", "Suggests"),
    ("Class", "Priority"),
];

/// Fields with one line and no other rule: dpkg and apt take anything for `Installed-Size`, and go by what is a number.
const LINES: [&str; 7] = [
    "Section",
    "Priority",
    "Maintainer",
    "Homepage",
    "Origin",
    "Bugs",
    "Installed-Size",
];

/// Returns the value of a field that has one line and must be there.
pub(super) fn required<'a>(stanza: &Stanza<'a>, name: &'static str) -> Result<&'a str, ControlError> {
    line(stanza, name)?.ok_or(ControlError::Missing(name))
}

/// Returns the value of a field that has one line, where it is there and not empty.
fn line<'a>(stanza: &Stanza<'a>, name: &str) -> Result<Option<&'a str>, ControlError> {
    let Some(field) = stanza.get(name) else {
        return Ok(None);
    };
    if field.raw().contains('\n') {
        return Err(ControlError::Folded(shown(field.name())));
    }
    Ok(Some(field.first_line()).filter(|value| !value.is_empty()))
}

/// Reads `Source: NAME` or `Source: NAME (VERSION)`.
pub(super) fn source(stanza: &Stanza<'_>) -> Result<(Option<PackageName>, Option<Version>), ControlError> {
    let Some(value) = line(stanza, "Source")? else {
        return Ok((None, None));
    };
    let (name, version) = match value.find([' ', '\t', '(']) {
        Some(at) => {
            let (name, rest) = value.split_at(at);
            (name, Some(in_parentheses(rest)?))
        }
        None => (value, None),
    };
    let name = name.parse().map_err(|source| ControlError::Name {
        field: "Source",
        source,
    })?;
    let version = version.map(str::parse).transpose();
    let version = version.map_err(|source| ControlError::Version {
        field: "Source",
        source,
    })?;
    Ok((Some(name), version))
}

fn in_parentheses(text: &str) -> Result<&str, ControlError> {
    let blanks = [' ', '\t'];
    let inside = text
        .trim_matches(blanks)
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    match inside {
        Some(inside) => Ok(inside.trim_matches(blanks)),
        None => Err(ControlError::Value {
            field: "Source",
            value: shown(text),
            expected: "nothing or a version in parentheses after the name",
        }),
    }
}

/// Checks all the others.
pub(super) fn check(stanza: &Stanza<'_>) -> Result<(), ControlError> {
    if let Some(field) = INSTALLED.iter().find(|name| stanza.get(name).is_some()) {
        return Err(ControlError::Installed(field));
    }
    if let Some((field, instead)) = OBSOLETE.iter().find(|(name, _)| stanza.get(name).is_some()) {
        return Err(ControlError::Obsolete { field, instead });
    }
    for field in LINES {
        line(stanza, field)?;
    }
    one_of(
        stanza,
        "Multi-Arch",
        &["same", "foreign", "allowed", "no"],
        "`same`, `foreign`, `allowed` or `no`",
    )?;
    same_on_all(stanza)?;
    archive_details(stanza)?;
    one_of(stanza, "Essential", &["yes", "no"], "`yes` or `no`")?;
    one_of(stanza, "Protected", &["yes", "no"], "`yes` or `no`")?;
    // dpkg does not know it; apt warns about other words, on every machine and with every command.
    one_of(stanza, "Important", &["yes", "no"], "`yes` or `no`")
}

/// Refuses what cannot be there once for each architecture and yet be the same for all.
fn same_on_all(stanza: &Stanza<'_>) -> Result<(), ControlError> {
    let is_same = line(stanza, "Multi-Arch")?.is_some_and(|value| value.eq_ignore_ascii_case("same"));
    match is_same && line(stanza, "Architecture")? == Some("all") {
        true => Err(ControlError::SameOnAll),
        false => Ok(()),
    }
}

/// Checks the fields that go nowhere from a package, yet are parsed by dpkg.
fn archive_details(stanza: &Stanza<'_>) -> Result<(), ControlError> {
    for field in ["Filename", "Size", "MD5sum", "MSDOS-Filename"] {
        let Some(found) = stanza.get(field) else { continue };
        let value = line(stanza, field)?.unwrap_or_default();
        if value.is_empty() || value.contains([' ', '\t']) {
            return Err(ControlError::Value {
                field,
                value: shown(found.first_line()),
                expected: "one word",
            });
        }
    }
    conffiles(stanza)
}

/// Checks `Conffiles`, which dpkg writes into its database: a line a file, its path, its digest, and at most one flag.
fn conffiles(stanza: &Stanza<'_>) -> Result<(), ControlError> {
    let Some(field) = stanza.get("Conffiles") else {
        return Ok(());
    };
    let is_right = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (path, rest) = words.split_first().unwrap_or((&"", &[]));
        path.starts_with('/')
            && match rest {
                [_] => true,
                [_, flag] => matches!(*flag, "obsolete" | "remove-on-upgrade"),
                _ => false,
            }
    };
    let wrong = match field.first_line().is_empty() {
        false => Some(field.first_line()),
        true => field.continuation().find(|line| !is_right(line)),
    };
    match wrong {
        Some(line) => Err(ControlError::Value {
            field: "Conffiles",
            value: shown(line.trim()),
            expected: "lines of a path and a digest below the field's name",
        }),
        None => Ok(()),
    }
}

/// Checks for one of several words, in any case as dpkg takes them.
fn one_of(
    stanza: &Stanza<'_>,
    field: &'static str,
    words: &[&str],
    expected: &'static str,
) -> Result<(), ControlError> {
    match line(stanza, field)? {
        Some(value) if !words.iter().any(|word| value.eq_ignore_ascii_case(word)) => {
            Err(ControlError::Value {
                field,
                value: shown(value),
                expected,
            })
        }
        _ => Ok(()),
    }
}
