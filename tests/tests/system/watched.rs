//! `repogen watch`: what changes goes live by itself, and what is dropped is taken or told why not.

use archive_tests::{DebBuilder, Run, TestArchive, Watching};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

fn package(name: &str, version: &str) -> DebBuilder {
    DebBuilder::new(name, version, "amd64").file(&format!("usr/share/{name}/version"), version)
}

/// Returns the versions of a package that clients are offered.
fn live(archive: &TestArchive, name: &str) -> Vec<String> {
    // As a client finds it: by what the signed file names.
    let folder = archive.root().join("dists/stable");
    let Ok(release) = fs::read_to_string(folder.join("InRelease")) else {
        return Vec::new();
    };
    let line = release
        .lines()
        .find(|line| line.ends_with(" main/binary-amd64/Packages.gz"));
    let digest = line
        .and_then(|line| line.split_whitespace().next())
        .unwrap()
        .to_owned();
    let index = folder.join("main/binary-amd64/by-hash/SHA256").join(digest);
    let text = Run::of(Command::new("gzip").arg("-dc").arg(index)).ok().stdout;
    let of_it = |stanza: &&str| stanza.lines().any(|line| line == format!("Package: {name}"));
    let version = |stanza: &str| {
        stanza
            .lines()
            .find_map(|line| line.strip_prefix("Version: "))
            .map(str::to_owned)
    };
    text.split("\n\n").filter(of_it).filter_map(version).collect()
}

fn incoming(archive: &TestArchive, folder: &str) -> PathBuf {
    let folder = archive.root().join("incoming").join(folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Drops a package as upload programs do: written elsewhere, then renamed.
fn drop_whole(archive: &TestArchive, folder: &str, package: &DebBuilder) -> PathBuf {
    let written = package.write_into(&archive.outside());
    let target = incoming(archive, folder).join(package.file_name());
    fs::rename(written, &target).unwrap();
    target
}

#[track_caller]
fn until_live(watching: &mut Watching, archive: &TestArchive, name: &str, version: &str) {
    watching.until(&format!("{name} {version} is live"), |_| {
        live(archive, name).iter().any(|found| found == version)
    });
}

/// Ends the watch and checks what it leaves.
#[track_caller]
fn ends_well(watching: Watching, archive: &TestArchive) -> Run {
    let run = watching.stop().ok();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
    run
}

#[test]
fn a_package_that_is_moved_in_goes_live_and_leaves_the_folder() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    let dropped = drop_whole(&archive, "stable/main", &package("hello", "1.0"));
    until_live(&mut watching, &archive, "hello", "1.0");
    watching.until("the file is gone", |_| !dropped.exists());
    let run = ends_well(watching, &archive);
    assert!(
        run.stdout.contains("stable\tpublished\t1\t1\t0\t"),
        "{}",
        run.report()
    );
    assert!(
        run.stderr
            .contains("added incoming/stable/main/hello_1.0_amd64.deb"),
        "{}",
        run.report()
    );
}

#[test]
fn a_file_that_is_still_written_is_waited_for() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    let slow = package("slow", "1.0");
    let bytes = slow.build();
    let mut file = File::create(incoming(&archive, "stable/main").join(slow.file_name())).unwrap();
    file.write_all(&bytes[..bytes.len() / 2]).unwrap();
    drop_whole(&archive, "stable/main", &package("quick", "1.0"));
    until_live(&mut watching, &archive, "quick", "1.0");
    assert!(!archive.root().join("incoming/rejected").exists());
    file.write_all(&bytes[bytes.len() / 2..]).unwrap();
    drop(file);
    until_live(&mut watching, &archive, "slow", "1.0");
    let run = ends_well(watching, &archive);
    assert!(!run.stderr.contains("rejected"), "{}", run.report());
}

#[test]
fn what_lay_there_before_is_taken() {
    let archive = TestArchive::new();
    drop_whole(&archive, "stable/main", &package("hello", "1.0"));
    let mut watching = Watching::start(&archive);
    until_live(&mut watching, &archive, "hello", "1.0");
    ends_well(watching, &archive);
}

