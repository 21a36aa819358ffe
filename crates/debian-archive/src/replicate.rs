//! A copy of what is published, elsewhere: a mirror on another disk, or in a bucket of another region.
//!
//! Each suite is copied in the order in which a publish writes it: pool, by-hash, names, and InRelease last. So a client there
//! sees the state of before or the new one, and whatever a run that was cut off left is taken up by the next.

mod checked;
mod error;
mod published;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use debian_control::release::{Release, by_hash_path, format_date};
use openpgp_policy::Keyring;

use crate::archive::Archive;
use crate::config::Suite;
use crate::live_release::signed_text;
use crate::other_archive::{KEYRING, other_suite};
use crate::own_place::is_own;
use crate::side_by_side::side_by_side;
use crate::transfer_progress::TransferProgress;
use archive_catalog::{PublishedFile, Retained, SnapshotId};
use archive_storage::pool;
use archive_storage::store::{FileHead, FileStore, Lifetime, Turn, folder_of};
use checked::Checked;
use published::{PublishedSuite, date_of};

pub use error::ReplicateError;

/// How often the newest state is begun with because files of the one before went meanwhile.
const ROUNDS: u32 = 5;

/// What was done for one suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replicated {
    /// Codename.
    pub suite: SuiteName,
    /// Files that were written.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What the Release there names now, and named before: nothing of it is stale.
    pub named: BTreeSet<String>,
}

impl Archive {
    /// Brings `target` to what is published of a suite now; transfers what is missing only.
    ///
    /// # Errors
    ///
    /// When the suite is not published, when a file here is not what the catalog says, or when something newer is live there.
    pub fn replicate(
        &self,
        suite: &Suite,
        target: &dyn FileStore,
        progress: &TransferProgress,
    ) -> Result<Replicated, ReplicateError> {
        if is_own(self.files(), target) {
            return Err(ReplicateError::Own(target.address().to_owned()));
        }
        let mut copy = Copy::new(self, suite, (target, progress))?;
        copy.refuse_other_archive()?;
        let mut published = PublishedSuite::read(self, suite)?;
        for _ in 1..ROUNDS {
            match copy.all(&published) {
                Err(ReplicateError::Missing(path)) => {
                    let newest = PublishedSuite::read(self, suite)?;
                    if newest.is_same_as(&published) {
                        return Err(ReplicateError::Missing(path));
                    }
                    // It took longer than files are kept that nothing live names: of the newest state all are there, and what was
                    // copied is not copied again.
                    published = newest;
                }
                done => return done.map(|()| copy.done()),
            }
        }
        copy.all(&published)?;
        Ok(copy.done())
    }

    /// Deletes what lies in `target` and is not in this archive any more; returns the paths.
    ///
    /// What `replicated` suites name there stays, and so does what the archive keeps for clients that are still reading an older
    /// Release.
    pub fn delete_stale(
        &self,
        target: &dyn FileStore,
        replicated: &[Replicated],
    ) -> Result<Vec<String>, ReplicateError> {
        let is_named = |path: &String| replicated.iter().any(|suite| suite.named.contains(path));
        let mut deleted = Vec::new();
        // From what refers to what is referred to.
        for folder in ["browse", "snapshots", "dists", "private", "pool"] {
            let here = self.files().list(folder)?;
            let there = target.list(folder)?.into_keys();
            let is_stale = |path: &String| {
                !is_named(path) && !here.contains_key(path) && !here.contains_key(&self.without_alias(path))
            };
            let mut stale: Vec<String> = there.filter(is_stale).collect();
            stale.sort_by_key(|path| Reverse(Turn::of(path)));
            for turn in stale.chunk_by(|one, next| Turn::of(one) == Turn::of(next)) {
                target.delete_all(turn)?;
            }
            deleted.extend(stale);
        }
        let folders: BTreeSet<&str> = deleted.iter().map(|path| folder_of(path)).collect();
        target.settle(&mut folders.into_iter())?;
        Ok(deleted)
    }

    /// Returns the path of a file under the codename of its suite, where it is one under an alias.
    fn without_alias(&self, path: &str) -> String {
        for suite in &self.config().suites {
            if let Some(alias) = &suite.alias
                && let Some((tree, rest)) = path.split_once(&format!("dists/{alias}/"))
            {
                return format!("{tree}dists/{}/{rest}", suite.codename);
            }
        }
        path.to_owned()
    }
}

/// A file on its way, and what it holds.
struct Transfer {
    from: String,
    to: String,
    size: u64,
    sha256: Sha256,
}

