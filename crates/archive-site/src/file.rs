//! What is to be done with the files of the site.

use std::fmt;

use debian_control::digest::Sha256;
use debian_control::terminal::escaped_page;

/// What a file of the site was written with, in short: `SIZE SHA256`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenFile {
    /// Bytes.
    pub size: u64,
    /// Digest of the bytes.
    pub sha256: Sha256,
}

impl WrittenFile {
    /// Returns what stands for these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            size: bytes.len() as u64,
            sha256: Sha256::of(bytes),
        }
    }

    /// Reads what `Display` wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (size, sha256) = text.split_once(' ')?;
        Some(Self {
            size: size.parse().ok()?,
            sha256: sha256.parse().ok()?,
        })
    }
}

impl fmt::Display for WrittenFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.size, self.sha256)
    }
}

/// A file of the site, by its path below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// It holds this.
    Holds(String, Vec<u8>),
    /// It is not there.
    Gone(String),
}

impl File {
    pub(crate) fn text(path: impl Into<String>, text: String) -> Self {
        Self::Holds(path.into(), text.into_bytes())
    }

    pub(crate) fn json(path: impl Into<String>, value: &impl serde::Serialize) -> Self {
        let mut text = serde_json::to_vec(value).expect("strings, numbers and lists always serialise");
        text.push(b'\n');
        Self::Holds(path.into(), text)
    }

    pub(crate) fn page(path: impl Into<String>, page: &impl askama::Template) -> Self {
        let page = page
            .render()
            .expect("a template that is compiled in renders into a string");
        Self::text(path, escaped_page(&page))
    }

    /// Returns its path.
    pub fn path(&self) -> &str {
        match self {
            Self::Holds(path, _) | Self::Gone(path) => path,
        }
    }
}