#[test]
fn an_alias_is_a_folder_too_and_so_is_one_that_is_made_later() {
    let archive = TestArchive::new();
    archive.configure_last_suite("suite = \"current\"");
    let mut watching = Watching::start(&archive);
    drop_whole(&archive, "current/main", &package("hello", "1.0"));
    until_live(&mut watching, &archive, "hello", "1.0");
    drop_whole(&archive, "current/main", &package("hello", "1.1"));
    until_live(&mut watching, &archive, "hello", "1.1");
    ends_well(watching, &archive);
}

#[test]
fn what_is_refused_is_kept_with_the_reason_beside_it() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    let rejected = archive.root().join("incoming/rejected");
    let reason = |name: &str| fs::read_to_string(rejected.join(name)).unwrap_or_default();
    let cases = [
        (
            "unstable/main",
            "a",
            "no suite `unstable` in repogen.toml, which has stable",
        ),
        (
            "stable/contrib",
            "b",
            "no component `contrib` in suite `stable`, which has main",
        ),
        ("stable", "c", "put it into incoming/stable/COMPONENT/"),
    ];
    for (folder, name, why) in cases {
        let dropped = drop_whole(&archive, folder, &package(name, "1.0"));
        let kept = rejected.join(dropped.file_name().unwrap());
        watching.until(&format!("{name} is rejected"), |_| kept.exists());
        let reason = reason(&format!("{name}_1.0_amd64.deb.reason"));
        assert!(
            reason.contains(why) && reason.contains(&format!("from: incoming/{folder}/")),
            "{reason}"
        );
        assert!(!dropped.exists());
    }
    for number in ["", ".2"] {
        fs::write(incoming(&archive, "stable/main").join("broken.deb"), "no package").unwrap();
        watching.until("a broken file is rejected", |_| {
            rejected.join(format!("broken.deb{number}")).exists()
        });
        assert!(reason(&format!("broken.deb{number}.reason")).contains("rejected: "));
    }
    assert!(live(&archive, "a").is_empty());
    ends_well(watching, &archive);
}

#[test]
fn other_bytes_under_a_known_identity_are_refused() {
    let archive = TestArchive::new();
    archive.add(&[package("hello", "1.0")]);
    let mut watching = Watching::start(&archive);
    drop_whole(
        &archive,
        "stable/main",
        &package("hello", "1.0").file("usr/share/other", "x"),
    );
    let kept = archive.root().join("incoming/rejected/hello_1.0_amd64.deb");
    watching.until("it is rejected", |_| kept.exists());
    let run = ends_well(watching, &archive);
    assert!(
        run.stderr.contains("give the changed package a new version"),
        "{}",
        run.report()
    );
}

#[test]
fn nothing_that_is_no_file_is_followed_and_other_files_stay() {
    let archive = TestArchive::new();
    let secret = archive.outside().join("secret.deb");
    fs::create_dir_all(archive.outside()).unwrap();
    fs::write(&secret, package("secret", "1.0").build()).unwrap();
    let main = incoming(&archive, "stable/main");
    let link = main.join("link.deb");
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    std::os::unix::fs::symlink(archive.outside(), archive.root().join("incoming/stable/linked")).unwrap();
    let pipe = main.join("pipe.deb");
    Run::of(Command::new("mkfifo").arg(&pipe)).ok();
    let note = main.join("note.txt");
    fs::write(&note, "hello").unwrap();
    let mut watching = Watching::start(&archive);
    drop_whole(&archive, "stable/main", &package("hello", "1.0"));
    until_live(&mut watching, &archive, "hello", "1.0");
    let run = ends_well(watching, &archive);
    assert!(link.is_symlink() && pipe.exists() && note.exists() && secret.exists());
    assert!(live(&archive, "secret").is_empty());
    for name in ["main/link.deb", "linked", "main/pipe.deb"] {
        let line = format!("passed over incoming/stable/{name}: ");
        assert_eq!(run.stderr.matches(&line).count(), 1, "{line}\n{}", run.report());
    }
}

