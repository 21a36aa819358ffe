//! One archive: its root, its configuration and its catalog.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use debian_control::name::SuiteName;
use rustix::fs::{FlockOperation, flock};

use crate::config::{Config, ConfigError, Suite};
use crate::location::ArchiveLocation;
use archive_catalog::accounts::Accounts;
use archive_catalog::audit::Audit;
use archive_catalog::downloads::Downloads;
use archive_catalog::external_identities::ExternalIdentities;
use archive_catalog::listing::Listing;
use archive_catalog::outbox::Outbox;
use archive_catalog::publishers::Publishers;
use archive_catalog::quotas::Quotas;
use archive_catalog::resumable_uploads::ResumableUploads;
use archive_catalog::security_reports::SecurityReports;
use archive_catalog::upload_queue::UploadQueue;
use archive_catalog::webhooks::Webhooks;
use archive_catalog::{Catalog, CatalogError, Content, DatabaseUrl, SqlCatalog};
use archive_storage::STATE;
use archive_storage::pool::UsualName;
use archive_storage::store::FileStore;

/// Why an archive cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The folder of its files is not there.
    #[error("the folder `{}` of the archive's files does not exist", .0.display())]
    NoStore(PathBuf),
    /// There is no catalog.
    #[error("no catalog at `{0}`")]
    NoCatalog(DatabaseUrl),
}

/// An open archive.
pub struct Archive {
    location: ArchiveLocation,
    config: Config,
    catalog: SqlCatalog,
    /// Set once the store was found to be this archive's.
    store_is_own: OnceLock<()>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Archive");
        shown.field("location", &self.location).finish_non_exhaustive()
    }
}

impl Archive {
    /// Opens an archive.
    pub fn open(location: &ArchiveLocation) -> Result<Self, OpenError> {
        let config = Config::read(&location.home)?;
        if matches!(&location.catalog, DatabaseUrl::Sqlite(path) if !path.is_file()) {
            return Err(OpenError::NoCatalog(location.catalog.clone()));
        }
        // Made anew it would be empty, where a file system is not mounted or STORAGE_URL names the wrong folder.
        if let Some(folder) = location.storage.folder().filter(|folder| !folder.is_dir()) {
            return Err(OpenError::NoStore(folder.to_owned()));
        }
        let catalog = SqlCatalog::open(&location.catalog)?;
        let codenames: Vec<SuiteName> = config.suites.iter().map(|suite| suite.codename.clone()).collect();
        catalog.ensure_suites(&codenames)?;
        let archive = Self {
            location: location.clone(),
            config,
            catalog,
            store_is_own: OnceLock::new(),
        };
        // Whoever may only read cannot, and need not.
        let _ = archive.take_back_links();
        Ok(archive)
    }

    /// Returns where it is.
    pub fn location(&self) -> &ArchiveLocation {
        &self.location
    }

    /// Returns the folder that holds its configuration and its keys.
    pub fn home(&self) -> &Path {
        &self.location.home
    }

    /// Returns the store that holds its files: `pool/`, `dists/` and all else that is served.
    pub fn files(&self) -> &dyn FileStore {
        self.location.storage.as_ref()
    }

    /// Returns the folder of this machine that holds `state/`: locks, staged files and caches.
    pub fn local(&self) -> &Path {
        self.location.local()
    }

    /// Returns its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns its catalog.
    pub fn catalog(&self) -> &dyn Catalog {
        &self.catalog
    }

