//! What the commands promise to scripts: their lines, their exit codes and what they leave alone.

use archive_tests::{DebBuilder, Run, TestArchive};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

/// Returns the content and time of every file of a folder.
fn state(folder: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                let content = (fs::read(&path).unwrap(), metadata.modified().unwrap());
                files.insert(path.display().to_string(), content);
            }
        }
    }
    files
}

#[test]
fn init_makes_an_empty_signed_suite_that_gpgv_accepts() {
    let archive = TestArchive::new();
    let release = archive.read("dists/stable/Release");
    for line in ["Codename: stable", "Components: main", "Acquire-By-Hash: yes"] {
        assert!(
            release.lines().any(|found| found == line),
            "no `{line}` in:\n{release}"
        );
    }
    let architectures = release
        .lines()
        .find_map(|line| line.strip_prefix("Architectures: "))
        .unwrap();
    assert!(
        architectures.contains("amd64") && architectures.contains("arm64"),
        "{architectures}"
    );
    assert_eq!(archive.packages("stable", "main", "amd64"), []);
    let keyring = archive.root().join("archive-keyring.pgp");
    let signed = archive.root().join("dists/stable/InRelease");
    Run::of(Command::new("gpgv").arg("--keyring").arg(keyring).arg(signed)).ok();
}

#[test]
fn secret_keys_are_for_their_owner_only() {
    let archive = TestArchive::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    let keys = archive.root().join("keys");
    assert_eq!(mode(&keys), 0, "keys/");
    for entry in fs::read_dir(keys).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0, "{}", path.display());
    }
}

#[test]
fn init_refuses_to_overwrite() {
    let archive = TestArchive::new();
    let before = state(&archive.root());
    let again = archive.repogen(&["init"]);
    assert_ne!(again.code, 0, "{}", again.report());
    assert_eq!(state(&archive.root()), before);
}

#[test]
fn the_root_is_the_option_then_the_environment_then_the_working_directory() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let root = archive.root();
    let elsewhere = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], environment: Option<&Path>| {
        let mut command = archive.command(arguments);
        command.current_dir(elsewhere.path());
        if let Some(root) = environment {
            command.env("REPOGEN_ROOT", root);
        }
        Run::of(&mut command)
    };
    let root_text = root.display().to_string();
    assert!(
        run(&["--root", &root_text, "list"], None)
            .ok()
            .stdout
            .contains("hello")
    );
    assert!(run(&["list"], Some(&root)).ok().stdout.contains("hello"));
    assert!(
        run(&["--root", &root_text, "list"], Some(elsewhere.path()))
            .ok()
            .stdout
            .contains("hello")
    );
    assert_ne!(run(&["list"], None).code, 0);
}

#[test]
fn add_says_one_line_a_file_and_takes_what_is_good() {
    let archive = TestArchive::new();
    let good = hello("1.0").write_into(&archive.outside());
    let bad = archive.outside().join("broken_1.0_amd64.deb");
    fs::write(&bad, "not a package").unwrap();
    // Other files of a folder are passed over without a word.
    fs::write(archive.outside().join("README"), "text").unwrap();
    let folder = archive.outside().display().to_string();

    let first = archive.repogen(&["add", &folder]).exits(1);
    let mut rows = first.rows();
    rows.sort();
    let (good, bad) = (good.display().to_string(), bad.display().to_string());
    assert_eq!(rows.len(), 2, "{}", first.report());
    assert_eq!(rows[0], ["added", &good]);
    assert_eq!(rows[1][..2], ["rejected", &bad]);
    assert!(
        rows[1].get(2).is_some_and(|why| !why.is_empty()),
        "{}",
        first.report()
    );

    let again = archive.repogen(&["add", &good]).ok();
    assert_eq!(again.rows(), [["unchanged", &good]]);
}

#[test]
fn publish_says_one_line_a_suite() {
    let archive = TestArchive::init(&["--suite", "bookworm", "--suite", "trixie"]);
    let deb = hello("1.0").write_into(&archive.outside()).display().to_string();
    archive.repogen(&["add", "--suite", "trixie", &deb]).ok();
    let published = archive.publish();
    let rows = published.rows();
    assert_eq!(rows.len(), 2, "{}", published.report());
    assert_eq!(rows[0], ["bookworm", "unchanged"]);
    assert_eq!(rows[1][..5], ["trixie", "published", "1", "1", "0"]);
    assert!(rows[1][5].parse::<u64>().is_ok(), "{}", published.report());

    archive.repogen(&["remove", "--suite", "trixie", "hello"]).ok();
    let published = archive.repogen(&["publish", "--suite", "trixie"]).ok();
    assert_eq!(published.rows()[0][..5], ["trixie", "published", "0", "0", "1"]);
}

