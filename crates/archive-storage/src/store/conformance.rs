//! What every store promises, asked of one; for tests.

#![expect(clippy::unwrap_used, reason = "it is a test, of stores in several crates")]

use std::io::Read as _;
use std::path::Path;

use super::{FileStore, Lifetime, LocalFile, PutNew, digest};
use debian_control::digest::Sha256;

/// A file that may be larger than what a store sends in one piece.
const LARGE: usize = (20 << 20) + 7;

/// Asks all of it of a store that is empty. `staged` is a folder to make, on the file system of a store that is a folder.
///
/// # Panics
/// Where the store breaks a promise.
pub fn check(store: &dyn FileStore, staged: &Path) {
    std::fs::create_dir_all(staged).unwrap();
    let suite = Suite { store, staged };
    suite.what_is_written_is_read_listed_and_deleted();
    suite.files_are_deleted_together_and_no_others();
    suite.a_name_that_stands_for_ever_is_never_replaced("small", b"one".to_vec(), b"two".to_vec());
    suite.a_name_that_stands_for_ever_is_never_replaced("large", vec![1; LARGE], vec![2; LARGE]);
    suite.of_many_that_put_one_name_one_wins();
    suite.a_part_is_read_as_such();
    suite.what_is_replaced_is_another_file();
    suite.a_copy_has_the_bytes_of_its_source();
    suite.what_comes_short_or_long_is_not_there();
    suite.what_is_missing_is_no_error();
}

struct Suite<'a> {
    store: &'a dyn FileStore,
    staged: &'a Path,
}

