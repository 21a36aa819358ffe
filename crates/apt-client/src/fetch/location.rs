//! Where a file is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use reqwest::Url;

/// How an address begins.
const SCHEMES: &str = "expected http://, https:// or file:/ at its beginning";

/// The address of an archive's root, or of a file below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location(Box<Url>);

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// It cannot be read as one.
    #[error("invalid address `{text}`: {why}")]
    Address {
        /// The text.
        text: String,
        /// Why.
        why: String,
    },
    /// A path from an archive that leads out of it.
    #[error("invalid path `{path}`: expected one that stays below the archive's root")]
    Path {
        /// The path.
        path: String,
    },
}

impl Location {
    /// Returns the address of a path below this one. Each part is taken as it is: a percent sign in it is a percent sign. As apt
    /// has it, a leading slash and `.` mean nothing: all paths count from here. A `..` takes back the part before it, as servers have it.
    ///
    /// # Errors
    /// When the path leads out of this one, names a folder, or has control characters.
    pub fn below(&self, path: &str) -> Result<Self, LocationError> {
        let refused = || LocationError::Path {
            path: debian_control::terminal::escaped(path),
        };
        let odd = |letter: char| letter.is_control() || letter == '\\';
        if matches!(path.rsplit('/').next(), Some("" | "." | "..")) || path.contains(odd) {
            return Err(refused());
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/').filter(|part| *part != ".") {
            if part != ".." {
                parts.push(part);
            } else if parts.pop().is_none_or(str::is_empty) {
                // What is before an empty part depends on who is asked.
                return Err(refused());
            }
        }
        let path = parts.join("/");
        let path = path.trim_start_matches('/');
        let mut url = self.0.clone();
        let root = url.path().trim_end_matches('/');
        let whole = format!("{root}/{}", encoded(path));
        url.set_path(&whole);
        Ok(Self(url))
    }

    /// Returns the file that this is on this machine, where it is one.
    pub fn file_path(&self) -> Option<PathBuf> {
        (self.0.scheme() == "file").then(|| self.0.to_file_path().ok())?
    }

    /// Returns it as what an HTTP client takes.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Says whether another address has the same scheme, host and port.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin() && self.0.scheme() != "file"
    }
}

/// Writes a path as apt asks for it: `+` and `~`, which some servers read as something else, and whatever is not printable ASCII
/// stand as percent signs and digits. Source: apt's `pkgAcquire::URIEncode`; `?`, `#` and the like would end the path.
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && !b"+~%?#\"<>`{}".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let refused = |why: &str| LocationError::Address {
            text: debian_control::terminal::escaped(text),
            why: why.to_owned(),
        };
        if !text.contains(':') {
            return Err(refused(SCHEMES));
        }
        let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https" | "file") {
            return Err(refused(SCHEMES));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("expected no `?` and no `#` in it"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // The password is not to stand on a terminal or in a log.
            return Err(LocationError::Address {
                text: format!("{}://...@{}", url.scheme(), url.host_str().unwrap_or_default()),
                why: "expected no password in it: passwords belong into auth.conf (apt_auth.conf(5)) or ~/.netrc"
                    .to_owned(),
            });
        }
        if url.scheme() == "file" && url.to_file_path().is_err() {
            return Err(refused("expected an absolute path of this machine"));
        }
        escapes_are_sound(&url)
            .then(|| Self(Box::new(url)))
            .ok_or_else(|| refused("it has percent signs that stand for control characters or nothing"))
    }
}

/// Says whether every percent sign stands for a character that may be in a path.
pub(super) fn escapes_are_sound(url: &Url) -> bool {
    let mut rest = url.as_str();
    while let Some((_, after)) = rest.split_once('%') {
        let code = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if code.is_none_or(|code: u8| code.is_ascii_control()) {
            return false;
        }
        rest = after;
    }
    true
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(root: &str, path: &str) -> Result<String, LocationError> {
        Ok(root.parse::<Location>()?.below(path)?.to_string())
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        let file = "pool/g/g++_1%2~b_all.deb";
        assert_eq!(
            below("http://h/a/", file).unwrap(),
            "http://h/a/pool/g/g%2b%2b_1%252%7eb_all.deb"
        );
        assert_eq!(below("http://h", "dists/x").unwrap(), "http://h/dists/x");
        assert_eq!(below("file:/srv/a", "x").unwrap(), "file:///srv/a/x");
        let odd = "p/a:b?c#d e\u{e9}.deb";
        assert_eq!(
            below("http://h", odd).unwrap(),
            "http://h/p/a:b%3fc%23d%20e%c3%a9.deb"
        );
        // What somebody wrote encoded stays that.
        assert_eq!(below("http://h/a%2Bb+c", "x").unwrap(), "http://h/a%2Bb+c/x");
        let here: Location = "file:/srv/a".parse().unwrap();
        let file = here.below("g++ ~%2b").unwrap().file_path();
        assert_eq!(file, Some(PathBuf::from("/srv/a/g++ ~%2b")));
        // To an object store `a//b` is another name than `a/b`.
        assert_eq!(below("http://h", "pool//x").unwrap(), "http://h/pool//x");
    }

    #[test]
    fn a_path_that_leads_out_is_refused() {
        for path in [
            "../x",
            "/../x",
            "./../x",
            "a/../../x",
            "a//../x",
            "a/",
            "a/.",
            ".",
            "/",
            "a/..",
            "..",
            "",
            "a\nb",
            "a\\..\\b",
        ] {
            assert!(below("http://h/a", path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_leading_slash_and_dots_mean_nothing() {
        for path in ["./pool/x", "/pool/x", "//pool/x", "pool/./x", "/./pool/././x"] {
            assert_eq!(below("http://h/a", path).unwrap(), "http://h/a/pool/x", "{path}");
        }
    }

    #[test]
    fn a_path_that_leads_back_and_stays_below_is_taken() {
        for path in ["pool/../x", "a/b/../../x", "./a/./../x"] {
            assert_eq!(below("http://h/a", path).unwrap(), "http://h/a/x", "{path}");
        }
    }

    #[test]
    fn only_addresses_that_can_be_asked_are_taken() {
        for text in [
            "ftp://h/",
            "h/a",
            "http://u:p@h/",
            "http://h/?q",
            "http://h/%0a",
            "http://h/%zz",
            "http://h/%",
        ] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }
}
