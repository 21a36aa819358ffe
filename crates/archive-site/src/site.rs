//! What the site says of the archive itself, on every page alike.

use debian_control::digest::Sha256;
use serde::Serialize;

/// Raised with every change of what pages look like: all of them are written anew then.
const FORMAT: u32 = 2;

/// The archive, as its site shows it. Private suites are no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    /// What it is called.
    pub title: String,
    /// A sentence or more about it.
    pub description: Option<String>,
    /// Where the root is served, without a slash at its end. Commands, feeds and the sitemap need it, and are left out without it.
    pub url: Option<String>,
    /// The keys that sign.
    pub keys: Vec<SiteKey>,
    /// The public suites, in the order of the settings.
    pub suites: Vec<SiteSuite>,
}

/// A key that signs the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteKey {
    /// Its fingerprint, in hexadecimal digits.
    pub fingerprint: String,
    /// When it stops signing, in Unix seconds; `None` for never.
    pub expires: Option<i64>,
}

/// A public suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteSuite {
    /// Codename.
    pub codename: String,
    /// Alias.
    pub alias: Option<String>,
    /// Components.
    pub components: Vec<String>,
    /// Architectures.
    pub architectures: Vec<String>,
    /// Its entry for apt, with the keys in it; `None` without a URL.
    pub sources: Option<String>,
    /// Whether its pages say how often packages were downloaded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shows_downloads: bool,
}

impl Site {
    /// Returns the digest of all that the pages of a suite depend on besides its packages.
    pub fn digest(&self, suite: &SiteSuite) -> String {
        let settings = (FORMAT, &self.title, &self.description, &self.url, suite);
        let text = serde_json::to_vec(&settings).expect("strings and lists always serialise");
        Sha256::of(&text).to_string()
    }

    /// Returns the address of a file of the site, where it is known.
    pub(crate) fn address(&self, path: &str) -> Option<String> {
        let url = self.url.as_ref()?;
        Some(format!("{url}/{}", crate::paths::href(path)))
    }
}
