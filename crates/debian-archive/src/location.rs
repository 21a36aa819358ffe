//! Where an archive is: its home, its files and its catalog.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use archive_catalog::{DatabaseUrl, InvalidDatabaseUrl};
use archive_storage::store::{FileStore, Folder};

/// Where an archive is.
///
/// With nothing said, all of it lies in one folder. `DATABASE_URL` puts the catalog elsewhere, `STORAGE_URL` the files: then
/// several machines share both, and each has a home of its own.
#[derive(Clone)]
pub struct ArchiveLocation {
    /// Holds `repogen.toml`, `keys/` and `incoming/`, and `state/` where the files are in no folder.
    pub home: PathBuf,
    /// Holds `pool/`, `dists/`, `snapshots/`, `private/`, `browse/` and the public files; a folder holds `state/`, too.
    pub storage: Arc<dyn FileStore>,
    /// The catalog.
    pub catalog: DatabaseUrl,
}

impl ArchiveLocation {
    /// Returns the location of an archive with this home, the store that `STORAGE_URL` names, and the value of `DATABASE_URL`.
    pub fn new(
        home: &Path,
        storage: Option<Arc<dyn FileStore>>,
        database_url: Option<&str>,
    ) -> Result<Self, InvalidDatabaseUrl> {
        Ok(Self {
            home: home.to_owned(),
            storage: storage.unwrap_or_else(|| Arc::new(Folder::new(home.to_owned()))),
            catalog: DatabaseUrl::of_archive(home, database_url)?,
        })
    }

    /// Returns the location of an archive that is one folder.
    pub fn folder(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            storage: Arc::new(Folder::new(home.to_owned())),
            catalog: DatabaseUrl::Sqlite(home.join("catalog.db")),
        }
    }

    /// Returns the folder of this machine that holds `state/`: that of the files, since what is staged is linked into place, or else
    /// the home.
    pub fn local(&self) -> &Path {
        self.storage.folder().unwrap_or(&self.home)
    }
}

impl fmt::Debug for ArchiveLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ArchiveLocation")
            .field("home", &self.home)
            .field("storage", &self.storage.address())
            .field("catalog", &self.catalog)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_nothing_said_all_of_it_is_one_folder() {
        let home = Path::new("/srv/archive");
        let said = ArchiveLocation::new(home, None, Some("")).unwrap();
        assert_eq!(
            format!("{said:?}"),
            format!("{:?}", ArchiveLocation::folder(home))
        );
        assert_eq!(said.local(), home);
    }

    #[test]
    fn files_and_catalog_may_be_elsewhere() {
        let home = Path::new("/srv/archive");
        let files: Arc<dyn FileStore> = Arc::new(Folder::new("/mnt/files".into()));
        let elsewhere = ArchiveLocation::new(home, Some(files), Some("sqlite:/var/lib/catalog.db")).unwrap();
        assert_eq!(elsewhere.home, home);
        assert_eq!(elsewhere.local(), Path::new("/mnt/files"));
        assert!(ArchiveLocation::new(home, None, Some("mysql://x")).is_err());
    }
}
