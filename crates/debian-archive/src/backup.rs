//! Backups: the catalog, the configuration and the keys, which cannot be reconstructed from `dists/` and `pool/`.
//!
//! One `tar` file under Zstandard, readable by its owner only, since private keys are in it.

use std::fs::File;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use crate::archive::Archive;
use crate::config;
use crate::location::ArchiveLocation;
use archive_catalog::{CatalogError, DatabaseUrl, SqlCatalog};
use archive_storage::staging::{Staging, StagingError};

const CATALOG: &str = "catalog.db";
const KEYS: &str = "keys";

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The catalog cannot be copied.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The copy cannot be staged.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// A file cannot be read or written.
    #[error("cannot {action} `{path}`")]
    File {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Restoring would overwrite something.
    #[error("`{0}` already exists: restore into a root without configuration, catalog and keys")]
    Exists(String),
    /// The file is no backup.
    #[error("`{path}` is not a backup of an archive: {what}")]
    NoBackup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl Archive {
    /// Writes a backup to a new file, while the archive may be in use.
    pub fn backup(&self, target: &Path) -> Result<(), BackupError> {
        let staging = Staging::new(self.local())?;
        let copy = staging.name();
        self.catalog().copy_to(&copy)?;
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(target)
            .map_err(|source| failed("make", target, source))?;
        let written = self.write_backup(file, &copy);
        if written.is_err() {
            // Half a backup is worse than none.
            let _ = std::fs::remove_file(target);
        }
        written.map_err(|source| failed("write", target, source))
    }

    fn write_backup(&self, file: File, catalog: &Path) -> io::Result<()> {
        let mut tar = tar::Builder::new(zstd::Encoder::new(file, 3)?);
        tar.append_path_with_name(self.home().join(config::FILE_NAME), config::FILE_NAME)?;
        tar.append_path_with_name(catalog, CATALOG)?;
        let keys = self.home().join(KEYS);
        if keys.is_dir() {
            tar.append_dir_all(KEYS, keys)?;
        }
        let file = tar.into_inner()?.finish()?;
        file.sync_all()
    }
}

/// Puts the files of a backup into `root`.
pub fn restore(source: &Path, location: &ArchiveLocation) -> Result<(), BackupError> {
    let (root, catalog) = (location.home.as_path(), &location.catalog);
    let configuration = root.join(config::FILE_NAME);
    if configuration.exists() {
        return Err(BackupError::Exists(configuration.display().to_string()));
    }
    if SqlCatalog::is_in_use(catalog)? {
        return Err(BackupError::Exists(catalog.to_string()));
    }
    let no_backup = |what: String| BackupError::NoBackup {
        path: source.to_owned(),
        what,
    };
    let file = File::open(source).map_err(|error| failed("open", source, error))?;
    let decoder = zstd::Decoder::new(file).map_err(|error| no_backup(error.to_string()))?;
    std::fs::create_dir_all(root).map_err(|error| failed("make", root, error))?;
    // Unpacked beside first, so that a file that turns out to be none leaves the root as it was.
    let beside = tempfile::tempdir_in(root).map_err(|error| failed("make a folder in", root, error))?;
    let mut tar = tar::Archive::new(decoder);
    for entry in tar.entries().map_err(|error| no_backup(error.to_string()))? {
        let mut entry = entry.map_err(|error| no_backup(error.to_string()))?;
        let path = entry
            .path()
            .map_err(|error| no_backup(error.to_string()))?
            .into_owned();
        if !is_part(&path) || !(entry.header().entry_type().is_file() || entry.header().entry_type().is_dir())
        {
            return Err(no_backup(format!("it holds `{}`", path.display())));
        }
        entry
            .unpack_in(beside.path())
            .map_err(|error| no_backup(error.to_string()))?;
    }
    for part in [config::FILE_NAME, CATALOG] {
        if !beside.path().join(part).is_file() {
            return Err(no_backup(format!("`{part}` is not in it")));
        }
    }
    place(beside.path(), root, catalog)
}

/// Returns whether a backup may contain a path.
fn is_part(path: &Path) -> bool {
    let mut parts = path.components();
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let first = parts
        .next()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    plain && matches!(first.as_deref(), Some(config::FILE_NAME | CATALOG | KEYS))
}

fn place(from: &Path, root: &Path, catalog: &DatabaseUrl) -> Result<(), BackupError> {
    let keys = root.join(KEYS);
    if from.join(KEYS).is_dir() {
        std::fs::create_dir_all(&keys)
            .and_then(|()| std::fs::set_permissions(&keys, PermissionsExt::from_mode(0o700)))
            .map_err(|source| failed("make", &keys, source))?;
        let unpacked = from.join(KEYS);
        let list = || std::fs::read_dir(&unpacked)?.collect::<io::Result<Vec<_>>>();
        for entry in list().map_err(|source| failed("read", &unpacked, source))? {
            let target = keys.join(entry.file_name());
            if target.exists() {
                return Err(BackupError::Exists(target.display().to_string()));
            }
            move_file(&entry.path(), &target)?;
        }
    }
    let found = from.join(CATALOG);
    std::fs::set_permissions(&found, PermissionsExt::from_mode(0o600))
        .map_err(|source| failed("protect", &found, source))?;
    match catalog {
        DatabaseUrl::Sqlite(path) => move_file(&found, path)?,
        DatabaseUrl::Postgres(_) => {
            SqlCatalog::migrate(catalog)?;
            SqlCatalog::open(&DatabaseUrl::Sqlite(found))?.copy_into(&SqlCatalog::open(catalog)?)?;
        }
    }
    // Last: a root with a configuration is an archive.
    move_file(&from.join(config::FILE_NAME), &root.join(config::FILE_NAME))?;
    File::open(root)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| failed("sync", root, source))
}

fn move_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let moved = || -> io::Result<()> {
        File::open(from)?.sync_all()?;
        match std::fs::rename(from, to) {
            // `DATABASE_URL` may name a place on another file system.
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                std::fs::copy(from, to)?;
                File::open(to)?.sync_all()
            }
            renamed => renamed,
        }
    };
    moved().map_err(|source| failed("write", to, source))
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> BackupError {
    BackupError::File {
        action,
        path: path.to_owned(),
        source,
    }
}
