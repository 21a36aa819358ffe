//! Paths inside a package.

use std::fmt;

use thiserror::Error;

/// A path inside a package, relative to the root of the file system: `usr/bin/hello`.
///
/// Without a leading `./` or `/`, without empty or `.` components, without `..`, NUL and newline. The root itself is
/// the empty path. The bytes need not be UTF-8: dpkg knows no encoding of file names. Ordered by bytes.
///
/// ```
/// use debian_deb::tarball::DataPath;
///
/// assert_eq!(DataPath::parse(b"./usr//bin/hello")?.as_str(), Some("usr/bin/hello"));
/// assert!(DataPath::parse(b"./usr/../etc/passwd").is_err());
/// # Ok::<(), debian_deb::tarball::PathError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataPath(Box<[u8]>);

/// Why a path was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PathError {
    /// It climbs.
    #[error("its path contains `..`")]
    Parent,
    /// It holds a byte that no file name has, or that breaks dpkg's file lists.
    #[error("its path contains a {0}")]
    Byte(&'static str),
}

impl DataPath {
    /// Takes a path as it stands in an archive, and drops what dpkg and the kernel pass over.
    ///
    /// # Errors
    ///
    /// When a component is `..`, or a byte is NUL or a newline (dpkg keeps its lists of files by lines).
    pub fn parse(raw: &[u8]) -> Result<Self, PathError> {
        if raw.contains(&0) {
            return Err(PathError::Byte("NUL"));
        }
        if raw.contains(&b'\n') {
            return Err(PathError::Byte("newline"));
        }
        let mut path = Vec::with_capacity(raw.len());
        for component in raw.split(|&byte| byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => return Err(PathError::Parent),
                name => {
                    if !path.is_empty() {
                        path.push(b'/');
                    }
                    path.extend_from_slice(name);
                }
            }
        }
        Ok(Self(path.into_boxed_slice()))
    }

    /// Returns the bytes of the path.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the path as text, `None` where it is not UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether it is the root itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the path of the directory it lies in; `None` for the root itself.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let cut = self.0.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        Some(Self(self.0.get(..cut).unwrap_or_default().into()))
    }

    /// Returns the names on the way from the root; none of them is empty, `.` or `..`.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'/').filter(|name| !name.is_empty())
    }
}

/// Prints the path for people: control characters and what is not UTF-8 escaped, `.` for the root.
impl fmt::Display for DataPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_root() {
            true => f.write_str("."),
            false => f.write_str(&printable(&self.0)),
        }
    }
}

/// Bytes from an archive, for a message.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character.is_control() || is_bidi_control(character) {
                true => text.extend(character.escape_default()),
                false => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Characters that reorder the text around them.
fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &[u8]) -> String {
        DataPath::parse(raw).unwrap().to_string()
    }

    #[test]
    fn leading_and_doubled_slashes_and_dots_are_dropped() {
        for raw in [
            &b"./usr/bin/a"[..],
            b"/usr/bin/a",
            b"usr//bin/./a",
            b".//usr/bin/a/",
        ] {
            assert_eq!(parse(raw), "usr/bin/a");
        }
        assert_eq!(parse(b"...x/..y"), "...x/..y");
    }

    #[test]
    fn the_root_is_the_empty_path() {
        for raw in [&b"./"[..], b"/", b".", b""] {
            assert!(DataPath::parse(raw).unwrap().is_root());
        }
    }

    #[test]
    fn the_parent_of_a_path_is_a_path() {
        let parent = |raw: &[u8]| {
            DataPath::parse(raw)
                .unwrap()
                .parent()
                .map(|path| path.to_string())
        };
        assert_eq!(parent(b"./usr//bin/a").as_deref(), Some("usr/bin"));
        assert_eq!(parent(b"a").as_deref(), Some("."));
        assert_eq!(parent(b"./"), None);
    }

    #[test]
    fn climbing_paths_and_line_breaks_are_refused() {
        for raw in [&b".."[..], b"../a", b"a/..", b"./a/../b"] {
            assert_eq!(DataPath::parse(raw), Err(PathError::Parent));
        }
        assert_eq!(DataPath::parse(b"a\nb"), Err(PathError::Byte("newline")));
        assert_eq!(DataPath::parse(b"a\0b"), Err(PathError::Byte("NUL")));
    }

    #[test]
    fn display_escapes_what_would_move_a_terminal() {
        assert_eq!(parse(b"a\x1b[1m\xff\xc3\xa9"), "a\\u{1b}[1m\\xff\u{e9}");
        assert_eq!(parse("a\u{202e}b".as_bytes()), "a\\u{202e}b");
    }
}
