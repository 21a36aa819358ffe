//! `repogen add` of what is no ordinary package: other files, odd names, fields that an archive hands on.

use archive_tests::WriteDeb as _;
use archive_tests::{Client, DebBuilder, Run, TestArchive};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn what_is_no_file_is_said_at_once_and_rejects_nothing_else() {
    let archive = TestArchive::new();
    let outside = archive.outside();
    let good = DebBuilder::new("hello", "1.0", "amd64").write_into(&outside);
    let [pipe, empty, dangling, udeb] =
        ["pipe.deb", "empty.deb", "dangling.deb", "hello_1.0_amd64.udeb"].map(|name| outside.join(name));
    Run::of(Command::new("mkfifo").arg(&pipe)).ok();
    fs::write(&empty, "").unwrap();
    symlink("nowhere.deb", &dangling).unwrap();
    fs::copy(&good, &udeb).unwrap();
    let installer = DebBuilder::new("installer", "1.0", "amd64").field("Package-Type", "udeb");
    let installer = installer.write_into(&outside);
    let missing = outside.join("missing.deb");
    let cases = [
        (text(&pipe), "it is a named pipe"),
        ("/dev/null".to_owned(), "it is not a regular file"),
        (text(&empty), "it is empty"),
        (text(&dangling), "it is a broken symbolic link"),
        (text(&udeb), "(.udeb) need a separate index"),
        (text(&installer), "`Package-Type: udeb`"),
        (text(&missing), "No such file"),
    ];
    let paths = cases.iter().map(|(path, _)| path.clone()).chain([text(&good)]);
    let run = Run::of(archive.command(&["add"]).args(paths)).exits(1);
    let rows = run.rows();
    assert_eq!(rows.len(), cases.len() + 1, "{}", run.report());
    for (path, why) in &cases {
        let said = rows
            .iter()
            .any(|row| row[0] == "rejected" && row[1] == path && row[2].contains(why));
        assert!(said, "{path}, {why}: {}", run.report());
    }
    assert!(
        rows.iter().any(|row| row[..2] == ["added", &text(&good)]),
        "{}",
        run.report()
    );
}

#[test]
fn a_folder_says_what_it_passed_over_and_is_searched_whatever_its_name() {
    let archive = TestArchive::new();
    let folder = archive.outside().join("x.deb");
    let debug = folder.join("deeper.deb");
    let good = DebBuilder::new("hello", "1.0", "amd64").write_into(&folder);
    let written = DebBuilder::new("hello-dbgsym", "1.0", "amd64").write_into(&debug);
    let ddeb = written.with_extension("ddeb");
    fs::rename(written, &ddeb).unwrap();
    for name in [
        "hello_1.0_amd64.udeb",
        "hello_1.0.dsc",
        "hello-1.0.rpm",
        "notes.txt",
    ] {
        fs::write(folder.join(name), "x").unwrap();
    }
    symlink(&good, folder.join("link.deb")).unwrap();
    Run::of(Command::new("mkfifo").arg(folder.join("pipe.deb"))).ok();
    let run = archive.repogen(&["add", &text(&folder)]).ok();
    let rows: BTreeSet<Vec<String>> = run
        .rows()
        .iter()
        .map(|row| row.iter().map(ToString::to_string).collect())
        .collect();
    let added = |path: &Path| vec!["added".to_owned(), text(path)];
    assert_eq!(
        rows,
        BTreeSet::from([added(&good), added(&ddeb)]),
        "{}",
        run.report()
    );
    for (name, why) in [
        ("hello_1.0_amd64.udeb", "need a separate index"),
        ("hello_1.0.dsc", "source package"),
        ("hello-1.0.rpm", "another system"),
        ("link.deb", "symbolic link"),
        ("pipe.deb", "named pipe"),
        ("deeper.deb", "the packages in it are added"),
    ] {
        let said = run
            .stderr
            .lines()
            .any(|line| line.starts_with("warning: skipped `") && line.contains(name) && line.contains(why));
        assert!(said, "{name}: {}", run.report());
    }
    assert!(!run.stderr.contains("notes.txt"), "{}", run.report());
}

/// Names that Debian's policy forbids and dpkg takes, and where their packages lie in the pool.
const ODD: [(&str, &str); 4] = [
    ("r", "pool/main/r/r/r_1.0_amd64.deb"),
    ("MyTool", "pool/main/M/MyTool/MyTool_1.0_amd64.deb"),
    ("a_b", "pool/main/a/a_b/a_b_1.0_amd64.deb"),
    ("lib_x", "pool/main/lib_/lib_x/lib_x_1.0_amd64.deb"),
];