impl Suite<'_> {
    fn with_file<T>(&self, bytes: &[u8], work: impl FnOnce(&LocalFile<'_>) -> T) -> T {
        let file = tempfile::NamedTempFile::new_in(self.staged).unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        work(&LocalFile {
            path: file.path(),
            sha256: Sha256::of(bytes),
            size: bytes.len() as u64,
        })
    }

    fn put_new(&self, path: &str, bytes: &[u8]) -> PutNew {
        self.with_file(bytes, |file| self.store.put_new(path, file).unwrap())
    }

    fn write(&self, path: &str, text: &str, lifetime: Lifetime) {
        let size = text.len() as u64;
        self.store
            .write(path, &mut text.as_bytes(), size, lifetime)
            .unwrap();
    }

    fn text(&self, path: &str) -> Option<String> {
        self.store
            .read(path)
            .unwrap()
            .map(|bytes| String::from_utf8(bytes).unwrap())
    }

    fn what_is_written_is_read_listed_and_deleted(&self) {
        let path = "pool/a/hello_1.0~rc1+b2_all.deb";
        self.write("dists/stable/InRelease", "one", Lifetime::Replaceable);
        self.write("dists/stable/InRelease", "other", Lifetime::Replaceable);
        self.write(path, "deb", Lifetime::Immutable);
        self.store.settle(&mut ["pool/a"].into_iter()).unwrap();
        assert_eq!(self.text("dists/stable/InRelease").unwrap(), "other");
        let files: Vec<(String, u64)> = self
            .store
            .list("pool")
            .unwrap()
            .into_iter()
            .map(|(path, head)| (path, head.size))
            .collect();
        assert_eq!(files, [(path.to_owned(), 3)]);
        assert_eq!(self.store.folders("dists").unwrap(), ["stable"]);
        assert_eq!(self.store.folders("").unwrap(), ["dists", "pool"]);
        assert_eq!(self.store.head(path).unwrap().unwrap().size, 3);
        self.store.delete(path).unwrap();
        assert!(self.store.list("pool").unwrap().is_empty());
        assert_eq!(self.store.head(path).unwrap(), None);
    }

    fn files_are_deleted_together_and_no_others(&self) {
        let paths = ["browse/a/1.0~rc1+b2", "browse/a/x y", "browse/b", "browse/bb"];
        let paths = paths.map(str::to_owned);
        for path in &paths {
            self.write(path, "page", Lifetime::Replaceable);
        }
        let [first, second, third, other] = &paths;
        let missing = "browse/none".to_owned();
        let together = [first, &missing, second, third].map(String::clone);
        self.store.delete_all(&together).unwrap();
        let left: Vec<String> = self.store.list("browse").unwrap().into_keys().collect();
        assert_eq!(left, std::slice::from_ref(other));
        self.store.delete(other).unwrap();
    }

    fn a_name_that_stands_for_ever_is_never_replaced(&self, name: &str, one: Vec<u8>, other: Vec<u8>) {
        let path = format!("pool/once/{name}.deb");
        assert_eq!(self.put_new(&path, &one), PutNew::Written);
        assert_eq!(self.put_new(&path, &one), PutNew::Same);
        assert_eq!(self.put_new(&path, &other), PutNew::Other);
        let found = digest(self.store, &path).unwrap();
        assert_eq!(found, Some((Sha256::of(&one), one.len() as u64)));
        let names: Vec<String> = self
            .store
            .list("")
            .unwrap()
            .into_keys()
            .filter(|path| path.contains(name))
            .collect();
        assert_eq!(names, [path], "nothing is left beside it");
    }

    fn of_many_that_put_one_name_one_wins(&self) {
        let put = |number: usize| self.put_new("pool/race.deb", &[u8::try_from(number).unwrap(); 64]);
        let outcomes: Vec<PutNew> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || put(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let written = outcomes
            .iter()
            .filter(|outcome| **outcome == PutNew::Written)
            .count();
        let other = outcomes
            .iter()
            .filter(|outcome| **outcome == PutNew::Other)
            .count();
        assert_eq!((written, other), (1, 7), "{outcomes:?}");
    }

    fn a_part_is_read_as_such(&self) {
        self.write("dists/part", "0123456789", Lifetime::Replaceable);
        let mut text = String::new();
        let mut opened = self.store.open("dists/part", Some(2..5)).unwrap().unwrap();
        opened.content.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), opened.head.size), ("234", 10));
    }

    fn what_is_replaced_is_another_file(&self) {
        let path = "dists/stable/Release";
        self.with_file(b"one", |file| self.store.replace(path, file).unwrap());
        let (bytes, head) = self.store.read_with_head(path).unwrap().unwrap();
        assert_eq!(bytes, b"one");
        let replaced = self.with_file(b"two", |file| {
            self.store.replace_if(path, file, Some(&head)).unwrap()
        });
        assert!(replaced);
        assert_eq!(self.text(path).unwrap(), "two");
        if self.store.folder().is_some() {
            return;
        }
        let late = self.with_file(b"late", |file| {
            self.store.replace_if(path, file, Some(&head)).unwrap()
        });
        let new = self.with_file(b"new", |file| self.store.replace_if(path, file, None).unwrap());
        assert_eq!(
            (late, new, self.text(path).unwrap().as_str()),
            (false, false, "two")
        );
        let after = self.store.head(path).unwrap().unwrap();
        assert!(
            after.modified > head.modified,
            "clients ask by seconds: {head:?}, {after:?}"
        );
    }

    fn a_copy_has_the_bytes_of_its_source(&self) {
        assert_eq!(self.put_new("pool/from.deb", b"deb"), PutNew::Written);
        let (deb, other) = (Sha256::of(b"deb"), Sha256::of(b"other"));
        let copied = self
            .store
            .copy_new("pool/from.deb", "private/x/pool/to.deb", &deb)
            .unwrap();
        assert_eq!(copied, PutNew::Written);
        let again = self
            .store
            .copy_new("pool/from.deb", "private/x/pool/to.deb", &deb)
            .unwrap();
        assert_eq!(again, PutNew::Same);
        let taken = self
            .store
            .copy_new("pool/from.deb", "private/x/pool/to.deb", &other)
            .unwrap();
        assert_eq!(taken, PutNew::Other);
        self.store.copy("pool/from.deb", "dists/copy").unwrap();
        self.store.copy("dists/part", "dists/copy").unwrap();
        assert_eq!(self.text("dists/copy").unwrap(), "0123456789");
    }

    fn what_comes_short_or_long_is_not_there(&self) {
        for size in [2, 4, LARGE as u64] {
            let wrong = self
                .store
                .write("dists/wrong", &mut &b"abc"[..], size, Lifetime::Replaceable);
            assert!(wrong.unwrap_err().to_string().contains("dists/wrong"));
            assert_eq!(self.text("dists/wrong"), None);
        }
    }

    fn what_is_missing_is_no_error(&self) {
        assert_eq!(self.text("dists/none"), None);
        assert!(self.store.open("dists/none", None).unwrap().is_none());
        assert!(self.store.list("nothing").unwrap().is_empty());
        assert!(self.store.folders("nothing").unwrap().is_empty());
        assert_eq!(digest(self.store, "dists/none").unwrap(), None);
        self.store.delete("dists/none").unwrap();
        self.store.delete_all(&[]).unwrap();
    }
}
