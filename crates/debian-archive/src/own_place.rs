//! Whether a store that is to get a copy of an archive is the archive's own, or lies within it.
//!
//! Who asks: those who copy. What is written there would stand in for files of the archive itself.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use archive_storage::store::FileStore;

/// What an archive has at its top, besides files.
const OWN: [&str; 10] = [
    "pool",
    "dists",
    "snapshots",
    "private",
    "browse",
    "buildinfo",
    "staged",
    "keys",
    "state",
    "incoming",
];

/// Says whether `other` is the store of an archive, or one of the folders in it that the archive uses.
pub(crate) fn is_own(archive: &dyn FileStore, other: &dyn FileStore) -> bool {
    let (archive, other) = match (archive.folder(), other.folder()) {
        (Some(archive), Some(other)) => (real(archive), real(other)),
        (None, None) => (PathBuf::from(archive.address()), PathBuf::from(other.address())),
        _ => return false,
    };
    let Ok(below) = other.strip_prefix(archive) else {
        return false;
    };
    let first = below.components().next();
    first.is_none_or(|first| OWN.map(OsStr::new).contains(&first.as_os_str()))
}

/// Returns where a folder is, which may be one that is not made yet.
fn real(folder: &Path) -> PathBuf {
    let found = folder.ancestors().find_map(|above| {
        let rest = folder.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.join(rest))
    });
    found.unwrap_or_else(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use archive_storage::store::Folder;

    use super::*;

    #[test]
    fn a_folder_of_the_archive_is_its_own_by_whatever_name() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("pool")).unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("link")).unwrap();
        let archive = Folder::new(root.path().to_owned());
        let is_own = |path: &str| is_own(&archive, &Folder::new(root.path().join(path)));
        for own in [
            "",
            "pool",
            "dists",
            "pool/new/one",
            "link",
            "link/state",
            "pool/../dists",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in ["mirror", "poolside", "..", "../other"] {
            assert!(!is_own(other), "{other}");
        }
    }
}
