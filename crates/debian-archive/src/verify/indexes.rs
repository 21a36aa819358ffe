//! What is published of a suite: signatures, validity, and indexes against the Release and the catalog.

use std::collections::BTreeSet;

use debian_control::packages::IndexEntry;
use debian_control::release::{BY_HASH, IndexFile, Release, by_hash_path, format_date};
use debian_control::stanza::StanzaReader;
use openpgp_policy::{self, Keyring};

use super::finding::{ArchiveVerifyError, Finding, FindingKind};
use crate::archive::{Archive, suite_dists};
use crate::config::Suite;
use crate::error_text::with_causes;
use crate::publish::{POOL_LINK, expected_packages, leads_to_suite};
use archive_catalog::{Retained, Snapshot};
use archive_storage::store::{self, folder_of};

/// Checks a suite, and adds the pool paths that its indexes name to `named`.
pub(super) fn check(
    archive: &Archive,
    suite: &Suite,
    now: i64,
    named: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Result<(), ArchiveVerifyError> {
    let newest = archive
        .catalog()
        .snapshot(&suite.codename, suite.pool_tree(), None)?;
    let Some(publication) = newest.state().publication.clone() else {
        return Ok(());
    };
    let shown = archive
        .catalog()
        .snapshot(&suite.codename, suite.pool_tree(), Some(publication.revision))?;
    let dists = archive.dists(suite);
    let mut check = Check {
        archive,
        suite,
        dists,
        findings,
    };
    if let Some(release) = check.tree(named, now) {
        check.validity(&release, now);
        check.against_catalog(&release, shown.as_ref())?;
        check.alias(now)?;
    }
    Ok(())
}

/// Checks the trees of the pinned states of a suite.
///
/// What they say is what the catalog said when they were pinned, under the settings of then: it is not made again here.
pub(super) fn check_pinned(
    archive: &Archive,
    suite: &Suite,
    now: i64,
    named: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Result<(), ArchiveVerifyError> {
    for state in archive.catalog().states(&suite.codename)? {
        if state.kept != Retained::Pinned {
            continue;
        }
        let tree = archive.snapshot_tree(suite, &state.id);
        let mut check = Check {
            archive,
            suite,
            dists: suite_dists(&tree, &suite.codename),
            findings,
        };
        check.tree(named, now);
        let links = archive.files().links(tree.trim_end_matches('/'))?;
        let pool = ("pool".to_owned(), POOL_LINK.to_owned());
        // A bucket has no links: there, whoever serves it leads snapshots to the one pool.
        if archive.files().folder().is_some() && !links.contains(&pool) {
            check.found(
                FindingKind::PoolMissing,
                &format!("{tree}pool"),
                format!("not a link to `{POOL_LINK}`"),
            );
        }
    }
    Ok(())
}

/// Checks the three top files of a suite alone, and returns the Release that is signed.
pub(crate) fn signed_release(
    archive: &Archive,
    suite: &Suite,
    now: i64,
    findings: &mut Vec<Finding>,
) -> Option<Release> {
    let dists = archive.dists(suite);
    let mut check = Check {
        archive,
        suite,
        dists,
        findings,
    };
    check.signatures(now)
}

struct Check<'a> {
    archive: &'a Archive,
    suite: &'a Suite,
    /// The folder of the Release.
    dists: String,
    findings: &'a mut Vec<Finding>,
}

impl Check<'_> {
    /// Checks the consistency of a folder, and returns its signed Release.
    fn tree(&mut self, named: &mut BTreeSet<String>, now: i64) -> Option<Release> {
        let release = self.signatures(now)?;
        for file in &release.sha256 {
            self.index_file(file);
        }
        self.by_hash_names(&release);
        self.names(&release, named);
        Some(release)
    }

    fn found(&mut self, kind: FindingKind, path: &str, detail: impl Into<String>) {
        self.findings.push(Finding {
            kind,
            path: path.to_owned(),
            detail: detail.into(),
        });
    }

    /// Returns the path of a file of the suite, below the root.
    fn file(&self, path: &str) -> String {
        format!("{}/{path}", self.dists)
    }

    /// Reads a small file, or says why it cannot be read.
    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.archive.files().read(path) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err("no such file".to_owned()),
            Err(error) => Err(with_causes(&error)),
        }
    }

    /// Checks that the alias of the suite shows it: a link, or in a bucket a copy.
    fn alias(&mut self, now: i64) -> Result<(), ArchiveVerifyError> {
        let files = self.archive.files();
        let Some(alias) = self
            .suite
            .alias
            .as_ref()
            .filter(|alias| **alias != self.suite.codename)
        else {
            return Ok(());
        };
        let shown = suite_dists(&self.suite.tree(), alias);
        if files.folder().is_some() {
            if !leads_to_suite(files, self.suite)? {
                let detail = format!(
                    "not a link to `{}`: run `repogen publish --force`",
                    self.suite.codename
                );
                self.found(FindingKind::IndexStale, &shown, detail);
            }
            return Ok(());
        }
        let copy = format!("{shown}/InRelease");
        if files.read(&copy)? != files.read(&self.file("InRelease"))? {
            let detail = format!(
                "not a copy of that of `{}`: run `repogen publish --force`",
                self.suite.codename
            );
            self.found(FindingKind::IndexStale, &copy, detail);
            return Ok(());
        }
        let mut copy = Check {
            archive: self.archive,
            suite: self.suite,
            dists: shown,
            findings: self.findings,
        };
        // What its indexes name is named by those of the suite.
        copy.tree(&mut BTreeSet::new(), now);
        Ok(())
    }

    /// Checks the three top files and returns the Release that is signed.
    fn signatures(&mut self, now: i64) -> Option<Release> {
        let keyring_path = "archive-keyring.pgp";
        let read = self.bytes(keyring_path);
        let keyring = match read.and_then(|bytes| Keyring::read(&bytes).map_err(|error| error.to_string())) {
            Ok(keyring) => keyring,
            Err(error) => {
                self.found(FindingKind::SignatureBad, keyring_path, error);
                return None;
            }
        };
        let path = self.file("InRelease");
        let text = match self.bytes(&path).and_then(|bytes| {
            openpgp_policy::verify_inrelease(&bytes, &keyring, now).map_err(|error| error.to_string())
        }) {
            Ok(verified) => verified.text,
            Err(error) => {
                self.found(FindingKind::SignatureBad, &path, error);
                return None;
            }
        };
        self.detached(&keyring, &text, now);
        match Release::parse(&text) {
            Ok(release) => Some(release),
            Err(error) => {
                self.found(FindingKind::IndexStale, &path, error.to_string());
                None
            }
        }
    }

    fn detached(&mut self, keyring: &Keyring, signed: &str, now: i64) {
        let path = self.file("Release");
        let signature_path = self.file("Release.gpg");
        let release = self.read(FindingKind::IndexStale, &path);
        let signature = self.read(FindingKind::SignatureBad, &signature_path);
        let Some(release) = release else { return };
        if release.trim_ascii_end() != signed.as_bytes().trim_ascii_end() {
            self.found(
                FindingKind::IndexStale,
                &path,
                "differs from the text in InRelease",
            );
        }
        let Some(signature) = signature else { return };
        if let Err(error) = openpgp_policy::verify_detached(&release, &signature, keyring, now) {
            self.found(FindingKind::SignatureBad, &signature_path, error.to_string());
        }
    }

    /// Reads a file that has to be there; where it cannot be read, that is the finding, and not what it would be if it
    /// were empty.
    fn read(&mut self, kind: FindingKind, path: &str) -> Option<Vec<u8>> {
        self.bytes(path)
            .map_err(|error| self.found(kind, path, format!("cannot be read: {error}")))
            .ok()
    }

    fn validity(&mut self, release: &Release, now: i64) {
        if let Some(until) = release.valid_until.filter(|until| *until < now) {
            let path = self.file("InRelease");
            self.found(
                FindingKind::Expired,
                &path,
                format!("expired at {}: run `repogen publish`", format_date(until)),
            );
        }
    }

    /// Checks a listed file under both its names.
    fn index_file(&mut self, file: &IndexFile) {
        let path = self.file(&file.path);
        if !is_served(&file.path) {
            return;
        }
        let wrong = |path: &str| match store::digest(self.archive.files(), path) {
            Ok(Some((sha256, size))) if sha256 == file.sha256 && size == file.size => None,
            Ok(Some((sha256, size))) => Some(format!(
                "{size} bytes, sha256 {sha256}; Release lists {} and {}",
                file.size, file.sha256
            )),
            Ok(None) => Some("Release lists it: there is no such file".to_owned()),
            Err(error) => Some(format!("Release lists it: {}", with_causes(&error))),
        };
        let stale = wrong(&path);
        let by_hash = self.file(&by_hash_path(&file.path, &file.sha256));
        let lost = wrong(&by_hash);
        if let Some(detail) = stale {
            self.found(FindingKind::IndexStale, &path, detail);
        }
        if let Some(detail) = lost {
            self.found(FindingKind::ByhashWrong, &by_hash, detail);
        }
    }

    /// Checks that every by-hash file, also of earlier generations, has the bytes that its name says.
    fn by_hash_names(&mut self, release: &Release) {
        let folders: BTreeSet<_> = release
            .sha256
            .iter()
            .map(|file| folder_of(&self.file(&file.path)).to_owned())
            .collect();
        let listed: BTreeSet<String> = release
            .sha256
            .iter()
            .map(|file| file.sha256.to_string())
            .collect();
        for folder in folders {
            let by_hash = format!("{folder}/{BY_HASH}");
            let paths = match self.archive.files().list(&by_hash) {
                Ok(paths) => paths,
                Err(error) => {
                    let why = format!("cannot be listed: {}", with_causes(&error));
                    self.found(FindingKind::ByhashWrong, &by_hash, why);
                    continue;
                }
            };
            for path in paths.into_keys() {
                let name = path.rsplit('/').next().expect("a split has a first part");
                match store::digest(self.archive.files(), &path) {
                    Ok(Some((found, _))) if found.to_string() == name => {}
                    Ok(Some((found, _))) => {
                        let mend = match listed.contains(name) {
                            true => "run `repogen publish --force`",
                            false => "the live Release does not list it: delete it",
                        };
                        let detail = format!("its sha256 is {found}, not the one in its name: {mend}");
                        self.found(FindingKind::ByhashWrong, &path, detail);
                    }
                    // Pruned meanwhile.
                    Ok(None) => {}
                    Err(error) => self.found(FindingKind::ByhashWrong, &path, with_causes(&error)),
                }
            }
        }
    }

    /// Renders each Packages index from the catalog, as it was when it was published, and compares.
    fn against_catalog(&mut self, release: &Release, shown: &dyn Snapshot) -> Result<(), ArchiveVerifyError> {
        for component in &self.suite.components {
            for architecture in &self.suite.architectures {
                let path = format!("{component}/binary-{architecture}/Packages");
                let Some(listed) = release.sha256.iter().find(|file| file.path == path) else {
                    continue;
                };
                let (sha256, size) = expected_packages(shown, self.suite, component, architecture)?;
                if (sha256, size) != (listed.sha256, listed.size) {
                    let path = self.file(&path);
                    self.found(
                        FindingKind::IndexStale,
                        &path,
                        format!(
                            "rendered from the catalog: {size} bytes, sha256 {sha256}; Release lists {} and {}",
                            listed.size, listed.sha256
                        ),
                    );
                }
            }
        }
        Ok(())
    }

    /// Collects what the indexes on disk name.
    fn names(&mut self, release: &Release, named: &mut BTreeSet<String>) {
        let tree = self.suite.tree();
        for file in release
            .sha256
            .iter()
            .filter(|file| file.path.ends_with("/Packages.zst"))
        {
            let path = self.file(&file.path);
            // Where it cannot be read, its digest was wrong, and that is reported.
            let Ok(bytes) = self.bytes(&path) else {
                continue;
            };
            match names_in(&bytes) {
                Ok(names) => named.extend(names.iter().map(|name| format!("{tree}{name}"))),
                Err(what) => self.found(FindingKind::IndexStale, &path, what),
            }
        }
    }
}

