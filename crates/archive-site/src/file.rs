//! What is to be done with the files of the site.

use debian_control::terminal::escaped_page;

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
