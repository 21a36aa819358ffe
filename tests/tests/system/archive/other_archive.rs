//! Settings that name the store or the database of another archive, or a store that is not there: nothing that is served changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use super::state;
use archive_tests::{DebBuilder, Run, TestArchive};

fn package(name: &str, version: &str) -> DebBuilder {
    DebBuilder::new(name, version, "amd64").file(&format!("usr/share/{name}"), version)
}

fn archive_with(suite: &str, packages: &[DebBuilder]) -> TestArchive {
    let archive = TestArchive::init(&["--suite", suite, "--architecture", "amd64"]);
    if !packages.is_empty() {
        archive.add(packages);
        archive.publish();
    }
    archive
}

/// Returns everything of an archive that clients can fetch.
fn served(archive: &TestArchive) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let root = archive.root();
    let mut served = state(&root);
    served.retain(|path, _| {
        let below = Path::new(path).strip_prefix(&root).unwrap();
        !below.starts_with("state") && !below.starts_with("keys") && !path.contains("catalog.db")
    });
    served
}

/// Returns `DATABASE_URL` of an archive.
fn database(archive: &TestArchive) -> String {
    let command = archive.command(&[]);
    let said = command
        .get_envs()
        .find_map(|(name, value)| (name == "DATABASE_URL").then_some(value?.to_str()?.to_owned()));
    said.unwrap_or_else(|| format!("sqlite:{}", archive.root().join("catalog.db").display()))
}

/// Runs what publishes and what deletes with wrong settings, and expects that each refuses and changes nothing.
fn refuse_all(of: &[&TestArchive], wrong: impl Fn(&mut Command) -> &mut Command, archive: &TestArchive) {
    for arguments in [
        &["publish"][..],
        &["publish", "--force"],
        &["prune"],
        &["prune", "--dry-run"],
    ] {
        let before: Vec<_> = of.iter().map(|archive| served(archive)).collect();
        let refused = Run::of(wrong(&mut archive.command(arguments))).exits(3);
        assert!(refused.stderr.contains("STORAGE_URL") || refused.stderr.contains("right database"));
        let after: Vec<_> = of.iter().map(|archive| served(archive)).collect();
        assert!(before == after, "{}", refused.report());
    }
}

#[test]
fn the_store_of_another_archive_is_left_alone() {
    let first = archive_with("stable", &[package("one", "1"), package("two", "1")]);
    sleep(Duration::from_millis(1_100));
    let second = archive_with("stable", &[package("one", "1")]);
    let same_name = [(&first, &second), (&second, &first)];
    for (there, archive) in same_name {
        let storage = there.root();
        refuse_all(
            &[there, archive],
            |command| command.env("STORAGE_URL", &storage),
            archive,
        );
        let mut dropping = archive.command(&["publish", "--drop"]);
        let refused = Run::of(dropping.env("STORAGE_URL", &storage)).exits(3);
        assert!(
            refused.stderr.contains("serves another archive"),
            "{}",
            refused.report()
        );
    }
    for packages in [&[][..], &[package("three", "1")]] {
        let other_name = archive_with("testing", packages);
        let storage = first.root();
        refuse_all(
            &[&first],
            |command| command.env("STORAGE_URL", &storage),
            &other_name,
        );
    }
    assert_eq!(first.repogen(&["verify"]).ok().stdout, "");
}

/// Has an archive sign with the key of another.
fn share_key(from: &TestArchive, to: &TestArchive) {
    let key = "keys/archive.pgp";
    fs::copy(from.home().join(key), to.home().join(key)).unwrap();
}

