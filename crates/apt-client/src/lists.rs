//! The indexes that `update` has verified, as they are kept.
//!
//! `lists/` below the cache holds each index as plain text under the digest of that text, and `manifest.json`, which says which of
//! them count. The manifest is replaced in one step, and a text never changes, so readers need no lock.

mod error;
mod report;
mod remote;
mod signed_release;
mod choose;
mod text;
mod chunks;
mod deferred;
mod manifest;
mod index_names;
mod index_update;
mod suite_update;
mod update;

use std::path::{Path, PathBuf};

use debian_control::digest::{Digester, Sha256};

use crate::source::Source;
use manifest::{KeptIndex, KeptSuite, Manifest, folder};

pub use chunks::{ChunkList, ChunkPlan, Piece};
pub use deferred::DeferredIndex;
pub use error::{ListsError, UpdateError};
pub use report::{Freshness, SuiteReport, UpdateReport};
pub use update::{CheckedSuite, Updating, check, update};

/// All indexes that count.
#[derive(Debug, Clone)]
pub struct Lists {
    /// In the order of the sources, their suites, components and architectures.
    pub indexes: Vec<Index>,
    /// The texts with the long descriptions of their packages, in the same order.
    pub translations: Vec<Translation>,
    /// Lists of files that there are besides, in the same order.
    pub contents: Vec<DeferredIndex>,
    /// Indexes of source packages, in the same order.
    pub sources: Vec<DeferredIndex>,
    /// Architectures that count here and that the last update did not ask some suite for.
    pub not_fetched: Vec<String>,
    /// Changes whenever an index or a translation does, or how much its packages are preferred.
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
    /// `Version`.
    pub version: Option<String>,
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
    /// How much its source is preferred by the configuration, whatever the Release says.
    pub configured_priority: Option<i32>,
    /// Who signed the Release: fingerprints.
    pub signers: Vec<String>,
    /// The plain text.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Sha256,
    /// Its bytes.
    pub size: u64,
}

/// A `Translation-en`: descriptions, each under the `Description-md5` that packages name it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The plain text.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Sha256,
}

impl Index {
    /// How much its packages are preferred, as apt has it. Source: apt_preferences(5).
    pub fn priority(&self) -> i32 {
        self.configured_priority
            .unwrap_or(match (self.not_automatic, self.but_automatic_upgrades) {
                (true, true) => 100,
                (true, false) => 1,
                _ => 500,
            })
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
            translations: Vec::new(),
            contents: Vec::new(),
            sources: Vec::new(),
            not_fetched: Vec::new(),
            digest: Digester::sha256().finish().sha256,
        }
    }

    /// Opens the indexes that count: those of the sources as they are now, under the keys that they have now. What was fetched
    /// from a source that is gone, or verified by keys that it no longer has, counts for nothing.
    ///
    /// `architectures` are those of the machine, its own first; they count for sources that name none.
    ///
    /// # Errors
    /// When there are none, or the disk fails.
    pub fn open(cache: &Path, sources: &[Source], architectures: &[String]) -> Result<Self, ListsError> {
        let folder = folder(cache);
        let manifest = Manifest::read(&folder)?.ok_or(ListsError::None)?;
        let mut lists = Self::none();
        let mut is_any = false;
        for (number, source) in sources.iter().enumerate() {
            for asked in &source.suites {
                let asked = KeptSuite::asked_for(source, asked, architectures);
                if let Some(kept) = manifest.suite(&asked) {
                    is_any = true;
                    lists.add(&kept, &asked.architectures, (number, source), &folder);
                }
            }
        }
        // A suite that has no packages for this machine has been fetched as well.
        if !is_any {
            return Err(ListsError::None);
        }
        lists.digest = lists.digest();
        Ok(lists)
    }

    /// Adds what is kept of a suite of the source with a number, for some architectures.
    fn add(
        &mut self,
        kept: &KeptSuite,
        architectures: &[String],
        (number, source): (usize, &Source),
        folder: &Path,
    ) {
        let is_wanted =
            |index: &&KeptIndex| index.architecture == "all" || architectures.contains(&index.architecture);
        let indexes = kept.indexes.iter().filter(is_wanted);
        self.indexes.extend(indexes.map(|index| Index {
            configured_priority: source.priority,
            ..kept.index(index, folder)
        }));
        self.translations.extend(kept.translations(folder));
        for wanted in architectures {
            if !kept.architectures.contains(wanted) && !self.not_fetched.contains(wanted) {
                self.not_fetched.push(wanted.clone());
            }
        }
        let suite = KeptSuite {
            architectures: architectures.to_vec(),
            ..kept.clone()
        };
        self.contents.extend(DeferredIndex::contents(&suite, number));
        self.sources.extend(DeferredIndex::sources(&suite, number));
    }

    fn digest(&self) -> Sha256 {
        let mut digester = Digester::sha256();
        for index in &self.indexes {
            digester.update(index.sha256.as_bytes());
            digester.update(&index.priority().to_le_bytes());
        }
        for translation in &self.translations {
            digester.update(translation.sha256.as_bytes());
        }
        digester.finish().sha256
    }
}