#[test]
fn names_that_only_dpkg_takes_are_refused_until_they_are_asked_for() {
    let archive = TestArchive::new();
    for (name, _) in ODD {
        let refused = archive.try_add(&[DebBuilder::new(name, "1.0", "amd64")]).exits(1);
        let why = refused.rows()[0][2].to_owned();
        assert!(why.contains(&format!("invalid package name `{name}`")), "{why}");
        assert!(why.contains("--allow-odd-names"), "{why}");
    }
    let source = DebBuilder::new("fine", "1.0", "amd64").field("Source", "Odd");
    let refused = archive.try_add(&[source]).exits(1);
    assert!(refused.stdout.contains("`Odd`"), "{}", refused.report());
    assert_eq!(archive.repogen(&["list"]).ok().stdout, "");
    // What dpkg refuses stays refused.
    for name in ["-x", "a~b", "../x"] {
        let path = archive.outside().join("bad.deb");
        fs::write(&path, DebBuilder::new(name, "1.0", "amd64").build()).unwrap();
        archive
            .repogen(&["add", "--allow-odd-names", &text(&path)])
            .exits(1);
    }
}

#[test]
fn packages_with_odd_names_are_found_moved_published_and_installed() {
    let (archive, nginx) = TestArchive::served(&["--suite", "stable", "--suite", "other"]);
    for (name, pool) in ODD {
        let path = DebBuilder::new(name, "1.0", "amd64")
            .file(
                &format!("usr/bin/run-{name}"),
                format!("#!/bin/sh\necho {name}\n"),
            )
            .write_into(&archive.outside());
        let add = ["add", "--suite", "stable", "--allow-odd-names", &text(&path)];
        archive.repogen(&add).ok();
        assert!(archive.root().join(pool).is_file(), "{pool}");
        let shown = archive.repogen(&["show", name]).ok();
        assert!(shown.stdout.contains(name), "{}", shown.report());
        let copied = archive.repogen(&["copy", "--from", "stable", "--to", "other", name]);
        assert!(copied.ok().stdout.starts_with("added\t"), "{name}");
    }
    archive.publish();
    archive.repogen(&["verify"]).ok();
    let client = Client::new();
    let about: serde_json::Value = serde_json::from_str(&archive.read("repository.json")).unwrap();
    let fingerprint = about["fingerprints"][0].as_str().unwrap();
    let (url, suite) = (nginx.url(), ["--suite", "stable"]);
    client
        .run(&[&["source", "add", &url, "--fingerprint", fingerprint], &suite[..]].concat())
        .ok();
    client.run(&["update"]).ok();
    for (name, _) in ODD {
        client.run(&["install", "--yes", name]).ok();
        let ran = client.program(&format!("run-{name}"), &[]).ok();
        assert_eq!(ran.stdout, format!("{name}\n"));
    }
    // The catalog comes back with them.
    lose_catalog(&archive);
    archive.repogen(&["rebuild"]).ok();
    let listed = archive.repogen(&["list", "--suite", "other"]).ok();
    let names: BTreeSet<&str> = listed.rows().iter().map(|row| row[0]).collect();
    assert_eq!(names, ODD.iter().map(|(name, _)| *name).collect());
    for (name, _) in ODD {
        archive.repogen(&["remove", "--suite", "other", name]).ok();
    }
    assert_eq!(archive.repogen(&["list", "--suite", "other"]).ok().stdout, "");
}

#[test]
fn how_far_an_update_is_handed_out_stays_in_the_stanza() {
    let archive = TestArchive::init(&["--suite", "stable", "--suite", "other"]);
    archive.configure_last_suite("[suite.overrides]\nhello = { section = \"games\" }");
    let path = DebBuilder::new("hello", "1.0", "amd64")
        .field("Section", "misc")
        .field("Phased-Update-Percentage", "20")
        .write_into(&archive.outside());
    archive.repogen(&["add", "--suite", "stable", &text(&path)]).ok();
    archive
        .repogen(&["copy", "--from", "stable", "--to", "other", "hello"])
        .ok();
    let check = || {
        archive.publish();
        for (suite, section) in [("stable", "misc"), ("other", "games")] {
            let packages = archive.packages(suite, "main", "amd64");
            assert_eq!(packages.len(), 1, "{suite}");
            assert_eq!(packages[0]["phased-update-percentage"], "20", "{suite}");
            assert_eq!(packages[0]["section"], section, "{suite}");
        }
    };
    check();
    lose_catalog(&archive);
    archive.repogen(&["rebuild"]).ok();
    archive.repogen(&["publish", "--force"]).ok();
    check();
}

fn lose_catalog(archive: &TestArchive) {
    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        let _ = fs::remove_file(archive.root().join(name));
    }
    fs::remove_dir_all(archive.root().join("state")).unwrap();
}

#[test]
fn the_name_of_a_file_forges_no_other_line() {
    let archive = TestArchive::new();
    let outside = archive.outside();
    fs::create_dir_all(&outside).unwrap();
    let odd = outside.join("x\nadded\tforged_1.0_all.deb");
    fs::write(&odd, "no package").unwrap();
    let run = archive.repogen(&["add", odd.to_str().unwrap()]).exits(1);
    assert_eq!(run.rows().len(), 1, "{}", run.report());
    assert_eq!(run.rows()[0][0], "rejected");
}
