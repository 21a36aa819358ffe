//! Backups: the catalog, the configuration and the keys, which cannot be reconstructed from `dists/` and `pool/`.
//!
//! One `tar` file under Zstandard with a checksum, readable by its owner only, since private keys are in it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::archive::Archive;
use crate::config;
use crate::location::ArchiveLocation;
use archive_catalog::{CatalogError, DatabaseUrl, SqlCatalog};
use archive_storage::staging::{Staging, StagingError};

const CATALOG: &str = "catalog.db";
const KEYS: &str = "keys";
/// What the name of a folder that a backup is unpacked into begins with.
const UNPACKING: &str = ".restore-";
/// How many zeros follow the last entry at most: `tar` fills up a record of 20 blocks.
const PADDING: u64 = 20 * 512;

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
    /// The file that the backup is to be exists.
    #[error("`{0}` already exists: a backup takes the place of no file")]
    TargetExists(PathBuf),
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
        if target.symlink_metadata().is_ok() {
            return Err(BackupError::TargetExists(target.to_owned()));
        }
        // It has no name before it is whole: half a backup is worse than none. Only its owner reads it.
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new()
            .prefix(".backup-")
            .tempfile_in(folder)
            .map_err(|source| failed("make", target, source))?;
        self.write_backup(file.as_file(), &copy)
            .map_err(|source| failed("write", target, source))?;
        file.persist_noclobber(target)
            .map_err(|failure| match failure.error.kind() {
                io::ErrorKind::AlreadyExists => BackupError::TargetExists(target.to_owned()),
                _ => failed("make", target, failure.error),
            })?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| failed("sync", folder, source))
    }

    fn write_backup(&self, file: &File, catalog: &Path) -> io::Result<()> {
        let mut encoder = zstd::Encoder::new(file, 3)?;
        encoder.include_checksum(true)?;
        let mut tar = tar::Builder::new(encoder);
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

/// Puts the files of a backup into `root`. What an attempt that was stopped has put there already is taken over.
pub fn restore(source: &Path, location: &ArchiveLocation) -> Result<(), BackupError> {
    let root = location.home.as_path();
    let configuration = root.join(config::FILE_NAME);
    if configuration.exists() {
        return Err(BackupError::Exists(configuration.display().to_string()));
    }
    let file = File::open(source).map_err(|error| failed("open", source, error))?;
    std::fs::create_dir_all(root).map_err(|error| failed("make", root, error))?;
    let _turn = alone_in(root)?;
    // Unpacked beside first, so that a file that turns out to be none leaves the root as it was.
    let beside = unpacking_folder(root)?;
    unpack(file, beside.path()).map_err(|what| BackupError::NoBackup {
        path: source.to_owned(),
        what,
    })?;
    place(beside.path(), root, &location.catalog)
}

/// Keeps other restores into a folder out, as long as what is returned lives.
fn alone_in(root: &Path) -> Result<File, BackupError> {
    let folder = File::open(root).map_err(|source| failed("open", root, source))?;
    rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive)
        .map_err(|error| failed("take the only turn to restore into", root, error.into()))?;
    Ok(folder)
}

/// Makes the folder to unpack into, which nobody else reads, and sweeps those of restores that were killed.
fn unpacking_folder(root: &Path) -> Result<tempfile::TempDir, BackupError> {
    let sweep = || -> io::Result<()> {
        for entry in std::fs::read_dir(root)? {
            let entry = entry?;
            if entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(UNPACKING.as_bytes())
            {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    };
    sweep().map_err(|source| failed("sweep", root, source))?;
    tempfile::Builder::new()
        .prefix(UNPACKING)
        .permissions(PermissionsExt::from_mode(0o700))
        .tempdir_in(root)
        .map_err(|source| failed("make a folder in", root, source))
}

/// Unpacks a backup whose checksum is right; an error says what is wrong with it.
fn unpack(file: File, into: &Path) -> Result<(), String> {
    let text = |error: io::Error| error.to_string();
    let mut tar = tar::Archive::new(zstd::Decoder::new(file).map_err(text)?);
    for entry in tar.entries().map_err(text)? {
        let mut entry = entry.map_err(text)?;
        let path = entry.path().map_err(text)?.into_owned();
        let kind = entry.header().entry_type();
        if !is_part(&path) || !(kind.is_file() || kind.is_dir()) {
            return Err(format!("it holds `{}`", path.display()));
        }
        entry.unpack_in(into).map_err(text)?;
    }
    // The checksum of what was read comes last.
    let mut rest = tar.into_inner();
    let mut padding = Vec::new();
    rest.by_ref()
        .take(PADDING)
        .read_to_end(&mut padding)
        .map_err(text)?;
    if padding.iter().any(|byte| *byte != 0) || rest.read(&mut [0]).map_err(text)? != 0 {
        return Err("something follows its end".to_owned());
    }
    for part in [config::FILE_NAME, CATALOG] {
        if !into.join(part).is_file() {
            return Err(format!("`{part}` is not in it"));
        }
    }
    Ok(())
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
    let found = from.join(CATALOG);
    std::fs::set_permissions(&found, PermissionsExt::from_mode(0o600))
        .map_err(|source| failed("protect", &found, source))?;
    let is_there = is_restored(&found, catalog)?;
    place_keys(&from.join(KEYS), &root.join(KEYS))?;
    match catalog {
        _ if is_there => {}
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

/// Says whether the catalog was put in its place already, by an attempt that was stopped; an error where another one is there.
fn is_restored(found: &Path, catalog: &DatabaseUrl) -> Result<bool, BackupError> {
    if !SqlCatalog::is_in_use(catalog)? {
        return Ok(false);
    }
    let is_same = match catalog {
        DatabaseUrl::Sqlite(path) => is_same_file(found, path)?,
        DatabaseUrl::Postgres(_) => {
            let found = SqlCatalog::open(&DatabaseUrl::Sqlite(found.to_owned()))?;
            found.difference(&SqlCatalog::open(catalog)?)?.is_none()
        }
    };
    match is_same {
        true => Ok(true),
        false => Err(BackupError::Exists(catalog.to_string())),
    }
}

fn place_keys(from: &Path, keys: &Path) -> Result<(), BackupError> {
    if !from.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(keys)
        .and_then(|()| std::fs::set_permissions(keys, PermissionsExt::from_mode(0o700)))
        .map_err(|source| failed("make", keys, source))?;
    let list = || std::fs::read_dir(from)?.collect::<io::Result<Vec<_>>>();
    for entry in list().map_err(|source| failed("read", from, source))? {
        let target = keys.join(entry.file_name());
        if !target.exists() {
            move_file(&entry.path(), &target)?;
        } else if !is_same_file(&entry.path(), &target)? {
            return Err(BackupError::Exists(target.display().to_string()));
        }
    }
    Ok(())
}

/// Says whether two files have the same bytes.
fn is_same_file(one: &Path, other: &Path) -> Result<bool, BackupError> {
    let length = |path: &Path| std::fs::metadata(path).map(|found| found.len());
    let same = || -> io::Result<bool> {
        Ok(length(one)? == length(other)? && std::fs::read(one)? == std::fs::read(other)?)
    };
    same().map_err(|source| failed("compare", other, source))
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
