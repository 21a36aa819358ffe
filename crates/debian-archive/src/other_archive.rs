//! A store that is not the archive's, or a catalog that is not: `STORAGE_URL` or `DATABASE_URL` names the wrong one, or a file system
//! is not mounted.
//!
//! Publishing would replace there what another archive serves, pruning would delete its pool, and what is added would be where
//! nobody fetches it. Who asks: all of them, before they change anything, and so do those who copy an archive. Nothing is asked of the store where the catalog has recorded what is served.

mod other_suite;

use std::collections::HashSet;

use archive_catalog::{CatalogError, Publication, Snapshot};
use archive_storage::pool;
use archive_storage::store::{FileStore, StoreError};
use debian_control::counted::counted;
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use openpgp_policy::Keyring;

use crate::archive::{Archive, private_tree, suite_dists};
use crate::config::Suite;
use crate::live_release::{LiveError, LiveRelease};
use crate::published_tree;
use other_suite::{served_suites, serves_what_was_recorded};

pub(crate) use other_suite::other_suite;

/// The public keys of an archive, below its root.
pub(crate) const KEYRING: &str = "archive-keyring.pgp";

/// What tells that store and catalog are not of one archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OtherArchive {
    /// The store serves an archive of other keys.
    #[error("`{store}` serves another archive: its `{KEYRING}` has none of the keys that sign this one")]
    Keys {
        /// The store.
        store: String,
    },
    /// The store serves nothing that the catalog recorded, and a suite that is not of it.
    #[error(
        "`{store}` serves another archive: nothing there is as this catalog published it, and suite `{suite}` is not of it"
    )]
    Suite {
        /// The store.
        store: String,
        /// Name of the suite there.
        suite: SuiteName,
    },
    /// A suite is served in a state of which the catalog knows nothing, older than what it recorded.
    #[error(
        "suite `{suite}` in `{store}` is not what this catalog published: it names {} that the catalog never had in it, such as `{first}`",
        counted(*packages, "package")
    )]
    Packages {
        /// Codename.
        suite: SuiteName,
        /// The store.
        store: String,
        /// How many.
        packages: usize,
        /// The path of one of them, below the root of the suite's tree.
        first: String,
    },
    /// The files of the packages that a suite holds are not there.
    #[error(
        "`{store}` does not have the files of suite `{suite}`, such as `{first}`: it is empty, or is not the store of this archive"
    )]
    Files {
        /// Codename.
        suite: SuiteName,
        /// The store.
        store: String,
        /// The path of one of them, below the root.
        first: String,
    },
}

impl OtherArchive {
    /// Returns what can be done about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Keys { .. } | Self::Suite { .. } | Self::Packages { .. } => {
                "name the store and the database of one archive by STORAGE_URL and DATABASE_URL; what is to take the place of another archive needs an empty store"
            }
            Self::Files { .. } => {
                "mount the file system, or name the store and the database of one archive by STORAGE_URL and DATABASE_URL; files that are lost come back by `repogen add`"
            }
        }
    }
}

/// Why it cannot be told, among the errors of who asks.
pub(crate) trait LookError: From<CatalogError> + From<StoreError> {}

impl<E: From<CatalogError> + From<StoreError>> LookError for E {}

/// Says whether a store and the catalog are of two archives, by what is served of a suite.
///
/// `keyring` has the keys that sign, where that is known. A suite whose InRelease the catalog recorded is this archive's, whichever
/// key signed it.
pub(crate) fn find<E>(
    archive: &Archive,
    suite: &Suite,
    (snapshot, live): (&dyn Snapshot, &LiveRelease),
    keyring: Option<&Keyring>,
) -> Result<Option<OtherArchive>, E>
where
    E: LookError,
{
    let newest = snapshot.state().publication.as_ref();
    if is_of(live, newest) || is_of(live, &archive.catalog().publications(&suite.codename)?) {
        return Ok(None);
    }
    if let Some(other) = keyring.map_or(Ok(None), |keyring| other_keys::<E>(archive, keyring))? {
        return Ok(Some(other));
    }
    if live.inrelease().is_none()
        && let Some(other) = other_suite::<E>(archive, archive.files())?
    {
        return Ok(Some(other));
    }
    // Of a later one it is the catalog that is older, which [`behind`](crate::behind) tells.
    if live.date() <= snapshot.state().last_date
        && let Some(other) = unknown_packages(
            archive.files(),
            (&suite.codename, &archive.dists(suite)),
            (snapshot, live),
        )?
    {
        return Ok(Some(other));
    }
    missing_files(archive, suite, snapshot)
}

/// What suites tell of a store.
pub(crate) enum StoreLook {
    /// One is served as this archive's.
    Own,
    /// None is, of those that were published.
    Other(OtherArchive),
    /// None was published, or can be read.
    Unknown,
}

/// Says the same by all suites that were published: one that is served as this archive's is enough.
pub(crate) fn find_in_all<E: LookError>(archive: &Archive) -> Result<StoreLook, E> {
    let mut first = None;
    for suite in &archive.config().suites {
        let catalog = archive.catalog();
        let snapshot = catalog.snapshot(&suite.codename, suite.pool_tree(), None)?;
        if snapshot.state().publication.is_none() {
            continue;
        }
        let live = match LiveRelease::read(archive.files(), &suite.tree(), &suite.codename) {
            Ok(live) => live,
            Err(LiveError::Damaged { .. }) => continue,
            Err(LiveError::Read(error)) => return Err(error.into()),
        };
        match find::<E>(archive, suite, (snapshot.as_ref(), &live), None)? {
            None => return Ok(StoreLook::Own),
            other => first = first.or(other),
        }
    }
    Ok(first.map_or(StoreLook::Unknown, StoreLook::Other))
}