#[test]
fn what_another_process_changes_goes_live_by_itself() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    archive.add(&[package("hello", "1.0")]);
    until_live(&mut watching, &archive, "hello", "1.0");
    archive.repogen(&["remove", "hello"]).ok();
    watching.until("hello is gone", |_| live(&archive, "hello").is_empty());
    ends_well(watching, &archive);
}

#[test]
fn many_changes_are_few_publishes() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    let count = 40;
    for number in 0..count {
        drop_whole(
            &archive,
            "stable/main",
            &package(&format!("package-{number}"), "1.0"),
        );
    }
    let total = format!("stable\tpublished\t{count}\t");
    watching.until("all are live", |watching| watching.stdout().contains(&total));
    let run = ends_well(watching, &archive);
    let publishes = run.stdout.matches("\tpublished\t").count();
    assert!(publishes <= count / 2, "{publishes} publishes\n{}", run.report());
}

#[test]
fn it_ends_well_while_it_is_busy_and_the_next_one_goes_on() {
    let archive = TestArchive::new();
    let watching = Watching::start(&archive);
    for number in 0..30 {
        drop_whole(
            &archive,
            "stable/main",
            &package(&format!("package-{number}"), "1.0"),
        );
    }
    ends_well(watching, &archive);
    let mut watching = Watching::start(&archive);
    until_all_live(&mut watching, &archive, 30);
    ends_well(watching, &archive);
}

#[test]
fn nothing_is_lost_or_doubled_when_it_is_killed() {
    let archive = TestArchive::new();
    let mut number = 0;
    for round in 1..=4 {
        let mut watching = Watching::start(&archive);
        for _ in 0..10 {
            drop_whole(
                &archive,
                "stable/main",
                &package(&format!("package-{number}"), "1.0"),
            );
            number += 1;
        }
        // At another moment of its work each time.
        watching.until("some are taken", |watching| {
            watching.stderr().matches("added ").count() >= round
        });
        watching.kill();
    }
    let mut watching = Watching::start(&archive);
    until_all_live(&mut watching, &archive, number);
    ends_well(watching, &archive);
    assert_eq!(archive.repogen(&["list"]).ok().rows().len(), number);
    assert!(!archive.root().join("incoming/rejected").exists());
}

/// Waits until that many packages are live, and their files are gone.
#[track_caller]
fn until_all_live(watching: &mut Watching, archive: &TestArchive, count: usize) {
    let folder = incoming(archive, "stable/main");
    watching.until("every package is live, and its file gone", |_| {
        let live_now = (0..count).all(|number| live(archive, &format!("package-{number}")) == ["1.0"]);
        live_now && fs::read_dir(&folder).unwrap().next().is_none()
    });
}

#[test]
fn a_release_is_signed_again_before_its_validity_ends() {
    let archive = TestArchive::new();
    archive.configure_last_suite("valid_for = \"6s\"");
    let mut watching = Watching::start(&archive);
    for _ in 0..2 {
        let before = archive.read("dists/stable/InRelease");
        watching.until("it is signed again", |_| {
            archive.read("dists/stable/InRelease") != before
        });
    }
    ends_well(watching, &archive);
}

#[test]
fn a_changed_configuration_is_used_and_a_broken_one_is_not() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    let good = archive.read("repogen.toml");
    archive.configure_last_suite("no_such_key = 1");
    watching.until("it is told", |watching| watching.stderr().contains("no_such_key"));
    // The settings of before stay in use.
    drop_whole(&archive, "stable/main", &package("hello", "1.0"));
    until_live(&mut watching, &archive, "hello", "1.0");

    fs::write(
        archive.root().join("repogen.toml"),
        good.replace("[\"main\"", "[\"main\", \"extra\""),
    )
    .unwrap();
    watching.until("the new component is live", |_| {
        archive
            .read("dists/stable/InRelease")
            .contains("extra/binary-amd64/Packages.gz")
    });
    watching.until("it has a folder", |_| {
        archive.root().join("incoming/stable/extra").is_dir()
    });
    drop_whole(&archive, "stable/extra", &package("more", "1.0"));
    watching.until("a package goes there", |_| {
        archive
            .root()
            .join("pool/extra/m/more/more_1.0_amd64.deb")
            .exists()
    });
    ends_well(watching, &archive);
}

