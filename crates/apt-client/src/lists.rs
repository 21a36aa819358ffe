//! The indexes that `update` has verified, as they are kept.
//!
//! `lists/` below the cache holds each index as plain text under the digest of that text, and `manifest.json`, which says which of
//! them count. The manifest is replaced in one step, and a text never changes, so readers need no lock.

mod remote;
mod message;
mod chunks;
mod choose;
mod text;
mod contents;
mod suite_update;
mod update;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::digest::{Digester, Sha256};
use serde::{Deserialize, Serialize};

use crate::fetch::Validators;
use crate::source::Source;

pub use contents::Contents;
pub use update::{Freshness, Report, SuiteReport, UpdateError, Updating, update};

/// The form of the manifest.
const FORMAT: u32 = 3;
const MANIFEST: &str = "manifest.json";

/// Why there are no indexes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListsError {
    /// Nothing was fetched yet, or by another version of this program.
    #[error("no indexes have been fetched yet")]
    None,
    /// They cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// All indexes that count.
#[derive(Debug, Clone)]
pub struct Lists {
    /// In the order of the sources, their suites, components and architectures.
    pub indexes: Vec<Index>,
    /// Lists of files that there are besides, in the same order.
    pub contents: Vec<Contents>,
    /// Changes whenever an index does, or how much its packages are preferred.
    pub digest: Sha256,
}

/// One index, and what its Release says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The archive's root, as it is configured.
    pub url: String,
    /// Where `Filename` of its packages counts from: the root, then its mirrors.
    pub roots: Vec<String>,
    /// Which suite was asked for.
    pub asked: String,
    /// `Codename`.
    pub codename: String,
    /// `Suite`.
    pub suite: Option<String>,
    /// Its component.
    pub component: String,
    /// Its architecture.
    pub architecture: String,
    /// `Origin`.
    pub origin: Option<String>,
    /// `Label`.
    pub label: Option<String>,
    /// Date of the Release, in Unix seconds.
    pub date: i64,
    /// `Valid-Until` of the Release, in Unix seconds.
    pub valid_until: Option<i64>,
    /// `NotAutomatic`.
    pub not_automatic: bool,
    /// `ButAutomaticUpgrades`.
    pub but_automatic_upgrades: bool,
    /// Who signed the Release: fingerprints.
    pub signers: Vec<String>,
    /// The plain text.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Sha256,
    /// Its bytes.
    pub size: u64,
}

impl Index {
    /// How much its packages are preferred, as apt has it. Source: apt_preferences(5).
    pub fn priority(&self) -> i32 {
        match (self.not_automatic, self.but_automatic_upgrades) {
            (true, true) => 100,
            (true, false) => 1,
            _ => 500,
        }
    }

    /// Says whether a person who writes `name` after a slash means this suite.
    pub fn is_suite(&self, name: &str) -> bool {
        self.codename == name || self.asked == name || self.suite.as_deref() == Some(name)
    }
}

impl Lists {
    /// Returns no indexes at all.
    pub fn none() -> Self {
        Self {
            indexes: Vec::new(),
            contents: Vec::new(),
            digest: Digester::sha256().finish().sha256,
        }
    }

    /// Opens the indexes that count: those of the sources as they are now, under the keys that they have now. What was fetched
    /// from a source that is gone, or verified by keys that it no longer has, counts for nothing.
    ///
    /// # Errors
    /// When there are none, or the disk fails.
    pub fn open(cache: &Path, sources: &[Source], native: &str) -> Result<Self, ListsError> {
        let folder = folder(cache);
        let kept = Manifest::read(&folder)?.ok_or(ListsError::None)?;
        let mut lists = Self::none();
        let mut is_any = false;
        for (number, source) in sources.iter().enumerate() {
            for asked in &source.suites {
                let asked = KeptSuite::asked_for(source, asked, native);
                if let Some(suite) = kept.suite(&asked) {
                    is_any = true;
                    let indexes = suite.indexes.iter();
                    lists
                        .indexes
                        .extend(indexes.map(|kept| suite.index(kept, &folder)));
                    lists.contents.extend(Contents::of(&suite, number));
                }
            }
        }
        // A suite that has no packages for this machine has been fetched as well.
        if !is_any {
            return Err(ListsError::None);
        }
        lists.digest = digest(&lists.indexes);
        Ok(lists)
    }
}

