//! Source packages of all archives: their indexes are fetched when somebody first asks for one, and kept until an update brings others.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::changes::ChangesFile;
use debian_control::source_package::SourcePackage;
use debian_control::stanza::{Stanza, StanzaReader};
use debian_control::version::Version;

use crate::fetch::{Download, Fetcher, Location, LocationError};
use crate::lists::{DeferredIndex, Lists, UpdateError};
use crate::package_cache::file;
use crate::source::Source;

/// Why source packages cannot be looked up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourcesError {
    /// An index did not come.
    #[error("cannot fetch `{name}` of suite `{suite}`, its index of source packages")]
    Fetch {
        /// The index.
        name: String,
        /// Its suite.
        suite: String,
        /// Why.
        source: Box<UpdateError>,
    },
    /// It cannot be kept.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A source package in one of the archives.
#[derive(Debug, Clone)]
pub struct FoundSource {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// `Codename` of the suite that has it.
    pub codename: String,
    /// Its stanza.
    pub stanza: String,
    /// Its files.
    pub files: Vec<ChangesFile>,
    directory: String,
    roots: Vec<String>,
    /// Whether the suite is called so by a person.
    names: [Option<String>; 2],
}

impl FoundSource {
    /// Says whether a person who writes `name` after a slash means its suite.
    pub fn is_of_suite(&self, name: &str) -> bool {
        self.names.iter().flatten().any(|known| known == name)
    }

    /// Returns how to fetch its files.
    ///
    /// # Errors
    /// When it names a place outside its archive.
    pub fn downloads(&self) -> Result<Vec<Download>, LocationError> {
        let download = |file: &ChangesFile| {
            let path = format!("{}/{}", self.directory, file.name);
            let location = |root: &String| root.parse::<Location>()?.below(&path);
            Ok(Download {
                name: file.name.to_string(),
                locations: self.roots.iter().map(location).collect::<Result<_, _>>()?,
                size: file.size,
                sha256: file.sha256,
            })
        };
        self.files.iter().map(download).collect()
    }
}

/// The indexes of source packages that are here.
pub struct SourceIndexes<'l> {
    here: Vec<(&'l DeferredIndex, String)>,
}

impl<'l> SourceIndexes<'l> {
    /// Opens what is here of the indexes that count, and returns those that have to be fetched first.
    pub fn open(cache: &Path, lists: &'l Lists) -> (Self, Vec<&'l DeferredIndex>) {
        let mut here = Vec::new();
        let mut missing = Vec::new();
        for index in &lists.sources {
            let kept = file::read(&path(cache, index), &key(index));
            match kept.and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => here.push((index, text)),
                None => missing.push(index),
            }
        }
        (Self { here }, missing)
    }

    /// Returns the source packages of a name, or those that a binary package of that name is built of; the newest first, and of one version
    /// that of the first archive that has it. Stanzas that describe none are passed over.
    pub fn named(&self, name: &str, by: Lookup) -> Vec<FoundSource> {
        let mut found = Vec::new();
        for (index, text) in &self.here {
            for stanza in StanzaReader::new(text).flatten() {
                let is_named = stanza.line("Package") == Some(name);
                if by == Lookup::Source && !is_named {
                    continue;
                }
                let Ok(source) = SourcePackage::from_stanza(&stanza) else {
                    continue;
                };
                if by == Lookup::Binary && !source.builds(name) {
                    continue;
                }
                found.push(FoundSource {
                    name: source.name.to_string(),
                    version: source.version,
                    codename: index.codename.clone(),
                    stanza: written(&stanza),
                    files: source.files,
                    directory: source.directory.to_owned(),
                    roots: index.roots.clone(),
                    names: [Some(index.codename.clone()), index.suite.clone()],
                });
            }
        }
        found.sort_by(|left, right| right.version.cmp(&left.version));
        found
    }
}

/// How source packages are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// By their own name.
    Source,
    /// By a binary package that is built of them.
    Binary,
}

/// Fetches an index of source packages and keeps it.
///
/// # Errors
/// When it does not come, is not what was signed, or cannot be kept.
pub fn fetch(
    cache: &Path,
    index: &DeferredIndex,
    fetcher: &Fetcher,
    sources: &[Source],
) -> Result<(), SourcesError> {
    let mut text = Vec::new();
    index
        .fetch(fetcher, sources, &mut |piece| text.extend_from_slice(piece))
        .map_err(|source| SourcesError::Fetch {
            name: index.name.clone(),
            suite: index.codename.clone(),
            source: Box::new(source),
        })?;
    let path = path(cache, index);
    // Whatever is not UTF-8 in it stands in what people read, not in what is looked up.
    let text = String::from_utf8_lossy(&text);
    file::write(&path, &key(index), text.as_bytes()).map_err(|source| SourcesError::Write { path, source })
}

/// Deletes indexes that no longer count.
pub fn sweep(cache: &Path, lists: &Lists) {
    let named: HashSet<PathBuf> = lists.sources.iter().map(|index| path(cache, index)).collect();
    let entries = fs::read_dir(cache.join("library"))
        .into_iter()
        .flatten()
        .flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.extension().is_some_and(|end| end == "sources") && !named.contains(&path) {
            // What cannot be deleted is tried again next time.
            let _ = fs::remove_file(path);
        }
    }
}

fn path(cache: &Path, index: &DeferredIndex) -> PathBuf {
    cache.join("library").join(format!("{}.sources", index.sha256))
}

fn key(index: &DeferredIndex) -> String {
    format!("sources {}", index.sha256)
}

/// Returns a stanza as it stands in its index.
fn written(stanza: &Stanza<'_>) -> String {
    let lines = stanza
        .fields()
        .iter()
        .map(|field| format!("{}:{}\n", field.name(), field.raw()));
    lines.collect()
}