/// One suite on its way.
struct Copy<'a> {
    archive: &'a Archive,
    suite: &'a Suite,
    target: &'a dyn FileStore,
    progress: &'a TransferProgress,
    /// What stands before a path below the suite's tree: nothing, or `private/CODENAME/`.
    tree: String,
    /// The files of the pool that are there, and their sizes.
    held: BTreeMap<String, u64>,
    /// Folders there with names that may not last yet.
    unsettled: BTreeSet<String>,
    /// What is named there now, and was before.
    named: BTreeSet<String>,
    files: u64,
    bytes: u64,
}

impl<'a> Copy<'a> {
    fn new(
        archive: &'a Archive,
        suite: &'a Suite,
        (target, progress): (&'a dyn FileStore, &'a TransferProgress),
    ) -> Result<Self, ReplicateError> {
        let tree = pool::below_root(suite.pool_tree(), "");
        let held = target.list(&format!("{tree}pool"))?;
        Ok(Self {
            archive,
            suite,
            target,
            progress,
            tree,
            held: sizes(held),
            unsettled: BTreeSet::new(),
            named: BTreeSet::new(),
            files: 0,
            bytes: 0,
        })
    }

    /// Brings the suite there to a state.
    fn all(&mut self, published: &PublishedSuite) -> Result<(), ReplicateError> {
        let suite = self.suite;
        self.refuse_newer(suite.codename.as_str(), published)?;
        self.client_files()?;
        self.pool(published.publication.revision)?;
        self.pinned()?;
        self.indexes(suite.codename.as_str(), published)?;
        if let Some(alias) = suite.alias.as_ref().filter(|alias| **alias != suite.codename) {
            let link = format!("{}dists/{alias}", self.tree);
            if !self.target.link_folder(&link, suite.codename.as_str())? {
                self.indexes(alias.as_str(), published)?;
            }
            self.unsettled.insert(folder_of(&link).to_owned());
            self.settle()?;
        }
        self.site()
    }

    fn done(self) -> Replicated {
        Replicated {
            suite: self.suite.codename.clone(),
            files: self.files,
            bytes: self.bytes,
            named: self.named,
        }
    }

    /// Refuses to take a newer Release from those who have seen it.
    fn refuse_newer(&self, name: &str, published: &PublishedSuite) -> Result<(), ReplicateError> {
        let path = format!("{}dists/{name}/InRelease", self.tree);
        let Some(there) = self.target.read(&path)? else {
            return Ok(());
        };
        // One that cannot be read is no reason to leave it there.
        let there = String::from_utf8(there).ok().and_then(|text| date_of(&text));
        match there.filter(|date| *date > published.publication.date) {
            Some(date) => Err(ReplicateError::Newer {
                suite: self.suite.codename.clone(),
                there: format_date(date),
                here: format_date(published.publication.date),
            }),
            None => Ok(()),
        }
    }

    /// Refuses a target that serves an archive which shares no key with this one, or no suite.
    fn refuse_other_archive(&self) -> Result<(), ReplicateError> {
        // Archives that others made have none there: what they serve tells.
        if let Some(there) = self.target.read(KEYRING)? {
            let here = required(self.archive, KEYRING)?;
            let fingerprints = |bytes: &[u8]| Keyring::read(bytes).map(|keyring| keyring.fingerprints());
            let shares_a_key = match (fingerprints(&here), fingerprints(&there)) {
                (Ok(here), Ok(there)) => here.iter().any(|fingerprint| there.contains(fingerprint)),
                // What is not a keyring is of nobody's archive.
                _ => false,
            };
            if !shares_a_key {
                return Err(ReplicateError::OtherArchive);
            }
        }
        let other = other_suite::<ReplicateError>(self.archive, self.target)?;
        other.map_or(Ok(()), |other| Err(ReplicateError::OtherSuite(other)))
    }

    /// Copies keyrings and what else a client needs to set itself up; before anything is signed by a key that they bring.
    fn client_files(&mut self) -> Result<(), ReplicateError> {
        let sources = format!("{}{}.sources", self.tree, self.suite.codename);
        for path in [KEYRING, "archive-keyring.asc", "repository.json", &sources] {
            let Some(here) = self.archive.files().read(path)? else {
                continue;
            };
            if self.target.read(path)?.as_ref() != Some(&here) {
                self.write_one(path, &here)?;
            }
        }
        Ok(())
    }