fn digest(indexes: &[Index]) -> Sha256 {
    let mut digester = Digester::sha256();
    for index in indexes {
        digester.update(index.sha256.as_bytes());
        digester.update(&index.priority().to_le_bytes());
    }
    digester.finish().sha256
}

/// Returns where the indexes lie.
fn folder(cache: &Path) -> PathBuf {
    cache.join("lists")
}

/// What `manifest.json` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    suites: Vec<KeptSuite>,
}

/// One suite of one archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptSuite {
    url: String,
    mirrors: Vec<String>,
    asked: String,
    codename: String,
    suite: Option<String>,
    origin: Option<String>,
    label: Option<String>,
    date: i64,
    valid_until: Option<i64>,
    not_automatic: bool,
    but_automatic_upgrades: bool,
    signers: Vec<String>,
    /// Which keys may sign it, as they were: with others, all is asked for anew.
    #[serde(with = "as_text")]
    keys: Sha256,
    components: Vec<String>,
    architectures: Vec<String>,
    validators: Validators,
    /// The digest of what is signed.
    #[serde(with = "as_text")]
    message: Sha256,
    by_hash: bool,
    indexes: Vec<KeptIndex>,
    contents: Vec<contents::KeptFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptIndex {
    component: String,
    architecture: String,
    #[serde(with = "as_text")]
    sha256: Sha256,
    size: u64,
}

mod as_text {
    use debian_control::digest::Sha256;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(digest: &Sha256, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(digest)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sha256, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl Manifest {
    /// Reads it; `None` where there is none, or one of another form.
    fn read(folder: &Path) -> Result<Option<Self>, ListsError> {
        let path = folder.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| ListsError::Read { path, source })?,
        };
        let read = serde_json::from_slice::<Self>(&bytes).ok();
        Ok(read.filter(|manifest| manifest.format == FORMAT))
    }

    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("texts and numbers are JSON")
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        crate::private_file::replace_private(&folder.join(MANIFEST), &self.to_bytes())
    }

    /// Returns what is kept of a suite, when it was asked for in the same way.
    fn suite(&self, like: &KeptSuite) -> Option<KeptSuite> {
        let kept = self.suites.iter().find(|kept| {
            kept.url == like.url
                && kept.asked == like.asked
                && kept.keys == like.keys
                && kept.components == like.components
                && kept.architectures == like.architectures
        })?;
        Some(KeptSuite {
            mirrors: like.mirrors.clone(),
            ..kept.clone()
        })
    }
}

impl KeptSuite {
    /// Returns a suite of which nothing is known yet but how it is asked for.
    fn asked_for(source: &Source, asked: &str, native: &str) -> Self {
        let architectures = match source.architectures.as_slice() {
            [] => vec![native.to_owned()],
            some => some.to_vec(),
        };
        Self {
            url: source.location.to_string(),
            mirrors: source.mirrors.iter().map(ToString::to_string).collect(),
            asked: asked.to_owned(),
            codename: String::new(),
            suite: None,
            origin: None,
            label: None,
            date: 0,
            valid_until: None,
            not_automatic: false,
            but_automatic_upgrades: false,
            signers: Vec::new(),
            keys: *source.keys_sha256(),
            components: source.components.clone(),
            architectures,
            validators: Validators::default(),
            message: Digester::sha256().finish().sha256,
            by_hash: false,
            indexes: Vec::new(),
            contents: Vec::new(),
        }
    }

    fn index(&self, kept: &KeptIndex, folder: &Path) -> Index {
        Index {
            url: self.url.clone(),
            roots: std::iter::once(&self.url).chain(&self.mirrors).cloned().collect(),
            asked: self.asked.clone(),
            codename: self.codename.clone(),
            suite: self.suite.clone(),
            component: kept.component.clone(),
            architecture: kept.architecture.clone(),
            origin: self.origin.clone(),
            label: self.label.clone(),
            date: self.date,
            valid_until: self.valid_until,
            not_automatic: self.not_automatic,
            but_automatic_upgrades: self.but_automatic_upgrades,
            signers: self.signers.clone(),
            path: text_path(folder, &kept.sha256),
            sha256: kept.sha256,
            size: kept.size,
        }
    }
}

/// Returns where a text lies.
fn text_path(folder: &Path, sha256: &Sha256) -> PathBuf {
    folder.join(format!("{sha256}.Packages"))
}
