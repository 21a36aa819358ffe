//! What a published tree says, each byte checked against its Release.

use std::collections::BTreeMap;
use std::io::Read as _;

use debian_control::digest::{Digester, Sha256};
use debian_control::limits::Limits;
use debian_control::name::Component;
use debian_control::packages::IndexEntry;
use debian_control::release::{IndexFile, Release, by_hash_path};
use debian_control::stanza::StanzaReader;
use debian_deb::compression::{Bounds, Compression, Decoder, Streams};
use openpgp_policy::{self, Keyring};

use crate::error_text::with_causes;
use crate::indexed_file::IndexedFile;
use archive_storage::store::FileStore;

/// Something in a published tree that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeProblem {
    /// The file, below the root.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

/// A published state of a suite.
pub(crate) struct PublishedTree {
    pub(crate) release: Release,
    pub(crate) date: i64,
    /// Digest of its InRelease, or of its Release where there is none.
    pub(crate) inrelease: Sha256,
    /// What its indexes name, each file once.
    pub(crate) named: Vec<IndexedFile>,
}

/// Reads the tree in `dists`, the folder of an InRelease; an index that cannot be used is a problem, and the others are read.
///
/// Where InRelease cannot be used, Release with its Release.gpg says as much.
pub(crate) fn read_tree(
    files: &dyn FileStore,
    dists: &str,
    keyring: &Keyring,
    now: i64,
    problems: &mut Vec<TreeProblem>,
) -> Result<PublishedTree, TreeProblem> {
    let path = format!("{dists}/InRelease");
    let bytes = read(files, &path);
    let signed = match bytes.as_deref().map_err(Clone::clone) {
        Ok(bytes) => openpgp_policy::verify_inrelease(bytes, keyring, now)
            .map(|verified| verified.text)
            .map_err(|error| error.to_string()),
        Err(what) => Err(what),
    };
    let text = signed
        .or_else(|what| detached_release(files, dists, keyring, now).ok_or_else(|| problem(&path, what)))?;
    let release = Release::parse(&text).map_err(|error| problem(&path, error))?;
    let date = release.date.ok_or_else(|| problem(&path, "it has no Date"))?;
    Ok(PublishedTree {
        named: named(files, dists, &release, problems),
        release,
        date,
        // Where it cannot be read, what it would sign stands for it: the next publish writes it anew.
        inrelease: Sha256::of(bytes.as_deref().unwrap_or(text.as_bytes())),
    })
}

/// Returns the text of Release where the signature in Release.gpg counts.
fn detached_release(files: &dyn FileStore, dists: &str, keyring: &Keyring, now: i64) -> Option<String> {
    let release = read(files, &format!("{dists}/Release")).ok()?;
    let signature = read(files, &format!("{dists}/Release.gpg")).ok()?;
    openpgp_policy::verify_detached(&release, &signature, keyring, now).ok()?;
    String::from_utf8(release).ok()
}

/// Returns what the indexes of a Release name, each file once.
pub(crate) fn named(
    files: &dyn FileStore,
    dists: &str,
    release: &Release,
    problems: &mut Vec<TreeProblem>,
) -> Vec<IndexedFile> {
    let mut named = BTreeMap::new();
    for plain in &release.sha256 {
        let component = plain
            .path
            .strip_suffix("/Packages")
            .and_then(|folder| folder.rsplit_once("/binary-"))
            .and_then(|(component, _)| component.parse::<Component>().ok());
        let Some(component) = component else { continue };
        match index_text(files, dists, release, plain) {
            Ok(text) => collect(
                &format!("{dists}/{}", plain.path),
                &text,
                &component,
                &mut named,
                problems,
            ),
            Err(what) => problems.push(problem(&format!("{dists}/{}", plain.path), what)),
        }
    }
    named.into_values().collect()
}

/// Returns the text of an index from whichever of its forms is whole, under either of its names.
fn index_text(
    files: &dyn FileStore,
    dists: &str,
    release: &Release,
    plain: &IndexFile,
) -> Result<String, String> {
    for compression in [Compression::Zstd, Compression::Xz, Compression::Gzip] {
        let path = format!("{}{}", plain.path, compression.extension());
        let Some(file) = release.sha256.iter().find(|file| file.path == path) else {
            continue;
        };
        for name in [path.clone(), by_hash_path(&path, &file.sha256)] {
            let Ok(bytes) = read(files, &format!("{dists}/{name}")) else {
                continue;
            };
            if digest(&bytes) == (file.sha256, file.size) {
                return unpack(compression, &bytes, plain);
            }
        }
    }
    Err("none of its compressed files matches Release".into())
}

/// Reads a small file, or says why it cannot be read.
fn read(files: &dyn FileStore, path: &str) -> Result<Vec<u8>, String> {
    match files.read(path) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err("no such file".to_owned()),
        Err(error) => Err(with_causes(&error)),
    }
}

/// Unpacks an index, no further than Release says it goes.
fn unpack(compression: Compression, bytes: &[u8], plain: &IndexFile) -> Result<String, String> {
    let bounds = Bounds::new(&Limits::default(), plain.size);
    let mut text = Vec::new();
    Decoder::new(compression, Streams::Index, bytes, bounds)
        .and_then(|mut decoder| decoder.read_to_end(&mut text))
        .map_err(|error| error.to_string())?;
    if digest(&text) != (plain.sha256, plain.size) {
        return Err("its uncompressed content does not match Release".into());
    }
    String::from_utf8(text).map_err(|error| error.to_string())
}

fn collect(
    index: &str,
    text: &str,
    component: &Component,
    named: &mut BTreeMap<String, IndexedFile>,
    problems: &mut Vec<TreeProblem>,
) {
    for stanza in StanzaReader::new(text) {
        let entry = match stanza {
            Ok(stanza) => IndexEntry::from_stanza(&stanza).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match entry {
            Ok(entry) if is_pool_path(entry.filename) => {
                named
                    .entry(entry.filename.to_owned())
                    .or_insert_with(|| IndexedFile {
                        name: entry.name.clone(),
                        component: component.clone(),
                        filename: entry.filename.to_owned(),
                        sha256: entry.sha256,
                        size: entry.size,
                    });
            }
            Ok(entry) => problems.push(problem(
                index,
                format!(
                    "`{}` of {} is no path in pool/",
                    entry.filename.escape_debug(),
                    entry.name
                ),
            )),
            Err(what) => problems.push(problem(index, what)),
        }
    }
}

/// Returns whether a path stays below `pool/`.
fn is_pool_path(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.next() == Some("pool")
        && path.split('/').count() > 1
        && parts.all(|part| !matches!(part, "" | "." | ".."))
}

fn digest(bytes: &[u8]) -> (Sha256, u64) {
    let mut digester = Digester::sha256();
    digester.update(bytes);
    let digests = digester.finish();
    (digests.sha256, digests.size)
}

pub(crate) fn problem(path: &str, what: impl ToString) -> TreeProblem {
    TreeProblem {
        path: path.to_owned(),
        what: what.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_pool() {
        assert!(is_pool_path("pool/main/h/hello/hello_1_all.deb"));
        for path in [
            "",
            "pool",
            "pool/",
            "pool/../x",
            "pool//x",
            "/pool/x",
            "../pool/x",
            "dists/x",
            "pool/./x",
        ] {
            assert!(!is_pool_path(path), "{path}");
        }
    }
}
