//! The pool: where a .deb lies, and how it gets there without ever replacing another.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::digest::{Digester, Sha256};
use debian_control::name::{Component, PackageName};

/// Why a file could not be put into the pool.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{path}`")]
pub struct PoolError {
    /// What was being done.
    pub action: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

/// What a pool path is made of.
#[derive(Debug, Clone, Copy)]
pub struct PoolName<'a> {
    /// Component of the first suite that took it.
    pub component: &'a Component,
    /// Source package.
    pub source: &'a PackageName,
    /// `NAME_VERSION_ARCH.deb`.
    pub file_name: &'a str,
}

impl PoolName<'_> {
    /// Returns the path below the tree: `pool/COMPONENT/PREFIX/SOURCE/NAME_VERSION_ARCH.deb`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.folder(), self.file_name)
    }

    /// Returns the folder of the file below the tree: `pool/COMPONENT/PREFIX/SOURCE`.
    pub fn folder(&self) -> String {
        format!(
            "pool/{}/{}/{}",
            self.component,
            self.source.pool_prefix(),
            self.source
        )
    }
}

/// Returns the path below the root of what lies at `path` in `tree` (empty: the public one).
pub fn below_root(tree: &str, path: &str) -> String {
    if tree.is_empty() {
        path.to_owned()
    } else {
        format!("private/{tree}/{path}")
    }
}

/// Gives `staged`, whose bytes are `sha256`, its name in the pool, and returns that name.
///
/// The name is the usual one, or one beside it where other bytes hold that. A file that is there already with the
/// same bytes is taken as it is. Nothing is synced: [`sync_folders`] makes the new name last.
pub fn link(
    root: &Path,
    tree: &str,
    staged: &Path,
    name: &PoolName<'_>,
    sha256: &Sha256,
) -> Result<String, PoolError> {
    for path in names_in(&name.folder(), name.file_name, sha256) {
        if link_as(staged, &root.join(below_root(tree, &path)), sha256)? {
            return Ok(path);
        }
    }
    Err(both_taken(root.join(below_root(tree, &name.path()))))
}

/// Returns the names that a file with these bytes may have in `folder`: its own, and one beside for where that is taken.
pub fn names_in(folder: &str, file_name: &str, sha256: &Sha256) -> [String; 2] {
    let digest = sha256.to_string();
    let digest = digest.get(..12).unwrap_or(&digest);
    [
        format!("{folder}/{file_name}"),
        format!("{folder}/{digest}/{file_name}"),
    ]
}

/// Says that other bytes hold all names that a file could have.
pub fn both_taken(path: PathBuf) -> PoolError {
    PoolError {
        action: "put a file beside",
        path,
        source: io::Error::new(
            io::ErrorKind::AlreadyExists,
            "both names it could have hold other bytes",
        ),
    }
}

/// Links `staged` to a path that the catalog gives these bytes, where the file has gone; says whether it did.
///
/// An error when other bytes lie there.
pub fn restore(root: &Path, tree: &str, staged: &Path, path: &str, sha256: &Sha256) -> Result<(), PoolError> {
    let target = root.join(below_root(tree, path));
    if link_as(staged, &target, sha256)? {
        return Ok(());
    }
    Err(PoolError {
        action: "restore",
        path: target,
        source: io::Error::new(
            io::ErrorKind::AlreadyExists,
            "the file there has other bytes than the catalog says: move it away, then add the package again",
        ),
    })
}

/// Says whether `target` holds the bytes now: linked, or there before.
pub fn link_as(staged: &Path, target: &Path, sha256: &Sha256) -> Result<bool, PoolError> {
    let failed = |action, source| PoolError {
        action,
        path: target.to_owned(),
        source,
    };
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(|source| failed("make the folder of", source))?;
    }
    // Unlike a rename, a link never takes the place of a file that is there.
    match std::fs::hard_link(staged, target) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => digest(target)
            .map(|found| found == *sha256)
            .map_err(|source| failed("read", source)),
        Err(error) => Err(failed("write", error)),
    }
}

/// Returns the digest of a file that is no link.
pub fn digest(path: &Path) -> io::Result<Sha256> {
    Ok(digest_and_size(path)?.0)
}

/// Returns digest and size of a file that is no link.
pub fn digest_and_size(path: &Path) -> io::Result<(Sha256, u64)> {
    let descriptor = rustix::fs::open(
        path,
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )?;
    let mut digester = Digester::sha256();
    io::copy(&mut File::from(descriptor), &mut digester)?;
    let digests = digester.finish();
    Ok((digests.sha256, digests.size))
}

/// Makes the names in the folders of these files last, and those of the folders above them up to `root`.
pub fn sync_folders<'a>(root: &Path, files: impl IntoIterator<Item = &'a Path>) -> Result<(), PoolError> {
    let mut folders = std::collections::BTreeSet::new();
    for file in files {
        folders.extend(
            file.ancestors()
                .skip(1)
                .take_while(|folder| folder.starts_with(root))
                .map(Path::to_owned),
        );
    }
    // Deepest first: a name lasts once the folder that holds it is synced.
    for folder in folders.iter().rev() {
        File::open(folder)
            .and_then(|opened| opened.sync_all())
            .map_err(|source| PoolError {
                action: "sync",
                path: folder.clone(),
                source,
            })?;
    }
    Ok(())
}

/// Removes the folders that a deleted file leaves empty, but for `pool/` itself.
pub fn remove_empty_folders(root: &Path, file: &Path) {
    let pools = |folder: &Path| folder.file_name().is_some_and(|name| name == "pool");
    for folder in file
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != root && !pools(folder))
    {
        // Fails, as it should, where something is left in it.
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> (Component, PackageName) {
        ("main".parse().unwrap(), "libfoo".parse().unwrap())
    }

    #[test]
    fn other_bytes_under_a_taken_name_go_beside_it() {
        let root = tempfile::tempdir().unwrap();
        let (component, source) = parts();
        let name = PoolName {
            component: &component,
            source: &source,
            file_name: "libfoo_1_all.deb",
        };
        let place = |text: &str| {
            let staged = root.path().join("staged");
            std::fs::write(&staged, text).unwrap();
            let path = link(root.path(), "", &staged, &name, &digest(&staged).unwrap()).unwrap();
            std::fs::remove_file(staged).unwrap();
            path
        };
        assert_eq!(place("one"), "pool/main/libf/libfoo/libfoo_1_all.deb");
        assert_eq!(place("one"), "pool/main/libf/libfoo/libfoo_1_all.deb");
        // The first twelve digits of sha256("two").
        assert_eq!(
            place("two"),
            "pool/main/libf/libfoo/3fc4ccfe7458/libfoo_1_all.deb"
        );
        assert_eq!(std::fs::read(root.path().join(name.path())).unwrap(), b"one");
    }
}
