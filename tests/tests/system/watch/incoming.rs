//! The drop folder: what is moved in is taken, or rejected with a reason.

use super::{drop_whole, ends_well, incoming, live, package, until_live};
use archive_tests::WriteDeb as _;
use archive_tests::{Run, TestArchive, Watching};
use std::fs;
use std::fs::File;
use std::io::Write as _;
use std::process::Command;

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
            "no suite `unstable` in repogen.toml, which lists stable",
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
        let line = format!("skipped incoming/stable/{name}: ");
        assert_eq!(run.stderr.matches(&line).count(), 1, "{line}\n{}", run.report());
    }
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
    let line = "skipped incoming/stable/main/hello-udeb_1.0_amd64.udeb: packages for the installer";
    assert_eq!(run.stderr.matches(line).count(), 1, "{}", run.report());
    assert!(run.stderr.contains("--allow-odd-names"), "{}", run.report());
    assert!(live(&archive, "hello-udeb").is_empty() && live(&archive, "MyTool").is_empty());
}
