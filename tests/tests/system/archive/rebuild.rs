//! `repogen rebuild`: a lost catalog comes back from what is published, and nothing else is believed.

use std::time::{Duration, SystemTime};

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, Run, TestArchive};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", version)
}

/// Two suites, one of them private, with packages in two components, and a pinned state that differs from what is live.
fn archive() -> TestArchive {
    let archive = TestArchive::init(&[
        "--suite",
        "open",
        "--suite",
        "secret",
        "--component",
        "main",
        "--component",
        "extra",
    ]);
    archive.configure_last_suite("private = true");
    let add = |arguments: &[&str], package: DebBuilder| {
        let path = package.write_into(&archive.outside());
        Run::of(archive.command(&["add"]).args(arguments).arg(path)).ok();
    };
    add(&["--suite", "open"], hello("1.0"));
    add(
        &["--suite", "open"],
        DebBuilder::new("tool", "1", "all").file("usr/bin/tool", ""),
    );
    add(
        &["--suite", "open", "--component", "extra"],
        DebBuilder::new("more", "1:2-3", "arm64"),
    );
    add(&["--suite", "secret"], hello("9.0").field("Section", "net"));
    archive.publish();
    archive.repogen(&["snapshot", "create"]).ok();
    archive.repogen(&["remove", "--suite", "open", "hello"]).ok();
    add(&["--suite", "open"], hello("1.1"));
    archive.publish();
    archive
}

/// Deletes the catalog, and what else may be deleted with it.
fn lose_catalog(archive: &TestArchive) {
    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        let _ = std::fs::remove_file(archive.root().join(name));
    }
    std::fs::remove_dir_all(archive.root().join("state")).unwrap();
}

fn back_up(archive: &TestArchive) {
    let backup = archive.outside().join("backup.tar");
    archive.repogen(&["backup", backup.to_str().unwrap()]).ok();
}

/// Puts the catalog of the backup in the place of the one that is lost.
fn restore_catalog(archive: &TestArchive) {
    let (backup, restored) = (
        archive.outside().join("backup.tar"),
        archive.outside().join("restored"),
    );
    std::fs::create_dir(&restored).unwrap();
    let paths = [&restored, &backup].map(|path| path.to_str().unwrap());
    archive.repogen(&["restore", "--root", paths[0], paths[1]]).ok();
    std::fs::copy(restored.join("catalog.db"), archive.root().join("catalog.db")).unwrap();
}

/// What the commands tell of an archive, without times.
fn told(archive: &TestArchive) -> String {
    let list = archive.repogen(&["list"]).ok().stdout;
    let pinned = archive.repogen(&["snapshot", "list"]).ok().stdout;
    let pinned: String = pinned
        .lines()
        .filter(|line| line.ends_with("pinned"))
        .map(|line| format!("{line}\n"))
        .collect();
    let shown: String = pinned
        .lines()
        .take(1)
        .map(|line| {
            archive
                .repogen(&["snapshot", "show", line.split('\t').next().unwrap()])
                .ok()
                .stdout
        })
        .collect();
    list + &pinned + &shown
}

#[test]
fn a_lost_catalog_comes_back_with_every_suite_and_pinned_state() {
    let archive = archive();
    let indexes = [
        "dists/open/main/binary-amd64/Packages",
        "dists/open/extra/binary-arm64/Packages",
        "private/secret/dists/secret/main/binary-amd64/Packages",
    ];
    // Which packages were placed together nobody knows any more, so they may stand in another order.
    let stanzas = |archive: &TestArchive| -> Vec<Vec<String>> {
        let sorted = |path: &&str| {
            let index = archive.index(path);
            let mut stanzas: Vec<String> = index.split_terminator("\n\n").map(str::to_owned).collect();
            stanzas.sort();
            stanzas
        };
        indexes.iter().map(sorted).collect()
    };
    let before = stanzas(&archive);
    let contents = |archive: &TestArchive| {
        std::fs::read(archive.root().join("dists/open/main/Contents-amd64.gz")).unwrap()
    };
    let (list, paths) = (told(&archive), contents(&archive));
    let date = |archive: &TestArchive| {
        archive_tests::index::stanza(&archive.read("dists/open/Release"))["date"].clone()
    };
    let published = date(&archive);
    lose_catalog(&archive);

    let run = archive.repogen(&["rebuild"]).ok();
    assert_eq!(run.stdout, "open\trebuilt\t3\t1\nsecret\trebuilt\t1\t1\n");
    assert_eq!(told(&archive), list);

    archive.publish();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
    assert_ne!(date(&archive), published);
    assert_eq!(stanzas(&archive), before);
    // Rebuilt from the packages, with the same result.
    assert_eq!(contents(&archive), paths);
    assert_eq!(archive.publish().stdout, "open\tunchanged\nsecret\tunchanged\n");
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
    // What a pinned state alone holds stays.
    archive.repogen(&["prune"]).ok();
    assert!(
        archive
            .root()
            .join("pool/main/h/hello/hello_1.0_amd64.deb")
            .exists()
    );
    // And the identities of what stands somewhere are taken again.
    let path = hello("1.0")
        .file("usr/bin/other", "")
        .write_into(&archive.outside());
    Run::of(archive.command(&["add", "--suite", "open"]).arg(path)).exits(1);
}

