//! Who may read what lies in an archive, whatever the umask of whoever runs the programs.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, Run, TestArchive, Uploader, Watching};

/// Takes an archive through all that writes into it.
fn used(umask: &'static str) -> TestArchive {
    let archive = TestArchive::empty().under_umask(umask);
    let init = [
        "init",
        "--url",
        "http://localhost",
        "--suite",
        "stable",
        "--suite",
        "inner",
    ];
    archive.repogen(&init).ok();
    archive.configure_last_suite("private = true");
    let add = |suite: &str, package: DebBuilder| {
        let file = package.write_into(&archive.outside());
        archive
            .repogen(&["add", "--suite", suite, file.to_str().unwrap()])
            .ok();
    };
    add(
        "stable",
        DebBuilder::new("hello", "1.0", "amd64").file("usr/bin/hello", "x"),
    );
    add("inner", DebBuilder::new("secret", "1.0", "all"));
    archive.publish();
    archive.repogen(&["snapshot", "create"]).ok();
    drop_in(&archive);
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::start(&archive);
    let taken = server.upload(
        &DebBuilder::new("sent", "1.0", "all"),
        "suite=stable&wait=published",
        &token,
    );
    assert_eq!(taken.status, 201, "{}", taken.text());
    check(&archive.root());
    server.stop();
    archive
}

/// Leaves a package, which only its owner may read, to a `repogen watch`.
fn drop_in(archive: &TestArchive) {
    let mut watching = Watching::start(archive);
    let file = DebBuilder::new("dropped", "1.0", "all").write_into(&archive.outside());
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let folder = archive.root().join("incoming/stable/main");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::rename(&file, folder.join(file.file_name().unwrap())).unwrap();
    watching.until("the dropped package is live", |watching| {
        watching.stdout().contains("stable\tpublished")
    });
}

/// Returns all that lies in a folder, at any depth.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut all = Vec::new();
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.is_dir() && !path.is_symlink() {
            all.extend(below(&path));
        }
        all.push(path);
    }
    all
}

/// Checks the mode of everything in a root.
fn check(root: &Path) {
    let mut checked = 0;
    for found in below(root) {
        // A program that runs may have taken its file away.
        let Ok(metadata) = found.symlink_metadata() else {
            continue;
        };
        let path = found.strip_prefix(root).unwrap();
        let top = path.components().next().unwrap().as_os_str().to_str().unwrap();
        let mode = metadata.mode() & 0o777;
        if top == "keys" || top.starts_with("catalog.db") || path == Path::new("state") {
            assert_eq!(
                mode & 0o077,
                0,
                "{} is {mode:o}: others may read it",
                path.display()
            );
            checked += 1;
        } else if ["pool", "dists", "snapshots", "private"].contains(&top)
            || top.ends_with(".sources")
            || top.starts_with("archive-keyring.")
            || top == "repository.json"
        {
            let wanted = if metadata.is_dir() { 0o755 } else { 0o644 };
            assert!(
                metadata.is_symlink() || mode == wanted,
                "{} is {mode:o}, expected {wanted:o}",
                path.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 40, "only {checked} files were looked at");
}

#[test]
fn an_umask_of_077_takes_nothing_from_the_web_server() {
    let archive = used("077");
    check(&archive.root());
    assert!(
        archive
            .root()
            .join("pool/main/d/dropped/dropped_1.0_all.deb")
            .is_file()
    );
}

#[test]
fn an_umask_of_000_gives_keys_and_catalog_to_nobody() {
    let archive = used("000");
    check(&archive.root());
    let backup = archive.outside().join("backup");
    archive.repogen(&["backup", backup.to_str().unwrap()]).ok();
    assert_eq!(backup.metadata().unwrap().mode() & 0o777, 0o600);
    let other = TestArchive::empty().under_umask("000");
    other.repogen(&["restore", backup.to_str().unwrap()]).ok();
    let key = other.root().join("keys/archive.pgp").metadata().unwrap();
    assert_eq!(key.mode() & 0o777, 0o600);
    for part in ["keys", "catalog.db"] {
        let mode = other.root().join(part).metadata().unwrap().mode();
        assert_eq!(mode & 0o077, 0, "{part} is {mode:o}");
    }
}

#[test]
fn an_address_with_a_password_makes_no_archive() {
    let archive = TestArchive::empty();
    let refused: Run = archive.repogen(&["init", "--url", "https://user:s3cret@apt.example.org"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("auth.conf"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("s3cret"), "{}", refused.stderr);
    assert!(!archive.root().join("repogen.toml").exists());
    archive
        .repogen(&["init", "--url", "https://apt.example.org/my%20archive"])
        .ok();
    assert!(
        archive
            .read("stable.sources")
            .contains("URIs: https://apt.example.org/my%20archive/\n")
    );
}
