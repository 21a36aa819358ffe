//! `repogen replicate`.

use archive_tests::WriteDeb as _;
use archive_tests::index::sha256;
use archive_tests::torture::mirrored::{MirroredReads, mirrored_reads};
use archive_tests::{DebBuilder, Nginx, Run, TestArchive, apt};
use std::collections::BTreeMap;
use std::path::Path;

fn package(name: &str, version: &str) -> DebBuilder {
    DebBuilder::new(name, version, "all").file(&format!("usr/share/{name}/hello"), "hello")
}

/// Returns all files below a folder, by path, with their digests.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(below, sha256(&std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn replicate(archive: &TestArchive, mirror: &Path, more: &[&str]) -> Run {
    let to = mirror.to_str().unwrap();
    archive.repogen(&[&["replicate", "--to", to], more].concat())
}

#[test]
fn a_mirror_has_what_is_published_and_what_is_there_is_not_sent_again() {
    let archive = TestArchive::new();
    archive.configure_last_suite("suite = \"prod\"");
    archive.add(&[package("hello", "1.0~rc1+b2"), package("other", "2.0")]);
    archive.publish();
    let mirror = archive.outside().join("mirror");
    let first = replicate(&archive, &mirror, &[]).ok();
    assert!(
        first.stdout.starts_with("stable\treplicated\t"),
        "{}",
        first.report()
    );
    for name in ["InRelease", "Release", "Release.gpg"] {
        let path = format!("dists/stable/{name}");
        assert_eq!(
            std::fs::read(mirror.join(&path)).unwrap(),
            std::fs::read(archive.root().join(&path)).unwrap()
        );
    }
    let here = files(&archive.root());
    for (path, digest) in files(&mirror) {
        assert_eq!(here.get(&path), Some(&digest), "{path}");
    }
    assert_eq!(
        std::fs::read_link(mirror.join("dists/prod")).unwrap(),
        Path::new("stable")
    );
    assert!(mirror.join("archive-keyring.pgp").exists());
    assert!(!mirror.join("keys").exists() && !mirror.join("repogen.toml").exists());
    let again = replicate(&archive, &mirror, &[]).ok();
    assert_eq!(again.stdout, "stable\treplicated\t0\t0\n");

    archive.add(&[package("third", "1.0")]);
    archive.publish();
    replicate(&archive, &mirror, &[]).ok();
    assert!(
        files(&mirror)
            .keys()
            .any(|path| path.ends_with("third_1.0_all.deb"))
    );
    assert_eq!(
        std::fs::read(mirror.join("dists/stable/InRelease")).unwrap(),
        std::fs::read(archive.root().join("dists/stable/InRelease")).unwrap()
    );
}

#[test]
fn what_the_archive_has_no_longer_goes_when_that_is_asked_for() {
    let archive = TestArchive::new();
    archive.add(&[package("hello", "1.0"), package("other", "1.0")]);
    archive.publish();
    let mirror = archive.outside().join("mirror");
    replicate(&archive, &mirror, &[]).ok();
    archive.repogen(&["remove", "other", "--suite", "stable"]).ok();
    // So often as generations are kept, then long after.
    for _ in 0..4 {
        archive.repogen(&["publish", "--force"]).ok();
    }
    archive.repogen_at("+30d", &["prune"]).ok();
    let kept = replicate(&archive, &mirror, &[]).ok();
    assert!(!kept.stdout.contains("deleted"), "{}", kept.report());
    let done = replicate(&archive, &mirror, &["--delete"]).ok();
    assert!(
        done.stdout
            .contains("deleted\tpool/main/o/other/other_1.0_all.deb"),
        "{}",
        done.report()
    );
    assert_eq!(
        files(&mirror)
            .keys()
            .filter(|path| path.ends_with(".deb"))
            .count(),
        1
    );
}

#[test]
fn private_suites_go_only_where_they_are_named() {
    let archive = TestArchive::init(&["--suite", "stable", "--suite", "secret"]);
    archive.configure_last_suite("private = true");
    let file = package("hidden", "1.0").write_into(&archive.outside());
    archive
        .repogen(&["add", "--suite", "secret", file.to_str().unwrap()])
        .ok();
    archive.publish();
    let mirror = archive.outside().join("mirror");
    let run = replicate(&archive, &mirror, &[]).ok();
    assert!(!run.stdout.contains("secret"), "{}", run.report());
    assert!(!files(&mirror).keys().any(|path| path.contains("hidden")));
    replicate(&archive, &mirror, &["--suite", "secret"]).ok();
    assert!(
        files(&mirror)
            .keys()
            .any(|path| path.starts_with("private/secret/pool/") && path.ends_with("hidden_1.0_all.deb"))
    );
}