#[test]
fn what_the_settings_say_of_a_package_does_not_become_its_own() {
    let archive = TestArchive::init(&["--suite", "stable"]);
    archive.add(&[hello("1.0").field("Section", "misc")]);
    archive.configure_last_suite("[suite.overrides]\nhello = { section = \"games\" }");
    archive.publish();
    assert!(
        archive
            .index("dists/stable/main/binary-amd64/Packages")
            .contains("Section: games\n")
    );
    lose_catalog(&archive);
    archive.repogen(&["rebuild"]).ok();
    archive.configure("section = \"games\"", "priority = \"extra\"");
    archive.publish();
    assert!(
        archive
            .index("dists/stable/main/binary-amd64/Packages")
            .contains("Section: misc\n")
    );
}

#[test]
fn a_catalog_that_can_be_read_is_left_alone() {
    let archive = archive();
    let run = archive.repogen(&["rebuild"]).exits(1);
    assert!(
        run.stderr.contains("there is nothing to rebuild") && run.stderr.contains("hint: "),
        "{}",
        run.report()
    );
}

#[test]
fn a_catalog_that_cannot_be_read_is_set_aside() {
    let archive = archive();
    let list = told(&archive);
    lose_catalog(&archive);
    std::fs::write(
        archive.root().join("catalog.db"),
        "no database at all, and long enough to be seen as none",
    )
    .unwrap();
    let run = archive.repogen(&["rebuild"]).ok();
    assert!(run.stderr.contains("catalog.db.broken-"), "{}", run.report());
    assert_eq!(told(&archive), list);
}

#[test]
fn packages_that_are_missing_or_changed_are_told_and_the_others_come_back() {
    let archive = TestArchive::init(&["--suite", "stable"]);
    archive.add(&[hello("1.0"), hello("1.1"), hello("1.2")]);
    archive.publish();
    let deb = |version: &str| {
        archive
            .root()
            .join(format!("pool/main/h/hello/hello_{version}_amd64.deb"))
    };
    std::fs::remove_file(deb("1.0")).unwrap();
    let mut bytes = std::fs::read(deb("1.1")).unwrap();
    bytes.push(b'\n');
    std::fs::remove_file(deb("1.1")).unwrap();
    std::fs::write(deb("1.1"), bytes).unwrap();
    std::fs::copy(deb("1.2"), archive.root().join("pool/main/h/hello/stray.deb")).unwrap();
    // The chunks of the lost time stay: they must not hide that packages are gone.
    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        let _ = std::fs::remove_file(archive.root().join(name));
    }

    let run = archive.repogen(&["rebuild"]).exits(1);
    assert_eq!(run.stdout, "stable\trebuilt\t1\t0\n");
    for (version, what) in [("1.0", "no such file"), ("1.1", "the index says")] {
        let line = run
            .stderr
            .lines()
            .find(|line| line.starts_with(&format!("pool/main/h/hello/hello_{version}_amd64.deb: ")));
        assert!(line.is_some_and(|line| line.contains(what)), "{}", run.report());
    }
    // The changed one and the stray one.
    assert!(
        run.stderr
            .contains("left in place in the pool: 2 files that no index lists"),
        "{}",
        run.report()
    );
    assert!(deb("1.1").exists());
    archive.publish();
    let index = archive.index("dists/stable/main/binary-amd64/Packages");
    assert_eq!(index.matches("Package: ").count(), 1, "{index}");
    assert!(index.contains("Version: 1.2\n"));
}

