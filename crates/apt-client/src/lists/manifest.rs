//! `manifest.json`: which of the kept texts count, and how each suite was asked for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::digest::{Digester, Sha256};
use debian_control::release::IndexFile;
use serde::{Deserialize, Serialize};

use super::error::ListsError;
use super::{Index, Translation};
use crate::fetch::Validators;
use crate::private_file::replace_private;
use crate::source::Source;

/// The form of the manifest. One of another form is as if it were not there: the next update fetches all anew.
const FORMAT: u32 = 6;
const MANIFEST: &str = "manifest.json";

/// What `manifest.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    pub(super) suites: Vec<KeptSuite>,
}

/// One suite of one archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptSuite {
    pub(super) url: String,
    pub(super) mirrors: Vec<String>,
    /// The suite as it is configured.
    pub(super) asked: String,
    pub(super) codename: String,
    pub(super) suite: Option<String>,
    pub(super) version: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) label: Option<String>,
    pub(super) date: i64,
    pub(super) valid_until: Option<i64>,
    pub(super) not_automatic: bool,
    pub(super) but_automatic_upgrades: bool,
    pub(super) signers: Vec<String>,
    /// Which keys may sign it, as they were: with others, all is asked for anew.
    #[serde(with = "as_text")]
    pub(super) keys: Sha256,
    pub(super) components: Vec<String>,
    pub(super) architectures: Vec<String>,
    pub(super) validators: Validators,
    /// The digest of what is signed.
    #[serde(with = "as_text")]
    pub(super) message: Sha256,
    pub(super) by_hash: bool,
    pub(super) indexes: Vec<KeptIndex>,
    /// `Translation-en` of each component that has one.
    pub(super) translations: Vec<KeptTranslation>,
    pub(super) contents: Vec<KeptFile>,
    /// Forms of the indexes of source packages.
    pub(super) sources: Vec<KeptFile>,
}

/// A `Packages` index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptIndex {
    pub(super) component: String,
    pub(super) architecture: String,
    #[serde(flatten)]
    pub(super) text: KeptText,
}

/// The long descriptions of a component's packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptTranslation {
    pub(super) component: String,
    #[serde(flatten)]
    pub(super) text: KeptText,
}

/// A text that is kept under its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptText {
    #[serde(with = "as_text")]
    pub(super) sha256: Sha256,
    pub(super) size: u64,
}

/// A file that a Release lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptFile {
    path: String,
    #[serde(with = "as_text")]
    sha256: Sha256,
    size: u64,
}

impl KeptFile {
    pub(super) fn of(listed: &IndexFile) -> Self {
        Self {
            path: listed.path.clone(),
            sha256: listed.sha256,
            size: listed.size,
        }
    }

    pub(super) fn listed(&self) -> IndexFile {
        IndexFile {
            path: self.path.clone(),
            sha256: self.sha256,
            size: self.size,
        }
    }
}

mod as_text {
    use debian_control::digest::Sha256;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(in crate::lists) fn serialize<S: Serializer>(
        digest: &Sha256,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(digest)
    }

    pub(in crate::lists) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Sha256, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl Manifest {
    /// Returns one that names nothing.
    pub(super) fn empty() -> Self {
        Self {
            format: FORMAT,
            suites: Vec::new(),
        }
    }

    /// Reads it; `None` where there is none, or one of another form.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, ListsError> {
        let path = folder.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| ListsError::Read { path, source })?,
        };
        // All of it can be fetched again, so a damaged one is treated like one of another form.
        let read = serde_json::from_slice::<Self>(&bytes).ok();
        Ok(read.filter(|manifest| manifest.format == FORMAT))
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(self).expect("texts and numbers are JSON");
        replace_private(&folder.join(MANIFEST), &bytes)
    }

    /// Returns what is kept of a suite that was asked for under the same keys, for whatever architectures.
    pub(super) fn suite(&self, like: &KeptSuite) -> Option<KeptSuite> {
        let kept = self.suites.iter().find(|kept| {
            kept.url == like.url
                && kept.asked == like.asked
                && kept.keys == like.keys
                && kept.components == like.components
        })?;
        Some(KeptSuite {
            mirrors: like.mirrors.clone(),
            ..kept.clone()
        })
    }
}

impl KeptSuite {
    /// Returns a suite of which nothing is known yet but how it is asked for. `architectures` count where its source names none.
    pub(super) fn asked_for(source: &Source, asked: &str, architectures: &[String]) -> Self {
        let architectures = match source.architectures.as_slice() {
            [] => architectures,
            some => some,
        };
        Self {
            url: source.location.to_string(),
            mirrors: source.mirrors.iter().map(ToString::to_string).collect(),
            asked: asked.to_owned(),
            codename: String::new(),
            suite: None,
            version: None,
            origin: None,
            label: None,
            date: 0,
            valid_until: None,
            not_automatic: false,
            but_automatic_upgrades: false,
            signers: Vec::new(),
            keys: *source.keys_sha256(),
            components: source.components.clone(),
            architectures: architectures.to_vec(),
            validators: Validators::default(),
            message: Digester::sha256().finish().sha256,
            by_hash: false,
            indexes: Vec::new(),
            translations: Vec::new(),
            contents: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Returns every text that it names.
    pub(super) fn texts(&self) -> impl Iterator<Item = KeptText> {
        let indexes = self.indexes.iter().map(|index| index.text);
        indexes.chain(self.translations.iter().map(|translation| translation.text))
    }

    /// Returns where its archive is: the root, then its mirrors.
    pub(super) fn roots(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.url).chain(&self.mirrors)
    }

    pub(super) fn index(&self, kept: &KeptIndex, folder: &Path) -> Index {
        Index {
            url: self.url.clone(),
            roots: self.roots().cloned().collect(),
            asked: self.asked.clone(),
            codename: self.codename.clone(),
            suite: self.suite.clone(),
            version: self.version.clone(),
            component: kept.component.clone(),
            architecture: kept.architecture.clone(),
            origin: self.origin.clone(),
            label: self.label.clone(),
            date: self.date,
            valid_until: self.valid_until,
            not_automatic: self.not_automatic,
            but_automatic_upgrades: self.but_automatic_upgrades,
            configured_priority: None,
            signers: self.signers.clone(),
            path: text_path(folder, &kept.text.sha256),
            sha256: kept.text.sha256,
            size: kept.text.size,
        }
    }

    pub(super) fn translations(&self, folder: &Path) -> impl Iterator<Item = Translation> {
        self.translations.iter().map(|kept| Translation {
            path: text_path(folder, &kept.text.sha256),
            sha256: kept.text.sha256,
        })
    }
}

/// Returns where the indexes lie.
pub(super) fn folder(cache: &Path) -> PathBuf {
    cache.join("lists")
}

/// How the name of a kept text ends.
pub(super) const TEXT: &str = "Packages";

/// Returns where a text lies.
pub(super) fn text_path(folder: &Path, sha256: &Sha256) -> PathBuf {
    folder.join(format!("{sha256}.{TEXT}"))
}
