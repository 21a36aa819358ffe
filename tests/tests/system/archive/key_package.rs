//! The package that brings the keys to machines: made, taken, installed and upgraded through a rotation.

use archive_tests::{Apt, DebBuilder, Run, TestArchive, apt};
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "example-archive-keyring";

fn served() -> (TestArchive, archive_tests::Nginx) {
    TestArchive::served(&[
        "--architecture",
        &apt::native_architecture(),
        "--origin",
        "Example",
    ])
}

/// Makes the package of the keys of now.
fn make(archive: &TestArchive) -> PathBuf {
    let folder = archive.outside();
    let maintainer = ["--maintainer", "Example <apt@example.org>"];
    let run = archive
        .repogen(&[&["key", "package", folder.to_str().unwrap()], &maintainer[..]].concat())
        .ok();
    PathBuf::from(run.stdout.trim())
}

fn make_and_publish(archive: &TestArchive) -> PathBuf {
    let package = make(archive);
    archive.repogen(&["add", package.to_str().unwrap()]).ok();
    archive.publish();
    package
}

/// Lets apt trust what the package installed, and nothing else, as the guide says.
fn trust_the_package(apt: &Apt) -> PathBuf {
    let entry = apt.system().join(format!("usr/share/{PACKAGE}/stable.sources"));
    let text = std::fs::read_to_string(entry).unwrap();
    let installed = format!("/usr/share/keyrings/{PACKAGE}.pgp");
    assert!(text.contains(&format!("Signed-By: {installed}\n")), "{text}");
    // This apt installs below a folder.
    let keyring = apt.system().join(installed.trim_start_matches('/'));
    let text = text.replace(&installed, keyring.to_str().unwrap());
    std::fs::write(apt.path("etc/apt/sources.list.d/test.sources"), text).unwrap();
    keyring
}

fn fingerprints(keyring: &Path) -> Vec<String> {
    let shown = Run::of(
        Command::new("gpg")
            .args(["--no-default-keyring", "--with-colons", "--show-keys"])
            .arg(keyring),
    )
    .ok();
    let lines = shown.stdout.lines().filter(|line| line.starts_with("fpr:"));
    lines
        .map(|line| line.trim_matches(':').rsplit(':').next().unwrap().to_owned())
        .collect()
}

#[test]
fn an_upgrade_brings_the_new_key_and_the_next_takes_the_old_one_away() {
    let (archive, _nginx) = served();
    make_and_publish(&archive);
    let left_behind = Apt::new(&archive.read("stable.sources"));
    let machine = Apt::new(&archive.read("stable.sources"));
    machine.update().silent();
    machine.install(&[PACKAGE]).run.ok();
    let keyring = trust_the_package(&machine);
    machine.update().silent();
    let old = fingerprints(&keyring);

    archive.repogen(&["key", "rotate"]).ok();
    make_and_publish(&archive);
    machine.update().silent();
    machine.apt(&["upgrade", "--yes"]).run.ok();
    let both = fingerprints(&keyring);
    assert!(both.len() == 2 && both.contains(&old[0]), "{old:?} {both:?}");

    archive.repogen(&["key", "rotate", "--finish"]).ok();
    make_and_publish(&archive);
    machine.update().silent();
    machine.apt(&["upgrade", "--yes"]).run.ok();
    let new = fingerprints(&keyring);
    assert!(
        new.len() == 1 && both.contains(&new[0]) && new != old,
        "{both:?} {new:?}"
    );
    machine.update().silent();
    let complaints = left_behind.update();
    assert!(
        complaints
            .complaints()
            .iter()
            .any(|line| line.contains("NO_PUBKEY")),
        "a machine without the package has to notice\n{}",
        complaints.run.report()
    );
}

#[test]
fn lintian_finds_no_error_in_it() {
    let (archive, _nginx) = served();
    let package = make(&archive);
    let run = Run::of(
        Command::new("lintian")
            .args(["--allow-root", "--tag-display-limit", "0", "--fail-on", "error"])
            .arg(&package),
    );
    assert!(run.code == 0 && !run.stdout.contains("E: "), "{}", run.report());
}

#[test]
fn the_same_keys_give_the_same_package_and_a_file_with_others_is_not_replaced() {
    let (archive, _nginx) = served();
    let package = make(&archive);
    assert_eq!(make(&archive), package);
    archive.repogen(&["key", "rotate"]).ok();
    let folder = archive.outside();
    let arguments = [
        "key",
        "package",
        folder.to_str().unwrap(),
        "--maintainer",
        "E <a@example.org>",
    ];
    let run = archive.repogen(&arguments).exits(1);
    assert!(
        run.stderr.contains("exists, with other content"),
        "{}",
        run.report()
    );
    archive.repogen(&["add", package.to_str().unwrap()]).ok();
    assert_ne!(make(&archive), package);
}

#[test]
fn private_suites_are_in_it_only_where_they_are_named() {
    let (archive, _nginx) = served();
    archive.configure_last_suite("private = true");
    archive.add(&[DebBuilder::new("hello", "1.0", &apt::native_architecture())]);
    let files = |package: &Path| {
        Run::of(Command::new("dpkg-deb").arg("-c").arg(package))
            .ok()
            .stdout
    };
    let unnamed = files(&make(&archive));
    assert!(
        unnamed.contains("keyrings/") && !unnamed.contains("stable"),
        "{unnamed}"
    );
    let folder = archive.outside().join("named");
    let maintainer = "Example <apt@example.org>";
    let arguments = [
        "key",
        "package",
        folder.to_str().unwrap(),
        "--suite",
        "stable",
        "--maintainer",
        maintainer,
    ];
    let run = archive.repogen(&arguments).ok();
    let named = files(Path::new(run.stdout.trim()));
    assert!(
        named.contains(&format!("./usr/share/{PACKAGE}/stable.sources")),
        "{named}"
    );
}

#[test]
fn without_a_host_name_somebody_has_to_be_named() {
    let (archive, _nginx) = served();
    let folder = archive.outside();
    let run = archive
        .repogen(&["key", "package", folder.to_str().unwrap()])
        .exits(2);
    assert!(run.stderr.contains("--maintainer"), "{}", run.report());
}

#[test]
fn what_else_has_the_name_of_the_package_is_neither_read_nor_followed() {
    let (archive, _nginx) = served();
    let package = make(&archive);
    let maintainer = ["--maintainer", "Example <apt@example.org>"];
    let refused = || {
        let folder = archive.outside();
        let run = archive.repogen(&[&["key", "package", folder.to_str().unwrap()], &maintainer[..]].concat());
        let run = run.exits(1);
        assert!(run.stderr.contains("with other content"), "{}", run.report());
    };
    std::fs::remove_file(&package).unwrap();
    // Nobody writes into it: reading it would never end.
    Run::of(Command::new("mkfifo").arg(&package)).ok();
    refused();
    std::fs::remove_file(&package).unwrap();
    let elsewhere = archive.outside().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, &package).unwrap();
    refused();
    assert!(!elsewhere.exists());
    for name in ["Upper", "under_score", "../above"] {
        let folder = archive.outside();
        let arguments = [
            &["key", "package", "--name", name, folder.to_str().unwrap()],
            &maintainer[..],
        ];
        let run = archive.repogen(&arguments.concat()).exits(1);
        assert!(run.stderr.contains("cannot begin the name"), "{}", run.report());
    }
}