#[test]
fn what_other_keys_signed_is_not_believed() {
    let archive = TestArchive::init(&["--suite", "stable"]);
    archive.add(&[hello("1.0")]);
    archive.publish();
    let other = TestArchive::init(&["--suite", "stable"]);
    other.add(&[hello("6.6")]);
    other.publish();
    lose_catalog(&archive);
    for name in ["InRelease", "Release", "Release.gpg"] {
        let path = format!("dists/stable/{name}");
        std::fs::copy(other.root().join(&path), archive.root().join(&path)).unwrap();
    }
    let run = archive.repogen(&["rebuild"]).exits(1);
    assert!(
        run.stderr.contains("dists/stable/InRelease: "),
        "{}",
        run.report()
    );
    assert_eq!(run.stdout, "stable\trebuilt\t0\t0\n");
}

#[test]
fn where_inrelease_is_damaged_release_and_its_signature_are_believed() {
    let archive = TestArchive::init(&["--suite", "stable"]);
    archive.add(&[hello("1.0")]);
    archive.publish();
    let dists = archive.root().join("dists/stable");
    for damage in [Some("cut off"), None] {
        lose_catalog(&archive);
        match damage {
            Some(text) => std::fs::write(dists.join("InRelease"), text).unwrap(),
            None => std::fs::remove_file(dists.join("InRelease")).unwrap(),
        }
        let run = archive.repogen(&["rebuild"]).ok();
        assert_eq!(run.stdout, "stable\trebuilt\t1\t0\n");
        archive.publish();
        archive.repogen(&["verify"]).ok();
    }
    lose_catalog(&archive);
    std::fs::remove_file(dists.join("InRelease")).unwrap();
    let release = archive.read("dists/stable/Release").replace("Suite:", "suite:");
    std::fs::write(dists.join("Release"), release).unwrap();
    let run = archive.repogen(&["rebuild"]).exits(1);
    assert_eq!(run.stdout, "stable\trebuilt\t0\t0\n");
}

#[test]
fn an_index_that_is_broken_is_read_from_another_of_its_forms() {
    let archive = TestArchive::init(&["--suite", "stable", "--architecture", "amd64"]);
    archive.add(&[hello("1.0")]);
    archive.publish();
    lose_catalog(&archive);
    let folder = archive.root().join("dists/stable/main/binary-amd64");
    std::fs::remove_dir_all(folder.join("by-hash")).unwrap();
    std::fs::write(folder.join("Packages.zst"), "broken").unwrap();
    std::fs::remove_file(folder.join("Packages.xz")).unwrap();
    assert_eq!(
        archive.repogen(&["rebuild"]).ok().stdout,
        "stable\trebuilt\t1\t0\n"
    );
}

#[test]
fn a_backup_that_is_older_than_what_is_served_loses_nothing_that_came_after_it() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0"), DebBuilder::new("removed", "1", "all")]);
    archive.account("jane", &["--role", "maintainer"]);
    archive.publish();
    back_up(&archive);
    archive.add(&[hello("2.0"), DebBuilder::new("later", "1", "all")]);
    archive.repogen(&["remove", "removed"]).ok();
    archive.publish();
    let served = archive.read("dists/stable/InRelease");

    lose_catalog(&archive);
    restore_catalog(&archive);

    for command in [&["publish"][..], &["publish", "--force"], &["prune"]] {
        let run = archive.repogen(command);
        let says = run.stderr.contains("2 packages that the catalog never had")
            && run.stderr.contains("repogen rebuild");
        assert!(run.code == 3 && says, "{command:?}: {}", run.report());
    }
    assert_eq!(archive.read("dists/stable/InRelease"), served);
    let rebuilt = archive.repogen(&["rebuild"]).ok();
    assert_eq!(rebuilt.stdout, "stable\trebuilt\t3\t0\n");
    archive.publish();
    archive.repogen(&["verify"]).ok();
    let names = archive.repogen(&["list"]).ok().stdout;
    let names: Vec<&str> = names.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(names, ["hello", "hello", "later"]);
    let again = archive.repogen(&["rebuild"]);
    assert!(
        again.code == 1 && again.stderr.contains("nothing to rebuild"),
        "{}",
        again.report()
    );
    // What only a backup has is there.
    archive.token("jane", &["upload:stable/*"]);
}

