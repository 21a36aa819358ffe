//! What a folder promises beyond what every store does.

use super::*;

fn folder() -> (tempfile::TempDir, Folder) {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::new(folder.path().join("root"));
    (folder, store)
}

fn write(store: &dyn FileStore, path: &str, text: &str) -> Result<(), StoreError> {
    store.write(
        path,
        &mut text.as_bytes(),
        text.len() as u64,
        Lifetime::Replaceable,
    )
}

#[test]
fn a_folder_keeps_what_a_store_promises() {
    let (folder, store) = folder();
    conformance::check(&store, &folder.path().join("staged"));
}

#[test]
fn what_takes_the_place_of_a_file_is_later_by_a_second() {
    let (folder, store) = folder();
    let second = || {
        let found = folder
            .path()
            .join("root/dists/stable/InRelease")
            .metadata()
            .unwrap();
        let time = found.modified().unwrap().duration_since(std::time::UNIX_EPOCH);
        time.unwrap().as_secs()
    };
    let mut seen = Vec::new();
    for text in ["one", "two", "three"] {
        write(&store, "dists/stable/InRelease", text).unwrap();
        seen.push(second());
    }
    assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
}

#[test]
fn a_file_that_comes_short_is_not_there() {
    let (folder, store) = folder();
    let short = store.write("pool/a.deb", &mut &b"abc"[..], 4, Lifetime::Immutable);
    assert!(short.unwrap_err().to_string().contains("pool/a.deb"));
    assert_eq!(store.read("pool/a.deb").unwrap(), None);
    let left = std::fs::read_dir(folder.path().join("root/pool")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn an_alias_leads_to_its_suite() {
    let (folder, store) = folder();
    write(&store, "dists/bookworm/InRelease", "text").unwrap();
    write(&store, "dists/trixie/InRelease", "newer").unwrap();
    for (suite, text) in [("bookworm", "text"), ("trixie", "newer")] {
        assert!(store.link_folder("dists/stable", suite).unwrap());
        let read = std::fs::read_to_string(folder.path().join("root/dists/stable/InRelease")).unwrap();
        assert_eq!(read, text);
    }
}

#[test]
fn a_suite_on_another_disk_is_written_through_its_link() {
    let (folder, store) = folder();
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::create_dir_all(folder.path().join("root/dists")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, folder.path().join("root/dists/stable")).unwrap();
    write(&store, "dists/stable/InRelease", "text").unwrap();
    assert_eq!(std::fs::read(elsewhere.join("InRelease")).unwrap(), b"text");
    assert_eq!(
        store.read("dists/stable/InRelease").unwrap().as_deref(),
        Some(&b"text"[..])
    );
}

#[test]
fn an_alias_gives_way_to_a_suite_whose_files_come_side_by_side() {
    let (folder, store) = folder();
    write(&store, "dists/bookworm/InRelease", "text").unwrap();
    for round in 0..100 {
        let alias = format!("dists/alias{round}");
        assert!(store.link_folder(&alias, "bookworm").unwrap());
        let together = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (together, store, path) = (&together, &store, format!("{alias}/main/{number}"));
                scope.spawn(move || {
                    together.wait();
                    write(store, &path, "text").unwrap();
                });
            }
        });
        let alias = folder.path().join("root").join(alias);
        assert!(!alias.is_symlink());
        assert_eq!(std::fs::read_dir(alias.join("main")).unwrap().count(), 8);
    }
    assert!(!folder.path().join("root/dists/bookworm/main").exists());
}

#[test]
fn caches_and_clients_are_told_what_nginx_tells_them() {
    for (path, lifetime, cache, kind) in [
        (
            "pool/main/a_1_all.deb",
            Lifetime::Immutable,
            "immutable",
            "debian.binary-package",
        ),
        (
            "dists/stable/InRelease",
            Lifetime::Replaceable,
            "max-age=0",
            "text/plain",
        ),
        (
            "dists/stable/Release.gpg",
            Lifetime::Replaceable,
            "max-age=0",
            "pgp-signature",
        ),
        (
            "dists/stable/main/binary-amd64/Packages.gz",
            Lifetime::Replaceable,
            "max-age=60",
            "octet-stream",
        ),
        (
            "archive-keyring.asc",
            Lifetime::Replaceable,
            "max-age=60",
            "pgp-keys",
        ),
    ] {
        assert!(cache_control(path, lifetime).contains(cache), "{path}");
        assert!(content_type(path).contains(kind), "{path}");
    }
}