#[test]
fn publishing_twice_writes_nothing() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    let before = state(&archive.root().join("dists"));
    assert_eq!(archive.publish().rows(), [["stable", "unchanged"]]);
    assert_eq!(state(&archive.root().join("dists")), before);
}

#[test]
fn one_identity_has_one_content_for_ever() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let other = hello("1.0").file("etc/hello", "other bytes");
    let equal = hello("1.00");
    let rejected = |package: &DebBuilder| {
        let run = archive.try_add(std::slice::from_ref(package)).exits(1);
        assert_eq!(run.rows()[0][0], "rejected", "{}", run.report());
    };
    rejected(&other);
    // Another text of a version that dpkg calls equal.
    rejected(&equal);
    archive.repogen(&["remove", "hello"]).ok();
    rejected(&other);
    rejected(&equal);
    assert_eq!(
        archive.add(&[hello("1.0")]).rows()[0][0],
        "added",
        "the same bytes may come back"
    );
}

#[test]
fn a_command_that_needs_a_suite_asks_which_of_several() {
    let archive = TestArchive::init(&["--suite", "bookworm", "--suite", "trixie"]);
    let deb = hello("1.0").write_into(&archive.outside()).display().to_string();
    let run = archive.repogen(&["add", &deb]).exits(2);
    assert!(
        run.stderr.contains("bookworm") && run.stderr.contains("trixie"),
        "{}",
        run.report()
    );
}

#[test]
fn an_alias_is_taken_and_the_codename_printed() {
    let archive = TestArchive::init(&["--suite", "bookworm"]);
    archive.configure_last_suite("suite = \"stable\"");
    let deb = hello("1.0").write_into(&archive.outside()).display().to_string();
    archive.repogen(&["add", "--suite", "stable", &deb]).ok();
    let published = archive.repogen(&["publish", "--suite", "stable"]).ok();
    assert_eq!(published.rows()[0][..2], ["bookworm", "published"]);
    let link = fs::read_link(archive.root().join("dists/stable")).unwrap();
    assert_eq!(link, Path::new("bookworm"), "a relative link");
}

#[test]
fn list_and_show_print_one_package_object_a_line() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0").depends("libc6 (>= 2.28), aa | bb"), hello("1.1")]);
    for command in [&["list", "--json"][..], &["show", "hello", "--json"]] {
        let run = archive.repogen(command).ok();
        let objects: Vec<serde_json::Value> = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(objects.len(), 2, "{}", run.report());
        let object = objects.iter().find(|object| object["version"] == "1.0").unwrap();
        assert_eq!(object["name"], "hello");
        assert_eq!(object["architecture"], "amd64");
        assert_eq!(object["filename"], "pool/main/h/hello/hello_1.0_amd64.deb");
        assert_eq!(
            object["suites"],
            serde_json::json!([{"suite": "stable", "component": "main"}])
        );
        let libc = &object["dependencies"][0];
        assert_eq!(
            (&libc["name"], &libc["version"]),
            (&"libc6".into(), &">=2.28".into())
        );
        assert_eq!(libc["dependency_type"], "REQUIRES");
        assert_eq!(
            object["dependencies"][1]["alternatives"],
            serde_json::json!([{"name": "bb", "version": null}])
        );
    }
}

#[test]
fn show_of_a_name_that_is_not_there_fails() {
    let run = TestArchive::new().repogen(&["show", "nothing"]).exits(1);
    assert!(run.stderr.contains("nothing"), "{}", run.report());
}

#[test]
fn copy_takes_the_newest_version_into_another_suite() {
    let archive = TestArchive::init(&["--suite", "testing", "--suite", "stable"]);
    for version in ["1.0", "1.0~rc1", "0.9"] {
        let deb = hello(version)
            .write_into(&archive.outside())
            .display()
            .to_string();
        archive.repogen(&["add", "--suite", "testing", &deb]).ok();
    }
    archive
        .repogen(&["copy", "--from", "testing", "--to", "stable", "hello"])
        .ok();
    archive.publish();
    let versions = |suite: &str| -> Vec<String> {
        archive
            .packages(suite, "main", "amd64")
            .iter()
            .map(|stanza| stanza["version"].clone())
            .collect()
    };
    assert_eq!(versions("stable"), ["1.0"]);
    assert_eq!(versions("testing").len(), 3);
}