    /// Copies the packages of a revision.
    fn pool(&mut self, revision: i64) -> Result<(), ReplicateError> {
        let snapshot =
            self.archive
                .catalog()
                .snapshot(&self.suite.codename, self.suite.pool_tree(), Some(revision))?;
        let mut missing = Vec::new();
        for package in snapshot.packages()? {
            let path = package.path.as_ref();
            let path = path.map(|path| format!("{}{path}", self.tree));
            let path = path.ok_or_else(|| ReplicateError::Missing(package.file_name()))?;
            self.named.insert(path.clone());
            if self.held.get(&path) != Some(&package.size) {
                missing.push(Transfer {
                    from: path.clone(),
                    to: path,
                    size: package.size,
                    sha256: package.sha256,
                });
            }
        }
        self.transfer(&missing, Lifetime::Immutable)?;
        let copied = missing.into_iter().map(|file| (file.to, file.size));
        self.held.extend(copied);
        self.settle()
    }

    /// Copies the indexes and the Release files of the suite under a name.
    fn indexes(&mut self, name: &str, published: &PublishedSuite) -> Result<(), ReplicateError> {
        let here = format!("{}dists/{}", self.tree, self.suite.codename);
        let there = format!("{}dists/{name}", self.tree);
        let path = format!("{there}/InRelease");
        let before = self.target.read(&path)?;
        let is_live = before.as_ref() == Some(&published.inrelease);
        self.named
            .extend(before.iter().flat_map(|inrelease| by_hash_of(inrelease, &there)));
        let held = sizes(self.target.list(&there)?);
        let files = &published.publication.files;
        let mut missing = Vec::new();
        let mut by_names = Vec::new();
        for PublishedFile { path, sha256, size } in files {
            let by_hash = by_hash_path(path, sha256);
            let transfer = |to: String| Transfer {
                from: format!("{here}/{by_hash}"),
                to,
                size: *size,
                sha256: *sha256,
            };
            let to = format!("{there}/{by_hash}");
            self.named.insert(to.clone());
            if held.get(&to) != Some(size) {
                missing.push(transfer(to));
            }
            by_names.push(transfer(format!("{there}/{path}")));
        }
        self.transfer(&missing, Lifetime::Immutable)?;
        self.settle()?;
        if is_live {
            return Ok(());
        }
        // Another run may have been faster while this one was busy with the pool.
        self.refuse_newer(name, published)?;
        self.transfer(&by_names, Lifetime::Replaceable)?;
        self.settle()?;
        self.write_one(&format!("{there}/Release.gpg"), &published.signature)?;
        self.write_one(&format!("{there}/Release"), &published.release)?;
        self.settle()?;
        self.refuse_newer(name, published)?;
        // Last: a client that sees this file must find everything that it names.
        self.write_one(&path, &published.inrelease)?;
        self.settle()
    }

