//! A Packages file for a folder of `.deb` files, with no catalog: what `dpkg-scanpackages` and `apt-ftparchive
//! packages` print.

mod batch;
mod md5_lanes;
mod overrides;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use debian_control::architecture::Architecture;
use debian_control::version::Version;
use debian_deb::{Data, DebError};
use walkdir::WalkDir;

use self::batch::{BATCH_FILES, BatchReader};
pub use self::overrides::Overrides;

/// What to look for, and how.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    /// The folder, or one package file.
    pub folder: &'a Path,
    /// How many files are read at a time.
    pub jobs: usize,
    /// Only packages of this architecture, and of `all`.
    pub architecture: Option<&'a Architecture>,
    /// Which versions of a package are printed.
    pub versions: VersionFilter,
    /// Whether data members are read to their end or stepped over.
    pub data: Data,
    /// The end of the names of files that are read, without the dot: `deb`.
    pub kind: &'a str,
    /// Which digests are printed.
    pub hashes: Hashes,
    /// What goes before each path, as it is.
    pub prefix: &'a str,
    /// `X-Medium` of every package.
    pub medium: Option<&'a str>,
}

/// Which digests are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hashes {
    /// `MD5sum`.
    pub md5: bool,
    /// `SHA1`.
    pub sha1: bool,
    /// `SHA256`.
    pub sha256: bool,
}

/// Which versions of a package are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionFilter {
    /// The newest of each name and architecture.
    Newest,
    /// All.
    All,
}

/// What came of a scan.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Stanzas, each with the blank line after it, ordered by name, architecture and version.
    pub stanzas: Vec<String>,
    /// Files that are no packages, or could not be read.
    pub rejected: Vec<(PathBuf, ScanError)>,
    /// Files that were left out for another one with the same or a newer version.
    pub left_out: Vec<LeftOut>,
    /// What is odd about the override files.
    pub warnings: Vec<String>,
}

/// A file that was left out for another one.
#[derive(Debug)]
pub struct LeftOut {
    /// The file.
    pub path: PathBuf,
    /// The file that is printed.
    pub kept: PathBuf,
    /// Whether that one has the same version, and not a newer one.
    pub is_same_version: bool,
}

/// Why a file is not in the output.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It is not what dpkg would read, or breaks a limit.
    #[error("{0}")]
    Invalid(#[from] DebError),
    /// It cannot be read.
    #[error("cannot read it")]
    Read(#[from] std::io::Error),
    /// Its path cannot be written into an index.
    #[error("its path has a line break or is not UTF-8")]
    Path,
    /// A folder cannot be listed.
    #[error("cannot list it")]
    Walk(#[from] walkdir::Error),
}

struct ScannedFile {
    key: (String, String, Version),
    path: PathBuf,
    text: String,
}

/// Scans a folder. Values of `overrides` and then `extra` replace those of the packages.
pub fn scan(scan: &Scan<'_>, overrides: Option<Overrides>, extra: Option<Overrides>) -> Scanned {
    let mut scanned = Scanned::default();
    let files = list(scan, &mut scanned.rejected);
    let jobs = scan.jobs.max(1);
    // A few files are shared out among all.
    let batch_files = files.len().div_ceil(jobs).clamp(1, BATCH_FILES);
    let batches: Vec<&[PathBuf]> = files.chunks(batch_files).collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new((Vec::new(), Vec::new()));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let mut reader = BatchReader::default();
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcomes = reader.read(scan, batch);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    for (path, outcome) in batch.iter().zip(outcomes) {
                        match outcome {
                            Ok(found) => results.0.extend(found),
                            Err(error) => results.1.push((path.clone(), error)),
                        }
                    }
                }
            });
        }
    });
    let (found, rejected) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    scanned.rejected.extend(rejected);
    scanned.rejected.sort_by(|left, right| left.0.cmp(&right.0));
    let (kept, left_out) = choose(scan.versions, found);
    (scanned.stanzas, scanned.warnings) = apply(kept, overrides, extra);
    scanned.left_out = left_out;
    scanned
}

/// Puts what override files say into stanzas.
fn apply(
    found: Vec<ScannedFile>,
    mut overrides: Option<Overrides>,
    mut extra: Option<Overrides>,
) -> (Vec<String>, Vec<String>) {
    let names: BTreeSet<String> = found.iter().map(|found| found.key.0.clone()).collect();
    let mut stanzas = Vec::new();
    for ScannedFile { key, text, .. } in found {
        let mut text = text;
        for overrides in [&mut overrides, &mut extra].into_iter().flatten() {
            text = overrides.apply(&key.0, text);
        }
        text.push('\n');
        stanzas.push(text);
    }
    let warnings = overrides.map(|overrides| overrides.warnings(&names));
    (stanzas, warnings.unwrap_or_default())
}

