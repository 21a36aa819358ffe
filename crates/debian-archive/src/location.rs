//! Where an archive is: its home, its files and its catalog.

use std::path::{Path, PathBuf};

use archive_catalog::{DatabaseUrl, InvalidDatabaseUrl};

/// Where an archive is.
///
/// With nothing said, all of it lies in one folder. `DATABASE_URL` puts the catalog elsewhere, `STORAGE_URL` the files: then
/// several machines share both, and each has a home of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveLocation {
    /// Holds `repogen.toml`, `keys/` and `incoming/`.
    pub home: PathBuf,
    /// Holds `pool/`, `dists/`, `snapshots/`, `private/`, `browse/`, the public files, and `state/`.
    pub storage: PathBuf,
    /// The catalog.
    pub catalog: DatabaseUrl,
}

/// Why variables do not say where an archive is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// `DATABASE_URL` is no address of a database.
    #[error("invalid DATABASE_URL")]
    Database(#[from] InvalidDatabaseUrl),
    /// `STORAGE_URL` is neither a path nor an address that this program can use.
    #[error(
        "invalid STORAGE_URL `{0}`: expected a path; object stores cannot hold the files of an archive yet"
    )]
    Storage(String),
}

impl ArchiveLocation {
    /// Returns the location of an archive with this home, and the values of `STORAGE_URL` and `DATABASE_URL`.
    pub fn new(
        home: &Path,
        storage_url: Option<&str>,
        database_url: Option<&str>,
    ) -> Result<Self, LocationError> {
        Ok(Self {
            home: home.to_owned(),
            storage: match storage_url {
                None | Some("") => home.to_owned(),
                Some(url) => storage(url)?,
            },
            catalog: DatabaseUrl::of_archive(home, database_url)?,
        })
    }

    /// Returns the location of an archive that is one folder.
    pub fn folder(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            storage: home.to_owned(),
            catalog: DatabaseUrl::Sqlite(home.join("catalog.db")),
        }
    }
}

/// Reads the value of `STORAGE_URL`: a path, which may stand behind `file://`.
pub fn storage(url: &str) -> Result<PathBuf, LocationError> {
    let path = url.strip_prefix("file://").unwrap_or(url);
    match path.split_once("://") {
        Some(_) => Err(LocationError::Storage(url.escape_debug().to_string())),
        None => Ok(path.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(storage: Option<&str>, database: Option<&str>) -> Result<ArchiveLocation, LocationError> {
        ArchiveLocation::new(Path::new("/srv/archive"), storage, database)
    }

    #[test]
    fn with_nothing_said_all_of_it_is_one_folder() {
        let folder = ArchiveLocation::folder(Path::new("/srv/archive"));
        assert_eq!(location(None, None), Ok(folder.clone()));
        assert_eq!(location(Some(""), Some("")), Ok(folder));
    }

    #[test]
    fn files_and_catalog_may_be_elsewhere() {
        let elsewhere = location(Some("/mnt/files"), Some("sqlite:/var/lib/catalog.db")).unwrap();
        assert_eq!(elsewhere.home, Path::new("/srv/archive"));
        assert_eq!(elsewhere.storage, Path::new("/mnt/files"));
        assert_eq!(
            location(Some("file:///mnt/files"), None).unwrap().storage,
            Path::new("/mnt/files")
        );
        assert!(matches!(
            location(Some("s3://bucket"), None),
            Err(LocationError::Storage(_))
        ));
        assert!(matches!(
            location(None, Some("mysql://x")),
            Err(LocationError::Database(_))
        ));
    }
}