    /// Copies the states that are pinned, with their packages.
    fn pinned(&mut self) -> Result<(), ReplicateError> {
        for (id, revision) in self.pinned_now()? {
            match self.pinned_state(&id, revision) {
                // Its pin was deleted meanwhile.
                Err(ReplicateError::Missing(_)) if !self.pinned_now()?.contains_key(&id) => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// Returns the states that are pinned, and their revisions.
    fn pinned_now(&self) -> Result<BTreeMap<SnapshotId, i64>, ReplicateError> {
        let states = self.archive.catalog().states(&self.suite.codename)?;
        let pinned = states.into_iter().filter(|state| state.kept == Retained::Pinned);
        Ok(pinned.map(|state| (state.id, state.revision)).collect())
    }

    fn pinned_state(&mut self, id: &SnapshotId, revision: i64) -> Result<(), ReplicateError> {
        self.pool(revision)?;
        let folder = format!("{}snapshots/{id}", self.tree);
        let dists = format!("{folder}/dists/{}", self.suite.codename);
        // InRelease comes last: where that is the same, all of it is. A rotated key signs it anew.
        let path = format!("{dists}/InRelease");
        let here = required(self.archive, &path)?;
        if self.target.read(&path)?.as_ref() != Some(&here) {
            self.folder(&dists)?;
        }
        self.target.link_folder(&format!("{folder}/pool"), "../../pool")?;
        self.unsettled.insert(folder);
        self.settle()
    }

    /// Copies a folder of a finished state, what names the others last.
    fn folder(&mut self, folder: &str) -> Result<(), ReplicateError> {
        let mut turns: BTreeMap<Turn, Vec<String>> = BTreeMap::new();
        let listed = self.archive.files().list(folder)?;
        self.progress.expect(listed.values().map(|head| head.size));
        for path in listed.into_keys() {
            turns.entry(Turn::of(&path)).or_default().push(path);
        }
        for paths in turns.values() {
            let sizes = side_by_side(paths, |path| {
                let written = self.write(path, &required(self.archive, path)?)?;
                self.progress.file_of(written);
                Ok::<_, ReplicateError>(written)
            })?;
            for (path, size) in paths.iter().zip(sizes) {
                self.count(path, size);
            }
            self.settle()?;
        }
        Ok(())
    }

    /// Copies the pages of the suite, and those about all suites; after the Release, so that they name nothing that is not there.
    fn site(&mut self) -> Result<(), ReplicateError> {
        let files = self.archive.files();
        let mut here = files.list(&archive_site::suite_folder(self.suite.codename.as_str()))?;
        here.extend(files.list(&archive_site::assets_folder())?);
        let mut there = self.target.list(archive_site::BROWSE)?;
        for path in archive_site::ROOT {
            here.extend(files.head(path)?.map(|head| (path.to_owned(), head)));
            there.extend(self.target.head(path)?.map(|head| (path.to_owned(), head)));
        }
        // A page has the time of its publish, and a copy that of the copying, which is later but for a Date that was ahead.
        here.retain(|path, head| {
            let copied = there.get(path).filter(|copied| copied.size == head.size);
            copied.is_none_or(|copied| copied.modified <= head.modified)
        });
        self.progress.expect(here.values().map(|head| head.size));
        let pages: Vec<(String, u64)> = here.into_iter().map(|(path, head)| (path, head.size)).collect();
        let sizes = side_by_side(&pages, |(path, size)| {
            let written = self.page(path, there.contains_key(path))?;
            self.progress.file_of(*size);
            Ok::<_, ReplicateError>(written)
        })?;
        for ((path, _), size) in pages.iter().zip(sizes) {
            if let Some(size) = size {
                self.count(path, size);
            }
        }
        self.settle()
    }

    /// Copies a page that may be the same there, and returns its size where it was written.
    fn page(&self, path: &str, is_there: bool) -> Result<Option<u64>, ReplicateError> {
        // A publisher deletes pages of what is gone.
        let Some(bytes) = self.archive.files().read(path)? else {
            return Ok(None);
        };
        if is_there && self.target.read(path)?.as_ref() == Some(&bytes) {
            return Ok(None);
        }
        self.write(path, &bytes).map(Some)
    }

    /// Writes a small file, and returns its size.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<u64, ReplicateError> {
        let size = bytes.len() as u64;
        self.target
            .write(path, &mut &*bytes, size, Lifetime::Replaceable)?;
        Ok(size)
    }

    fn write_one(&mut self, path: &str, bytes: &[u8]) -> Result<(), ReplicateError> {
        let size = self.write(path, bytes)?;
        self.count(path, size);
        Ok(())
    }

    /// Copies files that belong to one turn.
    fn transfer(&mut self, files: &[Transfer], lifetime: Lifetime) -> Result<(), ReplicateError> {
        self.progress.expect(files.iter().map(|file| file.size));
        side_by_side(files, |file| {
            let opened = self.archive.files().open(&file.from, None)?;
            let opened = opened.ok_or_else(|| ReplicateError::Missing(file.from.clone()))?;
            let mut content = self.progress.counted(Checked::new(opened.content, &file.sha256));
            self.target.write(&file.to, &mut content, file.size, lifetime)?;
            self.progress.file_done();
            Ok::<_, ReplicateError>(())
        })?;
        for file in files {
            self.count(&file.to, file.size);
        }
        Ok(())
    }

    /// Makes all that was written last.
    fn settle(&mut self) -> Result<(), ReplicateError> {
        let folders = std::mem::take(&mut self.unsettled);
        Ok(self.target.settle(&mut folders.iter().map(String::as_str))?)
    }

    fn count(&mut self, path: &str, size: u64) {
        self.unsettled.insert(folder_of(path).to_owned());
        self.files += 1;
        self.bytes += size;
    }
}

fn sizes(files: BTreeMap<String, FileHead>) -> BTreeMap<String, u64> {
    files.into_iter().map(|(path, head)| (path, head.size)).collect()
}

/// Reads a small file of the archive that has to be there.
fn required(archive: &Archive, path: &str) -> Result<Vec<u8>, ReplicateError> {
    let read = archive.files().read(path)?;
    read.ok_or_else(|| ReplicateError::Missing(path.to_owned()))
}

/// Returns the by-hash paths of what an InRelease names; none where it cannot be read, as of one that is damaged.
fn by_hash_of(inrelease: &[u8], dists: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(inrelease);
    let Some(release) = signed_text(&text).and_then(|text| Release::parse(text).ok()) else {
        return Vec::new();
    };
    let files = release.sha256.iter();
    files
        .map(|file| format!("{dists}/{}", by_hash_path(&file.path, &file.sha256)))
        .collect()
}
