//! When the disk, the clock or the operator plays a trick: an error that says so, and what is published stays as it was.

use archive_tests::WriteDeb as _;
use archive_tests::{Apt, DebBuilder, Run, TestArchive, apt};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, &apt::native_architecture()).file("usr/bin/hello", "#!/bin/sh\n")
}

/// Returns the content of every file below some folders of the archive.
fn files(root: &Path, folders: &[&str]) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut todo: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

/// Runs a script in a mount namespace of its own, where it may mount what it likes. `None` when the test is skipped.
fn with_mounts(archive: &TestArchive, script: &str) -> Option<Run> {
    let namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-euc", script]);
        command
            .current_dir(archive.root())
            .env("LC_ALL", "C.UTF-8")
            .env("REPOGEN", archive_tests::archive::repogen());
        Run::of(&mut command)
    };
    let allowed = namespace("mount -t tmpfs tmpfs .").code == 0;
    if !allowed {
        archive_tests::skip("mounts in a user namespace");
    }
    allowed.then(|| namespace(script))
}

#[test]
fn a_read_only_disk_is_named_and_nothing_changes() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let deb = hello("1.1").write_into(&archive.outside());
    let before = files(&archive.root(), &["dists", "pool"]);
    for command in [
        format!("add '{}'", deb.display()),
        "publish".to_owned(),
        "remove hello".to_owned(),
    ] {
        let script = format!(
            "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && exec \"$REPOGEN\" {command}"
        );
        let Some(run) = with_mounts(&archive, &script) else {
            return;
        };
        assert_eq!(run.code, 3, "{}", run.report());
        assert!(
            run.stderr.to_lowercase().contains("read-only") || run.stderr.contains("readonly"),
            "{}",
            run.report()
        );
    }
    assert_eq!(files(&archive.root(), &["dists", "pool"]), before);
    archive.publish();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn what_only_reads_works_on_a_read_only_disk() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    archive.repogen(&["snapshot", "create"]).ok();
    for command in [
        "list",
        "show hello",
        "verify",
        "check",
        "doctor",
        "snapshot list",
        "key list",
    ] {
        let script = format!(
            "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && exec \"$REPOGEN\" {command}"
        );
        let Some(run) = with_mounts(&archive, &script) else {
            return;
        };
        let elsewhere = archive.repogen(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(
            without_free_space(&run.stdout),
            without_free_space(&elsewhere.stdout)
        );
        assert_eq!(run.code, 0, "{}", run.report());
    }
    // What a killed program left in the log is not passed over.
    for name in ["catalog.db-wal", "catalog.db-shm"] {
        let _ = fs::remove_file(archive.root().join(name));
    }
    fs::write(archive.root().join("catalog.db-wal"), "changes").unwrap();
    let script = "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && exec \"$REPOGEN\" list";
    let run = with_mounts(&archive, script).expect("it was allowed before");
    assert!(
        run.code == 3 && run.stderr.contains("mounted read-only"),
        "{}",
        run.report()
    );
}

/// What a command printed, without the line in which `doctor` counts the free space: whatever else runs on the machine changes it.
fn without_free_space(printed: &str) -> Vec<&str> {
    printed
        .lines()
        .filter(|line| !line.starts_with("ok\tspace\t"))
        .collect()
}

#[test]
fn a_full_disk_is_named_and_what_is_published_stays_valid() {
    let archive = TestArchive::empty();
    let random: Vec<u8> = (0..12_000_000_u32)
        .map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let big = hello("2.0")
        .file("usr/share/hello/noise", random)
        .compressed(archive_tests::Compression::None, archive_tests::Compression::None);
    let (small, big) = (
        hello("1.0").write_into(&archive.outside()),
        big.write_into(&archive.outside()),
    );
    let script = format!(
        "mount -t tmpfs -o size=6m tmpfs . && cd \"$PWD\" && export REPOGEN_ROOT=\"$PWD\"
         \"$REPOGEN\" init && \"$REPOGEN\" add '{small}' && \"$REPOGEN\" publish
         cp -a dists ../before
         code=0; \"$REPOGEN\" add '{big}' >../said 2>&1 || code=$?
         [ $code != 0 ] || exit 41
         grep -qi 'no space' ../said || {{ cat ../said; exit 42; }}
         diff -r dists ../before || exit 43
         [ $(find pool -name '*.deb' | wc -l) = 1 ] || exit 44
         # To the last block: now not even an index can be written.
         dd if=/dev/zero of=filler bs=4096 2>/dev/null || true
         code=0; \"$REPOGEN\" publish --force >../said 2>&1 || code=$?
         [ $code = 3 ] || {{ cat ../said; exit 45; }}
         diff -r dists ../before || exit 46
         rm filler
         \"$REPOGEN\" publish --force && \"$REPOGEN\" verify",
        small = small.display(),
        big = big.display()
    );
    if let Some(run) = with_mounts(&archive, &script) {
        run.ok();
    }
}