#[test]
fn remove_takes_one_version_or_one_architecture_or_all() {
    let archive = TestArchive::new();
    let for_arm = |version| DebBuilder::new("hello", version, "arm64");
    archive.add(&[hello("1.0"), hello("1.1"), for_arm("1.0"), for_arm("1.1")]);
    let left = || {
        archive.publish();
        ["amd64", "arm64"].map(|architecture| archive.packages("stable", "main", architecture).len())
    };
    archive
        .repogen(&["remove", "hello=1.0", "--architecture", "amd64"])
        .ok();
    assert_eq!(left(), [1, 2]);
    archive.repogen(&["remove", "hello=1.1"]).ok();
    assert_eq!(left(), [0, 1]);
    archive.repogen(&["remove", "hello"]).ok();
    assert_eq!(left(), [0, 0]);
    archive.repogen(&["remove", "hello"]).exits(1);
}

#[test]
fn an_unknown_key_of_the_configuration_is_named_with_its_line() {
    let archive = TestArchive::new();
    let before = state(&archive.root().join("dists"));
    archive.configure_last_suite("colour = \"blue\"");
    let text = archive.read("repogen.toml");
    let line = text.lines().position(|line| line.starts_with("colour")).unwrap() + 1;
    let run = archive.repogen(&["publish", "--force"]).exits(2);
    assert!(
        run.stderr.contains("colour") && run.stderr.contains(&line.to_string()),
        "{}",
        run.report()
    );
    assert_eq!(state(&archive.root().join("dists")), before);
}

#[test]
fn a_missing_signing_key_is_a_signing_failure_and_leaves_what_is_published() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let before = state(&archive.root().join("dists"));
    fs::rename(archive.root().join("keys"), archive.root().join("keys.away")).unwrap();
    archive.repogen(&["publish"]).exits(4);
    assert_eq!(state(&archive.root().join("dists")), before);
}

#[test]
fn a_backup_restores_what_the_catalog_held() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0"), hello("1.1")]);
    archive.repogen(&["remove", "hello=1.0"]).ok();
    let file = archive.outside().join("backup").display().to_string();
    archive.repogen(&["backup", &file]).ok();
    let before = archive.repogen(&["list", "--json"]).ok().stdout;
    // What a new machine has: the served tree, and nothing of how it was made.
    for name in [
        "catalog.db",
        "catalog.db-wal",
        "catalog.db-shm",
        "repogen.toml",
        "keys",
        "state",
    ] {
        let path = archive.root().join(name);
        let gone = if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
        // Those beside the catalog come and go.
        assert!(
            gone.is_ok() || name.starts_with("catalog.db-"),
            "{name}: {gone:?}"
        );
    }
    archive.repogen(&["restore", &file]).ok();
    assert_eq!(archive.repogen(&["list", "--json"]).ok().stdout, before);
    archive.repogen(&["publish", "--force"]).ok();
    archive.repogen(&["verify"]).ok();
    // What was removed keeps its identity.
    archive
        .try_add(&[hello("1.0").file("etc/x", "other bytes")])
        .exits(1);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let program = archive_tests::archive::repogen();
    let script = format!("set -o pipefail; '{}' list | true", program.display());
    Run::of(
        Command::new("bash")
            .arg("-c")
            .arg(script)
            .current_dir(archive.root()),
    )
    .ok();
}

#[test]
fn publishes_within_a_second_are_signed_by_the_clock_and_never_ahead_of_it() {
    let archive = TestArchive::init(&["--architecture", "amd64"]);
    let root = archive.root();
    let mut dates = std::collections::BTreeSet::new();
    for _ in 0..6 {
        archive.repogen(&["publish", "--force"]).ok();
        let text = archive.read("dists/stable/InRelease");
        let date = text.lines().find(|line| line.starts_with("Date: ")).unwrap();
        assert!(dates.insert(date.to_owned()), "`{date}` was there before");
        // What apt of Debian 13 and later verifies with: a signature of the future is not live yet to it.
        Run::of(
            Command::new("sqv")
                .arg("--keyring")
                .arg(root.join("archive-keyring.pgp"))
                .arg(root.join("dists/stable/Release.gpg"))
                .arg(root.join("dists/stable/Release")),
        )
        .ok();
    }
}