/// Returns the package files below a folder, as the folder was given; that of a file is itself.
fn list(scan: &Scan<'_>, rejected: &mut Vec<(PathBuf, ScanError)>) -> Vec<PathBuf> {
    let is_package = |path: &Path| path.extension().is_some_and(|end| end == scan.kind);
    let mut files = Vec::new();
    for entry in WalkDir::new(scan.folder).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_package(entry.path()) => {
                files.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) => {
                if let Some(path) = unlisted(&error, scan.folder, is_package) {
                    rejected.push((path, error.into()));
                }
            }
        }
    }
    files
}

/// Returns what cannot be listed, where that hides packages: not a link in a circle, whose folder is listed already, nor a link
/// to nothing whose name is no package's.
fn unlisted(error: &walkdir::Error, folder: &Path, is_package: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let path = error.path().unwrap_or(folder);
    let is_dangling = path.is_symlink() && !path.exists();
    let hides_packages = error.loop_ancestor().is_none() && (!is_dangling || is_package(path));
    hides_packages.then(|| path.to_owned())
}

/// Orders what was found, and sorts out older versions and what has the same version as another file.
fn choose(versions: VersionFilter, mut found: Vec<ScannedFile>) -> (Vec<ScannedFile>, Vec<LeftOut>) {
    found.sort_by(|left, right| (&left.key, &left.path).cmp(&(&right.key, &right.path)));
    if versions == VersionFilter::All {
        return (found, Vec::new());
    }
    let mut newest: BTreeMap<(String, String), ScannedFile> = BTreeMap::new();
    let mut others = Vec::new();
    for found in found {
        let (name, architecture, _) = &found.key;
        match newest.entry((name.clone(), architecture.clone())) {
            Entry::Vacant(place) => drop(place.insert(found)),
            Entry::Occupied(known) if known.get().key == found.key => others.push(found),
            // Sorted: what comes later is newer.
            Entry::Occupied(mut known) => others.push(known.insert(found)),
        }
    }
    let left_out = |other: ScannedFile| {
        let (name, architecture, version) = other.key;
        let kept = newest.get(&(name, architecture)).expect("one of each is kept");
        LeftOut {
            path: other.path,
            kept: kept.path.clone(),
            is_same_version: kept.key.2 == version,
        }
    };
    let left_out = others.into_iter().map(left_out).collect();
    (newest.into_values().collect(), left_out)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use debian_control::stanza::Stanza;
    use debian_deb::build::DebBuilder;

    use super::*;

    /// Writes a package below a folder.
    fn package(folder: &Path, path: &str, version: &str) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, DebBuilder::new("hello", version, "amd64").build()).unwrap();
    }

    fn scanned(folder: &Path, versions: VersionFilter) -> Scanned {
        let hashes = Hashes {
            md5: false,
            sha1: false,
            sha256: true,
        };
        let wanted = Scan {
            folder,
            jobs: 1,
            architecture: None,
            versions,
            data: Data::Skip,
            kind: "deb",
            hashes,
            prefix: "",
            medium: None,
        };
        scan(&wanted, None, None)
    }

    /// The paths that are printed, below the folder.
    fn listed(folder: &Path, scanned: &Scanned) -> Vec<String> {
        let above = format!("{}/", folder.display());
        let path = |stanza: &String| {
            let stanza = Stanza::parse(stanza).unwrap();
            stanza
                .line("Filename")
                .unwrap()
                .strip_prefix(&above)
                .unwrap()
                .to_owned()
        };
        scanned.stanzas.iter().map(path).collect()
    }

    #[test]
    fn links_in_a_circle_or_to_nothing_hide_no_package_unless_they_have_the_name_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        package(folder, "pool/hello.deb", "1");
        symlink("..", folder.join("pool/up")).unwrap();
        symlink("nothing", folder.join("notes")).unwrap();
        let found = scanned(folder, VersionFilter::All);
        assert_eq!(listed(folder, &found), ["pool/hello.deb"]);
        assert!(found.rejected.is_empty(), "{:?}", found.rejected);
        symlink("nothing", folder.join("gone.deb")).unwrap();
        let found = scanned(folder, VersionFilter::All);
        let rejected: Vec<_> = found.rejected.iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(rejected, [folder.join("gone.deb")]);
    }

    #[test]
    fn of_one_version_the_first_file_is_kept_and_others_are_told_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        package(folder, "a.deb", "1");
        package(folder, "b.deb", "2");
        package(folder, "c.deb", "2");
        let scanned = scanned(folder, VersionFilter::Newest);
        assert_eq!(listed(folder, &scanned), ["b.deb"]);
        let left_out: Vec<_> = scanned
            .left_out
            .iter()
            .map(|other| (other.path.as_path(), other.kept.as_path(), other.is_same_version))
            .collect();
        let (a, b, c) = (folder.join("a.deb"), folder.join("b.deb"), folder.join("c.deb"));
        assert_eq!(
            left_out,
            [
                (a.as_path(), b.as_path(), false),
                (c.as_path(), b.as_path(), true)
            ]
        );
    }
}