#[test]
fn publishes_within_one_second_all_reach_a_client() {
    let (archive, _nginx) = TestArchive::served(&["--architecture", &apt::native_architecture()]);
    let apt = Apt::new(&archive.read("stable.sources"));
    for version in ["1.0", "1.1", "1.2", "1.3"] {
        archive.add(&[hello(version)]);
        archive.publish();
        // apt asks whether the file is newer than the one it has, by the second.
        apt.update().silent();
        let versions = Run::of(apt.command("apt-cache").args(["madison", "hello"]))
            .ok()
            .stdout;
        assert!(versions.contains(version), "{version} is missing:\n{versions}");
    }
}

#[test]
fn a_clock_that_was_set_back_is_named_and_nothing_changes() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    archive.add(&[hello("1.1")]);
    let before = files(&archive.root(), &["dists"]);
    let an_hour_ago = |arguments: &[&str]| {
        let mut command = Command::new("faketime");
        command
            .args(["-f", "-1h"])
            .arg(archive_tests::archive::repogen())
            .args(arguments);
        Run::of(command.current_dir(archive.root()))
    };
    let run = an_hour_ago(&["publish"]).exits(3);
    assert!(run.stderr.contains("clock"), "{}", run.report());
    assert_eq!(files(&archive.root(), &["dists"]), before);
    // With the right time it goes on.
    assert_eq!(archive.publish().rows()[0][1], "published");
}

#[test]
fn a_suite_that_was_published_ahead_of_the_clock_is_dated_anew_when_asked() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.repogen_at("+1y", &["publish"]).ok();
    let ahead = archive.read("dists/stable/InRelease");
    // Although nothing changed: clients refuse what is served.
    for command in [&["publish"][..], &["publish", "--force"]] {
        let run = archive.repogen(command).exits(3);
        assert!(run.stderr.contains("ahead of"), "{}", run.report());
        assert!(run.stderr.contains("--redate"), "{}", run.report());
    }
    assert_eq!(archive.read("dists/stable/InRelease"), ahead);
    let run = archive.repogen(&["publish", "--redate"]).ok();
    assert_eq!(run.rows()[0][1], "published");
    archive.repogen(&["verify"]).ok();
    // From here on, Dates rise from the present one.
    archive.add(&[hello("1.1")]);
    assert_eq!(archive.publish().rows()[0][1], "published");
    archive.repogen(&["verify"]).ok();
    // Without such a Date it does what --force does, and the Date goes on rising.
    archive.repogen(&["publish", "--redate"]).ok();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_folder_that_is_no_archive_is_named() {
    let archive = TestArchive::empty();
    for command in [&["publish"][..], &["list"], &["verify"]] {
        let run = archive.repogen(command);
        assert!(matches!(run.code, 2 | 3), "{}", run.report());
        assert!(
            run.stderr.contains("repogen.toml") && run.stderr.contains("repogen init"),
            "{}",
            run.report()
        );
    }
}

#[test]
fn a_refused_package_leaves_nothing_behind() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let before = files(&archive.root(), &["pool", "state", "dists"])
        .into_keys()
        .collect::<Vec<_>>();
    let cut = archive.outside().join("cut_1.0_amd64.deb");
    let bytes = DebBuilder::new("cut", "1.0", "amd64")
        .file("usr/share/cut/x", vec![7; 100_000])
        .build();
    fs::write(&cut, &bytes[..bytes.len() - 20]).unwrap();
    let run = archive.repogen(&["add", &cut.display().to_string()]).exits(1);
    assert!(
        run.stdout.contains("data.tar.gz"),
        "the message names the member\n{}",
        run.report()
    );
    assert_eq!(
        files(&archive.root(), &["pool", "state", "dists"])
            .into_keys()
            .collect::<Vec<_>>(),
        before
    );
    assert!(!archive.repogen(&["list"]).ok().stdout.contains("cut"));
}

#[test]
fn relations_that_apt_cannot_parse_are_refused_with_the_field_named() {
    let archive = TestArchive::new();
    let run = archive.try_add(&[hello("1.0").depends("foo (bar")]).exits(1);
    assert!(run.stdout.contains("Depends"), "{}", run.report());
}