    /// Takes the turn to change what was read first, until what is returned is dropped: in other processes on the catalog, others wait.
    pub fn hold_edits(&self) -> Result<Option<impl Drop + '_>, CatalogError> {
        self.catalog.hold_edits()
    }

    /// Returns its catalog as the database that it is on.
    pub(crate) fn database(&self) -> &SqlCatalog {
        &self.catalog
    }

    /// Set once the store was found to be this archive's.
    pub(crate) fn store_is_own(&self) -> &OnceLock<()> {
        &self.store_is_own
    }

    /// Says whether a content may have its usual name in a tree of the pool, or a suite of that tree gave it to other bytes.
    pub(crate) fn usual_name(&self, tree: &str, content: &Content) -> Result<UsualName, CatalogError> {
        let suites = self.config.suites.iter().filter(|suite| suite.private);
        let private: Vec<&str> = suites.map(|suite| suite.codename.as_str()).collect();
        // What a private suite has or had is told to nobody else by a path; one that is no longer configured was public, perhaps.
        let counts = |suite: &str| match tree {
            "" => !private.contains(&suite),
            tree => suite == tree,
        };
        Ok(match self.catalog.gave_file_name(content, &counts)? {
            true => UsualName::Given,
            false => UsualName::Free,
        })
    }

    /// Returns the secret of this name that all machines share which share the catalog; see [`SqlCatalog::shared_secret`].
    pub fn shared_secret(&self, name: &str, fresh: &str) -> Result<Option<String>, CatalogError> {
        self.catalog.shared_secret(name, fresh)
    }

    /// Returns who its accounts are at a sign-in provider.
    pub fn external_identities(&self) -> &dyn ExternalIdentities {
        &self.catalog
    }

    /// Returns its accounts.
    pub fn accounts(&self) -> &dyn Accounts {
        &self.catalog
    }

    /// Returns its audit log.
    pub fn audit(&self) -> &dyn Audit {
        &self.catalog
    }

    /// Returns how often its packages were fetched.
    pub fn downloads(&self) -> &dyn Downloads {
        &self.catalog
    }

    /// Returns what scans for vulnerabilities found.
    pub fn security_reports(&self) -> &dyn SecurityReports {
        &self.catalog
    }

    /// Returns the trusted publishers that administrators made.
    pub fn publishers(&self) -> &dyn Publishers {
        &self.catalog
    }

    /// Returns the quotas of its suites and accounts.
    pub fn quotas(&self) -> &dyn Quotas {
        &self.catalog
    }

    /// Returns the receivers of its events.
    pub fn webhooks(&self) -> &dyn Webhooks {
        &self.catalog
    }

    /// Returns what is to be sent to them.
    pub fn outbox(&self) -> &dyn Outbox {
        &self.catalog
    }

    /// Returns its uploads that come in parts.
    pub fn resumable_uploads(&self) -> &dyn ResumableUploads {
        &self.catalog
    }

    /// Returns its upload queue.
    pub(crate) fn upload_queue(&self) -> &dyn UploadQueue {
        &self.catalog
    }

    /// Returns its packages, for readers.
    pub fn listing(&self) -> &dyn Listing {
        &self.catalog
    }

    /// Returns the folder of a suite's InRelease, below the root.
    pub fn dists(&self, suite: &Suite) -> String {
        suite_dists(&suite.tree(), &suite.codename)
    }

    /// Takes the lock `name`, or returns `None` when it is held.
    pub(crate) fn try_lock(&self, name: &str, operation: FlockOperation) -> io::Result<Option<File>> {
        match self.lock(name, operation) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            lock => lock.map(Some),
        }
    }

    /// Takes the lock `name`, waiting until it is free. It is released when the file is dropped or the process ends.
    pub(crate) fn lock(&self, name: &str, operation: FlockOperation) -> io::Result<File> {
        lock_in(self.local(), name, operation)
    }

    /// The same of what is this machine's alone: two that share the files of an archive may each have it.
    pub(crate) fn lock_home(&self, name: &str, operation: FlockOperation) -> io::Result<File> {
        lock_in(self.home(), name, operation)
    }
}

fn lock_in(root: &Path, name: &str, operation: FlockOperation) -> io::Result<File> {
    let folder = root.join(STATE);
    let open = || {
        archive_storage::permissions::private_folder(&folder)?;
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        options.open(folder.join(name))
    };
    let file = match open() {
        // Others may write where this is mounted read-only, and made it when they first did.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => File::open(folder.join(name)),
        opened => opened,
    }?;
    flock(&file, operation)?;
    Ok(file)
}

/// Returns the folder of the suites of a tree: the root, one below `private/`, or that of a snapshot, with a slash at its end.
pub(crate) fn dists_folder(tree: &str) -> String {
    format!("{tree}dists")
}

/// Returns the folder of a suite's InRelease in a tree.
pub(crate) fn suite_dists(tree: &str, codename: &SuiteName) -> String {
    format!("{tree}dists/{codename}")
}

/// Returns the tree of a private suite, below the root.
pub(crate) fn private_tree(codename: &SuiteName) -> String {
    format!("private/{codename}/")
}

impl Suite {
    /// Returns the tree of the pool that the suite's files are in: empty for the public one.
    pub fn pool_tree(&self) -> &str {
        if self.private { self.codename.as_str() } else { "" }
    }

    /// Returns what stands before a path of the suite's `dists/` and `pool/`: nothing, or `private/CODENAME/`.
    pub fn tree(&self) -> String {
        if self.private {
            private_tree(&self.codename)
        } else {
            String::new()
        }
    }
}

impl Config {
    /// Returns where the tree of a suite is served, without a slash at its end, where the configuration says.
    pub fn tree_url(&self, suite: &Suite) -> Option<String> {
        let base = self.url.as_ref()?.trim_end_matches('/');
        Some(if suite.private {
            format!("{base}/private/{}", suite.codename)
        } else {
            base.to_owned()
        })
    }
}
