//! One line of a Contents index: a path, and the packages that ship it.
//!
//! The format is that of Debian's archive, which apt-file and others read: the path ends before the last run of blanks,
//! and what follows is a list of `SECTION/NAME`, with commas between them.

use archive_index::IndexError;
use debian_control::stanza::Stanza;

use crate::paths;

/// Where the packages of a line begin, at the earliest.
const COLUMN: usize = 55;

/// The paths of one package.
pub(super) struct PackagePaths {
    /// As a line names it.
    pub(super) package: String,
    plain: Vec<u8>,
}

impl PackagePaths {
    /// Returns its paths as lines have them: a blank at the end cannot be told from those that follow.
    pub(super) fn paths(&self) -> impl Iterator<Item = &[u8]> {
        paths::split(&self.plain)
            .map(|path| {
                let end = path.iter().rposition(|byte| *byte != b' ').map_or(0, |at| at + 1);
                path.get(..end).expect("a place in a path is within it")
            })
            .filter(|path| !path.is_empty())
    }
}

/// Reads the paths of a package, by its name, its control file and the packed list.
pub(super) fn list(name: &str, control: &str, packed: &[u8]) -> Result<PackagePaths, IndexError> {
    let plain = paths::unpack(packed)
        .map_err(|error| IndexError::Record(format!("the file list of `{name}`: {error}")))?;
    Ok(PackagePaths {
        package: qualified(name, control)?,
        plain,
    })
}

/// Returns `SECTION/NAME`, or the name alone where there is no section, or one that would end the entry.
fn qualified(name: &str, control: &str) -> Result<String, IndexError> {
    let stanza = Stanza::parse(control)
        .map_err(|error| IndexError::Record(format!("the stanza of `{name}` in the catalog: {error}")))?;
    let section = stanza.get("Section").map(|field| field.value());
    Ok(match section {
        Some(section) if !section.is_empty() && !section.contains([' ', '\t', '\n', ',']) => {
            format!("{section}/{name}")
        }
        _ => name.to_owned(),
    })
}

/// Writes a line.
pub(super) fn line(path: &[u8], packages: &[u8]) -> Vec<u8> {
    let mut line = path.to_vec();
    line.resize(line.len().max(COLUMN), b' ');
    line.push(b' ');
    line.extend_from_slice(packages);
    line.push(b'\n');
    line
}

/// Reads a line that [`line()`] wrote; returns the path and the packages.
pub(super) fn parse(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_suffix(b"\n")?;
    let blank = line.iter().rposition(|byte| *byte == b' ')?;
    let (padded, packages) = line.split_at_checked(blank + 1)?;
    let end = padded.iter().rposition(|byte| *byte != b' ')? + 1;
    Some((padded.get(..end)?, packages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_that_cannot_be_read_does_not_drop_its_section() {
        let control = "Package: hello\nSection: admin\n";
        assert_eq!(qualified("hello", control).unwrap(), "admin/hello");
        assert_eq!(qualified("hello", "Package: hello\n").unwrap(), "hello");
        let error = qualified("hello", "Section admin\n").unwrap_err();
        assert!(error.to_string().contains("the stanza of `hello`"), "{error}");
    }

    #[test]
    fn a_section_that_would_end_an_entry_is_left_out() {
        for section in ["a b", "a,b"] {
            let control = format!("Package: hello\nSection: {section}\n");
            assert_eq!(qualified("hello", &control).unwrap(), "hello");
        }
    }

    #[test]
    fn a_line_reads_as_it_was_written() {
        let long = "usr/share/a name with blanks/".repeat(4);
        for path in ["bin/ls", "usr/share/two  blanks", &long] {
            let written = line(path.as_bytes(), b"utils/one,two");
            assert_eq!(
                parse(&written),
                Some((path.as_bytes(), &b"utils/one,two"[..])),
                "{path}"
            );
        }
        for damaged in [&b"bin/ls utils/one"[..], b"bin/ls\n", b" one\n", b"\n"] {
            assert_eq!(parse(damaged), None);
        }
    }

    #[test]
    fn a_blank_at_the_end_of_a_path_is_not_in_its_line() {
        let packed = zstd::bulk::compress(b"etc/a  \0 \0etc/b\0", 3).unwrap();
        let list = list("hello", "Package: hello\n", &packed).unwrap();
        assert_eq!(list.paths().collect::<Vec<_>>(), [&b"etc/a"[..], b"etc/b"]);
    }
}