#[test]
fn what_was_uploaded_after_a_backup_was_restored_stays_in_its_suite() {
    let archive = TestArchive::init(&["--component", "main", "--component", "extra"]);
    archive.add(&[hello("1.0")]);
    archive.publish();
    let other = DebBuilder::new("other", "1", "all").write_into(&archive.outside());
    Run::of(archive.command(&["add", "--component", "extra"]).arg(other)).ok();
    archive.configure(r#"["main", "extra"]"#, r#"["main"]"#);
    let publish = || archive.repogen(&["publish", "--drop"]).ok();
    publish();
    let catalog = archive.root().join("catalog.db");
    let copy = std::fs::read(&catalog).unwrap();
    archive.repogen(&["remove", "hello"]).ok();
    archive.add(&[hello("2.0")]);
    publish();
    std::fs::write(&catalog, copy).unwrap();

    // What comes in the second of the Date may be in what is served.
    let release = std::fs::metadata(archive.root().join("dists/stable/InRelease")).unwrap();
    let next = release.modified().unwrap() + Duration::from_secs(1);
    std::thread::sleep(next.duration_since(SystemTime::now()).unwrap_or_default());
    archive.add(&[DebBuilder::new("fresh", "1", "all")]);
    assert_eq!(archive.repogen(&["publish"]).code, 3);
    archive.repogen(&["rebuild"]).ok();
    publish();
    let held = archive.repogen(&["list"]).ok().stdout;
    let held: Vec<String> = held
        .lines()
        .map(|line| line.split('\t').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(held, ["fresh 1", "hello 2.0", "other 1"]);
    let index = archive.index("dists/stable/main/binary-amd64/Packages");
    assert!(index.contains("Package: fresh\n"), "{index}");
}

#[test]
fn what_was_removed_after_a_backup_does_not_come_back() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0"), DebBuilder::new("removed", "1", "all")]);
    archive.publish();
    let catalog = archive.root().join("catalog.db");
    let copy = std::fs::read(&catalog).unwrap();
    archive.repogen(&["remove", "removed"]).ok();
    archive.publish();
    std::fs::write(&catalog, copy).unwrap();
    for command in ["publish", "prune"] {
        let run = archive.repogen(&[command]);
        let says = run.stderr.contains("such as `removed 1`") && run.stderr.contains("repogen rebuild");
        assert!(run.code == 3 && says, "{}", run.report());
    }
    archive.repogen(&["rebuild"]).ok();
    archive.publish();
    let index = archive.index("dists/stable/main/binary-amd64/Packages");
    assert!(!index.contains("Package: removed\n"), "{index}");
}

#[test]
fn a_snapshot_that_was_pinned_after_the_backup_stays_with_its_packages() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    back_up(&archive);
    archive.add(&[DebBuilder::new("pinned", "1", "all")]);
    archive.publish();
    let id = archive.repogen(&["snapshot", "create"]).ok().stdout;
    let id = id.split_whitespace().next().unwrap().to_owned();
    archive.repogen(&["remove", "pinned"]).ok();
    archive.add(&[hello("2.0")]);
    archive.publish();

    lose_catalog(&archive);
    restore_catalog(&archive);

    archive.repogen(&["prune"]).exits(3);
    let rebuilt = archive.repogen(&["rebuild"]).ok();
    assert_eq!(rebuilt.stdout, "stable\trebuilt\t2\t1\n");
    archive.publish();
    archive.repogen(&["prune"]).ok();
    archive.repogen(&["verify"]).ok();
    let shown = archive.repogen(&["snapshot", "show", &id]).ok();
    assert!(shown.stdout.contains("pinned"), "{}", shown.report());
    let now = archive.repogen(&["list"]).ok().stdout;
    assert!(!now.contains("pinned") && now.contains("2.0"), "{now}");
}

#[test]
fn a_catalog_that_lost_a_snapshot_prunes_nothing_before_it_is_rebuilt() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    let id = archive.repogen(&["snapshot", "create"]).ok().stdout;
    let id = id.split_whitespace().next().unwrap();
    archive.change_catalog("delete from pinned");
    let run = archive.repogen(&["prune"]).exits(3);
    assert!(
        run.stderr.contains(id) && run.stderr.contains("repogen rebuild"),
        "{}",
        run.report()
    );
    let run = archive.repogen(&["verify"]).exits(1);
    assert!(
        run.stdout.contains(&format!("snapshots/{id}/dists/stable")),
        "{}",
        run.report()
    );
    let rebuilt = archive.repogen(&["rebuild"]).ok();
    assert_eq!(rebuilt.stdout, "stable\trebuilt\t1\t1\n");
    archive.publish();
    archive.repogen(&["prune"]).ok();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn an_empty_file_is_a_lost_catalog() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    archive.repogen(&["snapshot", "create"]).ok();
    lose_catalog(&archive);
    std::fs::write(archive.root().join("catalog.db"), "").unwrap();
    let rebuilt = archive.repogen(&["rebuild"]).ok();
    assert_eq!(rebuilt.stdout, "stable\trebuilt\t1\t1\n");
    archive.publish();
    archive.repogen(&["verify"]).ok();
}
