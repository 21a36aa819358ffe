//! `repogen move`.

use archive_catalog::testing::TestServer;
use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, Run, TestArchive};

fn package(name: &str, version: &str) -> DebBuilder {
    DebBuilder::new(name, version, "all").file(&format!("usr/share/{name}/hello"), "hello")
}

/// An archive with packages, an account, a pinned state and records in its audit log.
fn filled() -> TestArchive {
    let archive = TestArchive::new();
    archive.configure_last_suite("suite = \"prod\"");
    archive.account("root", &["--role", "admin"]);
    archive.add(&[package("hello", "1.0~rc1"), package("other", "2.0")]);
    archive.publish();
    archive.repogen(&["snapshot", "create"]).ok();
    archive.add(&[package("third", "1.0")]);
    archive.publish();
    archive
}

/// Returns a command of the same home on another database and in another folder.
fn on(archive: &TestArchive, database: &str, storage: &str, arguments: &[&str]) -> Run {
    let mut command = archive.command(arguments);
    Run::of(command.env("DATABASE_URL", database).env("STORAGE_URL", storage))
}

#[test]
fn an_archive_goes_to_a_server_and_a_folder_and_back_with_all_that_it_holds() {
    let archive = filled();
    let list = archive.repogen(&["list", "--json"]).ok().stdout;
    let snapshots = archive.repogen(&["snapshot", "list"]).ok().stdout;
    let inrelease = archive.read("dists/stable/InRelease");
    let database = TestServer::shared().url();
    let folder = archive.outside().join("files");
    let storage = folder.to_str().unwrap().to_owned();
    let arguments = ["move", "--database", &database, "--storage", &storage];
    let told = archive.repogen(&[&arguments[..], &["--dry-run"]].concat()).ok();
    assert!(
        told.stdout.contains("to copy") && !folder.exists(),
        "{}",
        told.report()
    );
    let moved = archive.repogen(&arguments).ok();
    assert!(moved.stderr.contains("DATABASE_URL="), "{}", moved.report());
    // Again, as after an interruption.
    archive.repogen(&arguments).ok();

    assert_eq!(
        on(&archive, &database, &storage, &["list", "--json"]).ok().stdout,
        list
    );
    assert_eq!(
        on(&archive, &database, &storage, &["snapshot", "list"])
            .ok()
            .stdout,
        snapshots
    );
    assert_eq!(
        std::fs::read_to_string(folder.join("dists/prod/InRelease")).unwrap(),
        inrelease
    );
    assert_eq!(on(&archive, &database, &storage, &["verify"]).ok().stdout, "");
    let unchanged = on(&archive, &database, &storage, &["publish"]).ok();
    assert!(
        unchanged.stdout.starts_with("stable\tunchanged"),
        "{}",
        unchanged.report()
    );

    let back = archive.outside().join("back");
    let file = format!("sqlite:{}", archive.outside().join("back.db").display());
    let arguments = ["move", "--database", &file, "--storage", back.to_str().unwrap()];
    on(&archive, &database, &storage, &arguments).ok();
    assert_eq!(
        on(&archive, &file, back.to_str().unwrap(), &["list", "--json"])
            .ok()
            .stdout,
        list
    );
    assert_eq!(
        on(&archive, &file, back.to_str().unwrap(), &["verify"])
            .ok()
            .stdout,
        ""
    );
    // The source is as it was.
    assert_eq!(archive.repogen(&["list", "--json"]).ok().stdout, list);
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn the_catalog_of_another_archive_is_not_written_over() {
    let archive = filled();
    let other = TestArchive::new();
    other.account("jane", &["--role", "admin"]);
    other.add(&[package("unlike", "1.0")]);
    let catalog = format!("sqlite:{}", other.root().join("catalog.db").display());
    let refused = archive.repogen(&["move", "--database", &catalog]).exits(1);
    assert!(refused.stderr.contains("another archive"), "{}", refused.report());
    let listed = other.repogen(&["list"]).ok();
    assert!(listed.stdout.starts_with("unlike\t"), "{}", listed.report());
    assert!(
        archive
            .repogen(&["move", "--storage", "."])
            .exits(1)
            .stderr
            .contains("already")
    );
    archive.repogen(&["move"]).exits(2);
    archive.repogen(&["move", "--storage", "ftp://host"]).exits(2);
}

#[test]
fn what_moved_on_after_a_move_is_not_written_over_by_what_was_left() {
    let archive = filled();
    let moved = format!("sqlite:{}", archive.outside().join("moved.db").display());
    archive.repogen(&["move", "--database", &moved]).ok();
    let file = package("later", "1.0").write_into(&archive.outside());
    on(&archive, &moved, "", &["add", file.to_str().unwrap()]).ok();
    let list = on(&archive, &moved, "", &["list"]).ok().stdout;
    assert!(list.contains("later"), "{list}");
    let refused = archive.repogen(&["move", "--database", &moved]).exits(1);
    assert!(refused.stderr.contains("another archive"), "{}", refused.report());
    assert_eq!(on(&archive, &moved, "", &["list"]).ok().stdout, list);

    // Without a record in the audit log, too.
    let (one, other) = (TestArchive::new(), TestArchive::new());
    other.add(&[package("unlike", "1.0")]);
    let catalog = format!("sqlite:{}", other.root().join("catalog.db").display());
    one.repogen(&["move", "--database", &catalog]).exits(1);
    assert!(other.repogen(&["list"]).ok().stdout.starts_with("unlike\t"));
}