#[test]
fn no_suite_is_added_to_the_store_of_another_archive_of_the_same_key() {
    let first = archive_with("stable", &[package("one", "1"), package("two", "1")]);
    let second = archive_with("testing", &[]);
    share_key(&first, &second);
    let storage = first.root();
    let refuse = || {
        let wrong = |command: &mut Command| Run::of(command.env("STORAGE_URL", &storage)).exits(3);
        refuse_all(&[&first], |command| command.env("STORAGE_URL", &storage), &second);
        let refused = wrong(&mut second.command(&["publish", "--suite", "testing"]));
        assert!(
            refused.stderr.contains("serves another archive"),
            "{}",
            refused.report()
        );
    };
    refuse();
    // Nor where it has a suite of the same name, with packages of its own.
    second.configure("[[suite]]", "[[suite]]\ncodename = \"stable\"\n\n[[suite]]");
    refuse();
    assert_eq!(first.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn nothing_is_copied_over_another_archive_of_the_same_key() {
    let first = archive_with("stable", &[package("one", "1"), package("two", "1")]);
    let second = archive_with("testing", &[package("three", "1")]);
    share_key(&first, &second);
    second.publish();
    let before = served(&first);
    let there = first.root().display().to_string();
    for arguments in [["move", "--storage", &there], ["replicate", "--to", &there]] {
        let refused = second.repogen(&arguments).exits(1);
        assert!(refused.stderr.contains("another archive"), "{}", refused.report());
        assert!(before == served(&first));
    }
}

#[test]
fn a_suite_is_added_beside_one_whose_publish_was_not_recorded() {
    let archive = TestArchive::init(&["--suite", "stable", "--architecture", "amd64"]);
    archive.add(&[package("one", "1"), package("two", "1")]);
    archive.publish();
    // As a publisher that was killed after its last file left it.
    archive.change_catalog("update publication set inrelease_sha256 = (select sha256 from content limit 1)");
    archive.configure("[[suite]]", "[[suite]]\ncodename = \"new\"\n\n[[suite]]");
    archive.repogen(&["publish", "--suite", "new"]).ok();
    archive.publish();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn the_database_of_another_archive_takes_nothing_from_clients() {
    let first = archive_with("stable", &[package("one", "1"), package("two", "1")]);
    sleep(Duration::from_millis(1_100));
    let second = archive_with("stable", &[package("one", "1"), package("three", "1")]);
    for (there, archive) in [(&first, &second), (&second, &first)] {
        let database = database(there);
        refuse_all(
            &[archive],
            |command| command.env("DATABASE_URL", &database),
            archive,
        );
    }
    assert_eq!(first.repogen(&["verify"]).ok().stdout, "");
    assert_eq!(second.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn an_archive_whose_key_was_replaced_is_its_own_with_a_new_suite_too() {
    let archive = archive_with("stable", &[package("one", "1")]);
    fs::remove_file(archive.home().join("keys/archive.pgp")).unwrap();
    archive.repogen(&["key", "generate"]).ok();
    archive.configure("[[suite]]", "[[suite]]\ncodename = \"new\"\n\n[[suite]]");
    archive.publish();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn files_of_an_older_copy_are_brought_up_to_the_catalog() {
    let archive = archive_with("stable", &[package("one", "1"), package("two", "1")]);
    let copy = archive.outside().join("dists");
    Run::of(
        Command::new("cp")
            .arg("-a")
            .arg(archive.root().join("dists"))
            .arg(&copy),
    )
    .ok();
    archive.repogen(&["remove", "one"]).ok();
    for _ in 0..4 {
        archive.repogen(&["publish", "--force"]).ok();
    }
    // Nothing but its identity is left of what the copy names.
    archive.repogen_at("+30d", &["prune"]).ok();
    assert!(!archive.root().join("pool/main/o/one/one_1_amd64.deb").exists());
    fs::remove_dir_all(archive.root().join("dists")).unwrap();
    Run::of(
        Command::new("cp")
            .arg("-a")
            .arg(&copy)
            .arg(archive.root().join("dists")),
    )
    .ok();
    archive.repogen(&["prune"]).exits(3);
    archive.publish();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn nothing_is_published_into_a_store_that_is_not_there() {
    let archive = archive_with("stable", &[package("one", "1")]);
    let store = archive.outside().join("unmounted");
    let publish = |arguments: &[&str]| Run::of(archive.command(arguments).env("STORAGE_URL", &store));
    for arguments in [&["publish"][..], &["list"], &["prune"]] {
        let refused = publish(arguments).exits(3);
        assert!(
            refused.stderr.contains("of the archive's files does not exist"),
            "{}",
            refused.report()
        );
        assert!(!store.exists());
    }
    fs::create_dir_all(&store).unwrap();
    let refused = publish(&["publish"]).exits(3);
    assert!(refused.stderr.contains("one_1_amd64.deb"), "{}", refused.report());
    assert!(!store.join("dists").exists() && !store.join("archive-keyring.pgp").exists());
    publish(&["prune"]).exits(3);
}

#[test]
fn indexes_that_were_deleted_are_published_again() {
    let archive = archive_with("stable", &[package("one", "1")]);
    fs::remove_dir_all(archive.root().join("dists")).unwrap();
    let refused = archive.repogen(&["prune"]).exits(3);
    assert!(
        refused.stderr.contains("`repogen publish`"),
        "{}",
        refused.report()
    );
    archive.publish();
    archive.repogen(&["prune"]).ok();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn names_that_an_older_publish_wrote_over_are_written_again() {
    let archive = archive_with("stable", &[package("one", "1")]);
    let dists = archive.root().join("dists/stable");
    let stale = ["Release", "Release.gpg", "main/binary-amd64/Packages.gz"];
    let older: Vec<Vec<u8>> = stale
        .iter()
        .map(|name| fs::read(dists.join(name)).unwrap())
        .collect();
    archive.add(&[package("two", "1")]);
    archive.publish();
    for (name, bytes) in stale.iter().zip(older) {
        fs::write(dists.join(name), bytes).unwrap();
    }
    assert_eq!(archive.publish().rows()[0][1], "published");
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
    assert_eq!(archive.publish().rows()[0][1], "unchanged");
}

#[test]
fn a_suite_is_not_dropped_where_another_archive_of_the_same_key_serves_it() {
    let first = archive_with("stable", &[package("one", "1"), package("two", "1")]);
    sleep(Duration::from_millis(1_100));
    let second = archive_with("stable", &[package("one", "1")]);
    share_key(&first, &second);
    second.publish();
    second.configure("codename      = \"stable\"", "codename = \"fresh\"");
    second.repogen(&["publish"]).exits(1);
    // A store with suites of both, as one that both were published into.
    Run::of(
        Command::new("cp")
            .arg("-a")
            .arg(second.root().join("dists/fresh"))
            .arg(first.root().join("dists")),
    )
    .ok();
    let suite = |archive: &TestArchive| {
        let mut served = served(archive);
        served.retain(|path, _| path.contains("dists/stable") || path.contains("pool/"));
        served
    };
    let was = suite(&first);
    let mut dropping = second.command(&["publish", "--drop"]);
    let refused = Run::of(dropping.env("STORAGE_URL", first.root())).exits(3);
    assert!(
        refused.stderr.contains("is not what this catalog published"),
        "{}",
        refused.report()
    );
    assert!(was == suite(&first));
    let dropped = second.repogen(&["publish", "--drop"]).ok();
    assert!(
        dropped.stdout.ends_with("stable\tdropped\t1\n"),
        "{}",
        dropped.report()
    );
    assert!(!second.root().join("dists/stable").exists());
}