/// Says the same of a suite that the configuration does not have, before it is taken down in both of its trees.
pub(crate) fn find_gone<E>(
    archive: &Archive,
    codename: &SuiteName,
    keyring: &Keyring,
) -> Result<Option<OtherArchive>, E>
where
    E: LookError + From<LiveError>,
{
    for tree in [String::new(), private_tree(codename)] {
        let live = LiveRelease::read_to_replace(archive.files(), &tree, codename)?;
        let is_served = live.inrelease().is_some();
        if !is_served || is_of(&live, &archive.catalog().publications(codename)?) {
            continue;
        }
        if let Some(other) = other_keys::<E>(archive, keyring)? {
            return Ok(Some(other));
        }
        // Of its packages only the digests are asked for, which are the same in each tree.
        let snapshot = archive.catalog().snapshot(codename, "", None)?;
        let dists = suite_dists(&tree, codename);
        if let Some(other) =
            unknown_packages(archive.files(), (codename, &dists), (snapshot.as_ref(), &live))?
        {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// Says whether what is served was recorded as one of these publications.
fn is_of<'p>(live: &LiveRelease, publications: impl IntoIterator<Item = &'p Publication>) -> bool {
    live.inrelease().is_some_and(|inrelease| {
        let mut publications = publications.into_iter();
        publications.any(|publication| publication.inrelease == inrelease)
    })
}

/// Finds that a store has none of the keys that sign, although nothing tells that those of this archive were replaced.
fn other_keys<E: LookError>(archive: &Archive, keyring: &Keyring) -> Result<Option<OtherArchive>, E> {
    let is_other = !serves_a_key_of(archive, keyring)?
        && !serves_what_was_recorded::<E>(archive, archive.files(), &served_suites(archive.files())?)?;
    Ok(is_other.then(|| OtherArchive::Keys {
        store: archive.files().address().to_owned(),
    }))
}

/// Says whether one of the keys in `keyring` is among those that are served; so it is where none are, and where they are damaged:
/// publishing replaces them.
fn serves_a_key_of(archive: &Archive, keyring: &Keyring) -> Result<bool, StoreError> {
    let served = archive.files().read(KEYRING)?;
    let served = served.and_then(|bytes| Keyring::read(&bytes).ok());
    Ok(served.is_none_or(|served| {
        let mut fingerprints = served.fingerprints().into_iter();
        fingerprints.any(|fingerprint| keyring.get(&fingerprint).is_some())
    }))
}

/// Finds packages that a suite is served with, in this folder, and that the catalog never had.
fn unknown_packages(
    store: &dyn FileStore,
    (codename, dists): (&SuiteName, &str),
    (snapshot, live): (&dyn Snapshot, &LiveRelease),
) -> Result<Option<OtherArchive>, CatalogError> {
    let Some(release) = live.release() else {
        return Ok(None);
    };
    // What cannot be read says nothing.
    let named = published_tree::named(store, dists, release, &mut Vec::new());
    let held: HashSet<Sha256> = snapshot
        .packages()?
        .iter()
        .map(|package| package.sha256)
        .collect();
    let mut unknown = Vec::new();
    for file in named.into_iter().filter(|file| !held.contains(&file.sha256)) {
        if !snapshot.identities(&file.name)?.contains(&file.sha256) {
            unknown.push(file.filename);
        }
    }
    let packages = unknown.len();
    Ok(unknown.into_iter().next().map(|first| OtherArchive::Packages {
        suite: codename.clone(),
        store: store.address().to_owned(),
        packages,
        first,
    }))
}

/// Looks for the files of a few packages of a suite; nothing where one of them is there, or the suite holds none.
fn missing_files<E>(
    archive: &Archive,
    suite: &Suite,
    snapshot: &dyn Snapshot,
) -> Result<Option<OtherArchive>, E>
where
    E: LookError,
{
    let packages = snapshot.packages()?;
    // One that is in another tree still is moved in by the publish.
    let paths: Vec<&String> = packages
        .iter()
        .filter_map(|package| package.path.as_ref())
        .collect();
    let few = [paths.first(), paths.get(paths.len() / 2), paths.last()];
    let mut missing = None;
    for path in few.into_iter().flatten() {
        let path = pool::below_root(suite.pool_tree(), path);
        if archive.files().head(&path)?.is_some() {
            return Ok(None);
        }
        missing = Some(path);
    }
    Ok(missing.map(|first| OtherArchive::Files {
        suite: suite.codename.clone(),
        store: archive.files().address().to_owned(),
        first,
    }))
}

/// Says what a store has of an archive: the path of something that is served there; `None` where there is nothing.
pub fn served_in(files: &dyn FileStore) -> Result<Option<String>, StoreError> {
    // Listed, and not asked for by name: of a bucket that does not exist, each object is merely missing.
    let names = files.names("")?;
    let is_taken =
        |name: &&String| [KEYRING, "archive-keyring.asc", "repository.json"].contains(&name.as_str());
    if let Some(name) = names.iter().find(is_taken) {
        return Ok(Some(name.clone()));
    }
    for suite in files.folders("dists")? {
        for name in ["InRelease", "Release"] {
            let path = format!("dists/{suite}/{name}");
            if files.head(&path)?.is_some() {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}
