//! The pool: where a .deb lies, and how it gets there without ever replacing another.

use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName};

pub use crate::file_digest::{digest, digest_and_size};
use crate::store::{FileStore, LocalFile, PutNew, StoreError};

/// Why a file could not be put into the pool.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Other bytes have all names that it could have.
    #[error("cannot put a file at `{0}` or beside it: both names hold other bytes")]
    BothTaken(String),
    /// Other bytes are where the catalog has these.
    #[error(
        "cannot restore `{0}`: the file there has other bytes than the catalog says; move it away, then add the package again"
    )]
    OtherBytes(String),
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

/// Whether the usual name of a file may be its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsualName {
    /// No other bytes ever had it.
    Free,
    /// Other bytes had it, and are gone perhaps: caches may keep them under it for as long as they were told to.
    Given,
}

impl PoolName<'_> {
    /// Returns the path below the tree: `pool/COMPONENT/PREFIX/SOURCE/NAME_VERSION_ARCH.deb`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.folder(), self.file_name)
    }

    /// Returns the two paths that a file of this name with these bytes may have.
    pub fn paths(&self, sha256: &Sha256) -> [String; 2] {
        names_in(&self.folder(), self.file_name, sha256)
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

/// Returns the tree of a path of the pool below the root, and the path below that tree.
pub fn tree_and_path(below_root: &str) -> (&str, &str) {
    below_root
        .strip_prefix("private/")
        .and_then(|private| private.split_once('/'))
        .unwrap_or(("", below_root))
}

/// Gives a file its name in the pool, and returns that name below the tree.
///
/// The name is the usual one, or one beside it where other bytes hold that or had it. A file that is there already with the
/// same bytes is taken as it is. [`FileStore::settle`] makes the new name last.
pub fn put(
    store: &dyn FileStore,
    tree: &str,
    file: &LocalFile<'_>,
    name: &PoolName<'_>,
    usual: UsualName,
) -> Result<String, PoolError> {
    put_one_of(tree, name.paths(&file.sha256), usual, |path| {
        store.put_new(path, file)
    })
}

/// The same with the bytes of a file that the store has.
pub fn copy(
    store: &dyn FileStore,
    tree: &str,
    from: &str,
    name: &PoolName<'_>,
    usual: UsualName,
    sha256: &Sha256,
) -> Result<String, PoolError> {
    put_one_of(tree, name.paths(sha256), usual, |path| {
        store.copy_new(from, path, sha256)
    })
}

fn put_one_of(
    tree: &str,
    [own, beside]: [String; 2],
    usual: UsualName,
    put: impl Fn(&str) -> Result<PutNew, StoreError>,
) -> Result<String, PoolError> {
    if usual == UsualName::Free && put(&below_root(tree, &own))? != PutNew::Other {
        return Ok(own);
    }
    match put(&below_root(tree, &beside))? {
        PutNew::Other => Err(PoolError::BothTaken(below_root(tree, &own))),
        _ => Ok(beside),
    }
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

/// Puts a file back at a path that the catalog gives these bytes, where it has gone.
///
/// An error when other bytes lie there.
pub fn restore(store: &dyn FileStore, tree: &str, file: &LocalFile<'_>, path: &str) -> Result<(), PoolError> {
    let path = below_root(tree, path);
    match store.put_new(&path, file)? {
        PutNew::Written | PutNew::Same => Ok(()),
        PutNew::Other => Err(PoolError::OtherBytes(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Folder;

    fn parts() -> (Component, PackageName) {
        ("main".parse().unwrap(), "libfoo".parse().unwrap())
    }

    #[test]
    fn a_path_below_the_root_has_its_tree() {
        for (tree, path) in [
            ("", "pool/main/a/a/a_1_all.deb"),
            ("secret", "pool/main/a/a/a_1_all.deb"),
        ] {
            assert_eq!(tree_and_path(&below_root(tree, path)), (tree, path));
        }
    }

    #[test]
    fn other_bytes_under_a_taken_name_go_beside_it() {
        let root = tempfile::tempdir().unwrap();
        use UsualName::{Free, Given};
        let (component, source) = parts();
        let name = PoolName {
            component: &component,
            source: &source,
            file_name: "libfoo_1_all.deb",
        };
        let place = |text: &str, usual: UsualName| {
            let staged = root.path().join("staged");
            std::fs::write(&staged, text).unwrap();
            let file = LocalFile {
                path: &staged,
                sha256: digest(&staged).unwrap(),
                size: text.len() as u64,
            };
            let store = Folder::new(root.path().to_owned());
            let path = put(&store, "", &file, &name, usual).unwrap();
            std::fs::remove_file(staged).unwrap();
            path
        };
        assert_eq!(place("one", Free), "pool/main/libf/libfoo/libfoo_1_all.deb");
        assert_eq!(place("one", Free), "pool/main/libf/libfoo/libfoo_1_all.deb");
        // The first twelve digits of sha256("two").
        let beside = "pool/main/libf/libfoo/3fc4ccfe7458/libfoo_1_all.deb";
        assert_eq!(place("two", Free), beside);
        assert_eq!(std::fs::read(root.path().join(name.path())).unwrap(), b"one");
        // Also where the other bytes are gone: who fetched them keeps them.
        std::fs::remove_file(root.path().join(name.path())).unwrap();
        assert_eq!(place("two", Given), beside);
    }
}