#[test]
fn it_does_not_start_with_a_broken_configuration() {
    let archive = TestArchive::new();
    archive.configure_last_suite("no_such_key = 1");
    let run = archive.repogen(&["watch"]).exits(2);
    assert!(run.stderr.contains("no_such_key"), "{}", run.report());
}

#[test]
fn one_suite_that_cannot_be_published_does_not_hold_the_others() {
    let archive = TestArchive::init(&["--suite", "stable", "--suite", "testing"]);
    let folder = archive.root().join("dists/testing");
    let aside = archive.root().with_file_name("testing");
    fs::rename(&folder, &aside).unwrap();
    fs::write(&folder, "in the way").unwrap();
    let mut watching = Watching::start(&archive);
    watching.until("it is told", |watching| {
        watching.stderr().contains("suite `testing` is tried again")
    });
    drop_whole(&archive, "stable/main", &package("hello", "1.0"));
    until_live(&mut watching, &archive, "hello", "1.0");
    fs::remove_file(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    watching.until("it is all right again", |watching| {
        watching.stderr().contains("suite `testing` is all right again")
    });
    let run = ends_well(watching, &archive);
    assert_eq!(
        run.stderr.matches("suite `testing` is tried again").count(),
        1,
        "{}",
        run.report()
    );
}

#[test]
fn one_watch_runs_on_an_archive() {
    let archive = TestArchive::new();
    let watching = Watching::start(&archive);
    let run = archive.repogen(&["watch"]).exits(3);
    assert!(run.stderr.contains("state/watch.lock"), "{}", run.report());
    ends_well(watching, &archive);
}

#[test]
fn other_commands_publish_beside_it() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    for version in ["1.0", "1.1", "1.2"] {
        archive.add(&[package("hello", version)]);
        archive.publish();
    }
    until_live(&mut watching, &archive, "hello", "1.2");
    ends_well(watching, &archive);
}

#[test]
fn retention_is_applied() {
    let archive = TestArchive::new();
    archive.add(&[package("hello", "1.0")]);
    let stray = archive.root().join("pool/main/h/hello/hello_9.9_amd64.deb");
    fs::write(&stray, "stray").unwrap();
    let mut watching = Watching::start(&archive);
    watching.until("what nothing names is gone", |watching| {
        watching
            .stdout()
            .contains("deleted\tpool/main/h/hello/hello_9.9_amd64.deb\t")
    });
    assert!(!stray.exists());
    ends_well(watching, &archive);
}

#[test]
fn packages_of_the_installer_stay_in_the_folder_and_those_for_debuggers_are_taken() {
    let archive = TestArchive::new();
    let main = incoming(&archive, "stable/main");
    let udeb = main.join("hello-udeb_1.0_amd64.udeb");
    fs::write(&udeb, package("hello-udeb", "1.0").build()).unwrap();
    let written = package("hello-dbgsym", "1.0").write_into(&archive.outside());
    let dropped = main.join("hello-dbgsym_1.0_amd64.ddeb");
    fs::rename(written, &dropped).unwrap();
    let odd = drop_whole(&archive, "stable/main", &package("MyTool", "1.0"));
    let mut watching = Watching::start(&archive);
    until_live(&mut watching, &archive, "hello-dbgsym", "1.0");
    watching.until("the odd name is refused", |_| !odd.exists());
    let run = ends_well(watching, &archive);
    assert!(udeb.exists() && !dropped.exists());
    let line = "passed over incoming/stable/main/hello-udeb_1.0_amd64.udeb: packages of the installer";
    assert_eq!(run.stderr.matches(line).count(), 1, "{}", run.report());
    assert!(run.stderr.contains("--allow-odd-names"), "{}", run.report());
    assert!(live(&archive, "hello-udeb").is_empty() && live(&archive, "MyTool").is_empty());
}