#[test]
fn a_damaged_file_goes_nowhere_and_what_is_newer_there_stays() {
    let archive = TestArchive::new();
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let mirror = archive.outside().join("mirror");
    let path = archive.root().join("pool/main/h/hello/hello_1.0_all.deb");
    let whole = std::fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[100] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    let refused = replicate(&archive, &mirror, &[]).exits(3);
    assert!(
        refused.stderr.contains("hello_1.0_all.deb"),
        "{}",
        refused.report()
    );
    assert!(!mirror.join("dists/stable/InRelease").exists());
    assert!(!mirror.join("pool/main/h/hello/hello_1.0_all.deb").exists());
    std::fs::write(&path, whole).unwrap();
    replicate(&archive, &mirror, &[]).ok();

    let release = std::fs::read_to_string(mirror.join("dists/stable/InRelease")).unwrap();
    let newer: String = release
        .lines()
        .map(|line| match line.strip_prefix("Date:") {
            Some(_) => "Date: Sun, 01 Jan 2090 00:00:00 UTC\n".to_owned(),
            None => format!("{line}\n"),
        })
        .collect();
    std::fs::write(mirror.join("dists/stable/InRelease"), &newer).unwrap();
    let refused = replicate(&archive, &mirror, &[]).exits(1);
    assert!(
        refused.stderr.contains("is newer in the mirror"),
        "{}",
        refused.report()
    );
    assert_eq!(
        std::fs::read_to_string(mirror.join("dists/stable/InRelease")).unwrap(),
        newer
    );
    replicate(&archive, Path::new("ftp://host/path"), &[]).exits(2);
}

#[test]
fn another_archive_is_left_alone_and_one_failing_suite_holds_up_no_other() {
    let (archive, other) = (TestArchive::new(), TestArchive::new());
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let mirror = archive.outside().join("mirror");
    replicate(&archive, &mirror, &[]).ok();
    let before = files(&mirror);
    let refused = replicate(&other, &mirror, &["--delete"]).exits(1);
    assert!(refused.stderr.contains("another archive"), "{}", refused.report());
    assert_eq!(files(&mirror), before);
    // Also where others made it, with no keyring beside its suites.
    for name in ["archive-keyring.pgp", "archive-keyring.asc"] {
        std::fs::remove_file(mirror.join(name)).unwrap();
    }
    let before = files(&mirror);
    let refused = replicate(&other, &mirror, &["--delete"]).exits(1);
    assert!(refused.stderr.contains("another archive"), "{}", refused.report());
    assert_eq!(files(&mirror), before);
    replicate(&archive, &mirror, &[]).ok();
    let own = files(&archive.root());
    for place in ["", "pool", "dists/mirror"] {
        let refused = replicate(&archive, &archive.root().join(place), &["--delete"]).exits(1);
        assert!(
            refused.stderr.contains("in use by this archive already"),
            "{}",
            refused.report()
        );
    }
    assert_eq!(files(&archive.root()), own);

    archive.configure_last_suite("[[suite]]\ncodename = \"aside\"\n[[suite]]\ncodename = \"later\"");
    archive.publish();
    std::fs::remove_file(archive.root().join("dists/aside/InRelease")).unwrap();
    let run = replicate(&archive, &mirror, &["--delete"]).exits(3);
    assert!(run.stdout.contains("later\treplicated"), "{}", run.report());
    assert!(mirror.join("dists/later/InRelease").exists());
}

#[test]
fn an_alias_that_became_a_suite_is_one_in_the_mirror_too() {
    let archive = TestArchive::init(&["--suite", "bookworm"]);
    archive.configure_last_suite("suite = \"stable\"");
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let mirror = archive.outside().join("mirror");
    replicate(&archive, &mirror, &[]).ok();
    archive.configure("suite = \"stable\"", "[[suite]]\ncodename = \"stable\"");
    archive.publish();
    replicate(&archive, &mirror, &[]).ok();
    for suite in ["bookworm", "stable"] {
        let path = format!("dists/{suite}/InRelease");
        assert_eq!(
            std::fs::read_to_string(mirror.join(&path)).unwrap(),
            archive.read(&path)
        );
    }
    assert!(!mirror.join("dists/stable").is_symlink());
}

#[test]
fn clients_of_a_mirror_see_whole_states_only_while_the_archive_is_published() {
    let archive = TestArchive::init(&[
        "--architecture",
        &apt::native_architecture(),
        "--url",
        "http://127.0.0.1:1",
    ]);
    let mirror = archive.outside().join("mirror");
    std::fs::create_dir_all(&mirror).unwrap();
    let nginx = Nginx::serve(&mirror);
    let counts = MirroredReads {
        publishes: 8,
        clients: 1,
        packages: 10,
        seed: 1,
    };
    let account = mirrored_reads(
        &archive,
        &nginx.url(),
        |more| replicate(&archive, &mirror, more),
        counts,
    )
    .clean();
    assert!(account.counted("replications") > 2, "{account}");
    assert!(account.counted("client downloads") > 1, "{account}");
    assert_eq!(
        std::fs::read_to_string(mirror.join("dists/stable/InRelease")).unwrap(),
        archive.read("dists/stable/InRelease")
    );
}
