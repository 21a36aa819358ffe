//! `conffiles`: which files of a package are configuration.
//!
//! Read as dpkg reads the file when it unpacks, line by line, so that what it refuses there is refused here.
//!
//! Source: deb-conffiles(5), and dpkg's `src/main/unpack.c`.

use debian_control::name::shown;

/// The longest line that dpkg reads, in bytes, without its line break.
const MAX_LINE: usize = 996;

/// The flag of a file that goes when the package is upgraded.
const REMOVE: &[u8] = b"remove-on-upgrade";

/// A configuration file of a package, as its `conffiles` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conffile {
    /// Absolute path. The bytes need not be UTF-8.
    pub path: Box<[u8]>,
    /// Whether dpkg removes the file when it upgrades to this version, which no longer has it.
    pub remove_on_upgrade: bool,
}

/// Why `conffiles` was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ConffilesError {
    line: usize,
    problem: ConffileProblem,
}

/// What is wrong with one line of `conffiles`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConffileProblem {
    /// The file ends within the line.
    #[error("the line has no line break at its end")]
    Unfinished,
    /// The line is longer than dpkg reads.
    #[error("{found} bytes: dpkg reads at most {MAX_LINE}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// A byte at which dpkg stops reading the line.
    #[error("a NUL in it")]
    Nul,
    /// A path that does not begin with a slash.
    #[error("`{0}` is not an absolute path")]
    Relative(String),
    /// A word before the path that is no flag.
    #[error("unknown flag `{0}`: dpkg knows `remove-on-upgrade` only")]
    Flag(String),
    /// The root itself, or another folder.
    #[error("`{0}` names a folder, not a file")]
    Folder(String),
}

/// Parses the text of `conffiles`. Blank lines count for nothing, and a path may come twice.
///
/// # Errors
///
/// At the first line that dpkg would refuse.
///
/// ```
/// use debian_deb::conffiles;
///
/// let files = conffiles::parse(b"/etc/hello.conf\nremove-on-upgrade /etc/old.conf\n")?;
/// assert_eq!(&*files[1].path, b"/etc/old.conf");
/// assert!(files[1].remove_on_upgrade);
/// # Ok::<(), debian_deb::conffiles::ConffilesError>(())
/// ```
pub fn parse(text: &[u8]) -> Result<Vec<Conffile>, ConffilesError> {
    let mut files = Vec::new();
    for (number, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let parsed = parse_line(line).map_err(|problem| ConffilesError {
            line: number + 1,
            problem,
        })?;
        files.extend(parsed);
    }
    Ok(files)
}

fn parse_line(line: &[u8]) -> Result<Option<Conffile>, ConffileProblem> {
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err(ConffileProblem::Unfinished);
    };
    if line.len() > MAX_LINE {
        return Err(ConffileProblem::TooLong { found: line.len() });
    }
    if line.contains(&0) {
        return Err(ConffileProblem::Nul);
    }
    let end = line
        .iter()
        .rposition(|&byte| !is_space(byte))
        .map_or(0, |last| last + 1);
    let line = line.get(..end).unwrap_or_default();
    if line.is_empty() {
        return Ok(None);
    }
    let text = |bytes: &[u8]| shown(&String::from_utf8_lossy(bytes));
    let (flag, path) = match line.iter().position(|&byte| byte == b' ') {
        Some(blank) if !line.starts_with(b"/") => {
            let (flag, rest) = line.split_at(blank);
            (Some(flag), rest.get(1..).unwrap_or_default())
        }
        _ => (None, line),
    };
    if !path.starts_with(b"/") {
        return Err(ConffileProblem::Relative(text(path)));
    }
    if let Some(flag) = flag.filter(|flag| *flag != REMOVE) {
        return Err(ConffileProblem::Flag(text(flag)));
    }
    let last = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    if matches!(last, b"" | b"." | b"..") {
        return Err(ConffileProblem::Folder(text(path)));
    }
    Ok(Some(Conffile {
        path: path.into(),
        remove_on_upgrade: flag.is_some(),
    }))
}

/// The blanks of C's `isspace`, which dpkg strips at the end of a line.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_absolute_paths_and_may_carry_one_flag() {
        let text = b"/etc/a\nremove-on-upgrade /etc/b c\n\n \t\n/etc/d  \r\n/etc/a\n/etc/\xe9\n";
        let found: Vec<_> = parse(text)
            .unwrap()
            .into_iter()
            .map(|file| (file.path.escape_ascii().to_string(), file.remove_on_upgrade))
            .collect();
        let expected = [
            ("/etc/a", false),
            ("/etc/b c", true),
            ("/etc/d", false),
            ("/etc/a", false),
            ("/etc/\\xe9", false),
        ];
        assert_eq!(found, expected.map(|(path, remove)| (path.to_owned(), remove)));
    }

    #[test]
    fn an_error_says_the_line_and_what_is_wrong() {
        for (text, expected) in [
            (
                &b"/etc/a\n/etc/b"[..],
                "line 2: the line has no line break at its end",
            ),
            (b"etc/a\n", "line 1: `etc/a` is not an absolute path"),
            (
                b" /etc/a\n",
                "line 1: unknown flag ``: dpkg knows `remove-on-upgrade` only",
            ),
            (
                b"bogus /etc/a\n",
                "line 1: unknown flag `bogus`: dpkg knows `remove-on-upgrade` only",
            ),
            (
                b"remove-on-upgrade\n",
                "line 1: `remove-on-upgrade` is not an absolute path",
            ),
            (b"/etc/\n", "line 1: `/etc/` names a folder, not a file"),
            (b"/\n", "line 1: `/` names a folder, not a file"),
            (b"/etc/a\0b\n", "line 1: a NUL in it"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
        let line = |length: usize| [b"/", &vec![b'/'; length - 2][..], b"a\n"].concat();
        assert!(parse(&line(996)).is_ok());
        assert_eq!(
            parse(&line(997)).unwrap_err().to_string(),
            "line 1: 997 bytes: dpkg reads at most 996"
        );
    }
}