/// Returns the files that a compressed Packages index names.
fn names_in(bytes: &[u8]) -> Result<Vec<String>, String> {
    let text = zstd::decode_all(bytes).map_err(|error| format!("cannot be decompressed: {error}"))?;
    let text = String::from_utf8(text).map_err(|_| "is not UTF-8 text".to_owned())?;
    StanzaReader::new(&text)
        .map(|stanza| {
            let stanza = stanza.map_err(|error| error.to_string())?;
            let entry = IndexEntry::from_stanza(&stanza).map_err(|error| error.to_string())?;
            Ok(entry.filename.to_owned())
        })
        .collect()
}

/// Returns whether a listed file is served: the text of compressed indexes is listed only.
pub(crate) fn is_served(path: &str) -> bool {
    let name = path.rsplit('/').next().expect("a split has a first part");
    name != "Packages" && name != "Translation-en" && (!name.starts_with("Contents-") || name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_names_files_in_another_way_is_not_one_without_files() {
        let pack = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
        let entry = format!(
            "Package: a\nVersion: 1\nArchitecture: all\nFilename: pool/a.deb\nSize: 1\nSHA256: {}\n\n",
            "ab".repeat(32)
        );
        assert_eq!(names_in(&pack(entry.as_bytes())).unwrap(), ["pool/a.deb"]);
        assert_eq!(names_in(&pack(b"")).unwrap(), [""; 0]);
        let without = entry.replace("Filename: pool/a.deb\n", "");
        assert!(
            names_in(&pack(without.as_bytes()))
                .unwrap_err()
                .contains("Filename")
        );
        assert!(names_in(b"no zstd").unwrap_err().contains("decompressed"));
        assert!(names_in(&pack(b"\xff")).unwrap_err().contains("UTF-8"));
    }
}
