//! The main job: a package goes in, and the machine's own apt installs it over HTTP without one word of complaint.

use archive_tests::{Apt, DebBuilder, Nginx, Run, TestArchive, apt};
use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Arguments for an archive that this machine can install from.
fn native(more: &[&str]) -> Vec<String> {
    let native = apt::native_architecture();
    let mut arguments = vec![
        "--origin".to_owned(),
        "Example".to_owned(),
        "--architecture".to_owned(),
        native,
    ];
    arguments.extend(more.iter().map(|&word| word.to_owned()));
    arguments
}

/// Makes and serves an archive with one suite, `stable`, that holds `hello` and what it depends on.
fn served_hello() -> (TestArchive, Nginx) {
    served_with(&native(&[]))
}

fn served_with(arguments: &[String]) -> (TestArchive, Nginx) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (archive, nginx) = TestArchive::served(&arguments);
    archive.add(&[hello("1.0"), greeting()]);
    archive.publish();
    (archive, nginx)
}

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, &apt::native_architecture())
        .depends("libgreeting++ (>= 1:2)")
        .file("usr/bin/hello", format!("#!/bin/sh\necho hello {version}\n"))
}

/// An `all` package with an epoch, a tilde and plus signs: what has to survive the way through file names and addresses.
fn greeting() -> DebBuilder {
    DebBuilder::new("libgreeting++", "1:2.0~rc1+b1", "all").file("usr/share/greeting/text", "hello\n")
}

fn run_installed(apt: &Apt) -> String {
    Run::of(&mut Command::new(apt.system().join("usr/bin/hello")))
        .ok()
        .stdout
}

#[test]
fn apt_updates_and_installs_in_silence() {
    let (archive, _nginx) = served_hello();
    let apt = Apt::new(&archive.read("stable.sources"));
    apt.update().silent();
    apt.install(&["hello"]).silent();
    assert_eq!(run_installed(&apt), "hello 1.0\n");
    assert_eq!(
        fs::read_to_string(apt.system().join("usr/share/greeting/text")).unwrap(),
        "hello\n"
    );
}

#[test]
fn apt_fetches_the_indexes_by_hash_and_falls_back_on_nothing() {
    let (archive, nginx) = served_hello();
    Apt::new(&archive.read("stable.sources")).update().silent();
    let log = nginx.access_log();
    assert!(log.iter().all(|access| access.status == 200), "{log:#?}");
    let indexes: Vec<&str> = log
        .iter()
        .map(|access| access.path.as_str())
        .filter(|path| path.contains("/binary-"))
        .collect();
    assert!(!indexes.is_empty(), "{log:#?}");
    assert!(
        indexes.iter().all(|path| path.contains("/by-hash/SHA256/")),
        "{indexes:#?}"
    );
}

#[test]
fn a_second_update_is_one_conditional_request() {
    let (archive, nginx) = served_hello();
    let apt = Apt::new(&archive.read("stable.sources"));
    apt.update().silent();
    let before = nginx.access_log().len();
    apt.update().silent();
    let log = nginx.access_log();
    let asked: Vec<(&str, u16)> = log[before..]
        .iter()
        .map(|access| (access.path.as_str(), access.status))
        .collect();
    assert_eq!(asked, [("/dists/stable/InRelease", 304)]);
}

#[test]
fn an_upgrade_arrives_with_the_next_publish() {
    let (archive, _nginx) = served_hello();
    let apt = Apt::new(&archive.read("stable.sources"));
    apt.update().silent();
    apt.install(&["hello"]).silent();
    archive.add(&[hello("1.1")]);
    archive.publish();
    apt.update().silent();
    apt.install(&["hello"]).silent();
    assert_eq!(run_installed(&apt), "hello 1.1\n");
}

#[test]
fn a_removed_package_is_gone_with_the_next_publish() {
    let (archive, _nginx) = served_hello();
    let apt = Apt::new(&archive.read("stable.sources"));
    archive.repogen(&["remove", "hello"]).ok();
    archive.publish();
    apt.update().silent();
    apt.install(&["hello"]).refused("Unable to locate package hello");
}

#[test]
fn an_empty_suite_is_silent() {
    let arguments = native(&[]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (archive, _nginx) = TestArchive::served(&arguments);
    Apt::new(&archive.read("stable.sources")).update().silent();
}

#[test]
fn a_foreign_architecture_of_the_client_is_silent_when_it_is_listed() {
    let native_name = apt::native_architecture();
    let (archive, _nginx) = served_with(&native(&["--architecture", "i386"]));
    // Without the `Architectures` field of the entry apt asks for every architecture that it is set up for.
    let sources = without_field(&archive.read("stable.sources"), "Architectures");
    Apt::with_architectures(&sources, &[&native_name, "i386"])
        .update()
        .silent();
}

#[test]
fn a_foreign_architecture_that_is_not_listed_is_noticed() {
    // The control of the test above: this apt does speak up.
    let native_name = apt::native_architecture();
    let (archive, _nginx) = served_hello();
    let sources = without_field(&archive.read("stable.sources"), "Architectures");
    let update = Apt::with_architectures(&sources, &[&native_name, "i386"]).update();
    assert!(
        update.complaints().iter().any(|line| line.contains("i386")),
        "{}",
        update.run.report()
    );
}

#[test]
fn the_alias_of_a_suite_serves_as_well_as_its_codename() {
    let native = native(&["--suite", "bookworm"]);
    let arguments: Vec<&str> = native.iter().map(String::as_str).collect();
    let (archive, _nginx) = TestArchive::served(&arguments);
    archive.configure_last_suite("suite = \"stable\"");
    archive.add(&[hello("1.0"), greeting()]);
    archive.publish();
    let sources = archive.read("bookworm.sources");
    let sources: String = sources
        .lines()
        .map(|line| {
            if line.starts_with("Suites:") {
                "Suites: stable\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    let apt = Apt::new(&sources);
    apt.update().silent();
    apt.install(&["hello"]).silent();
}

#[test]
fn translations_and_contents_are_silent_when_they_are_asked_for() {
    let (archive, nginx) = served_hello();
    archive.configure_last_suite("translations = true\ncontents = \"always\"");
    let described = hello("1.1").field("Description", "short\n It is long, too.");
    archive.add(&[described]);
    archive.publish();
    let apt = Apt::new(&archive.read("stable.sources"));
    let targets = [
        "-o",
        "Acquire::Languages=en",
        "-o",
        "Acquire::IndexTargets::deb::Contents-deb::MetaKey=$(COMPONENT)/Contents-$(ARCHITECTURE)",
        "-o",
        "Acquire::IndexTargets::deb::Contents-deb::Description=$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents",
        "-o",
        "Acquire::IndexTargets::deb::Contents-deb::ShortDescription=Contents-$(ARCHITECTURE)",
    ];
    apt.apt(&[&["update"], &targets[..]].concat()).silent();
    let log = nginx.access_log();
    assert!(log.iter().all(|access| access.status == 200), "{log:#?}");
    // InRelease, Packages, Translation-en, Contents.
    assert_eq!(log.len(), 4, "{log:#?}");
    let show = Run::of(
        apt.command("apt-cache")
            .args(["show", "hello", "-o", "Acquire::Languages=en"]),
    )
    .ok()
    .stdout;
    assert!(show.contains("It is long, too."), "{show}");
}

#[test]
fn gpgv_accepts_both_signed_forms_with_the_published_keyring() {
    let (archive, _nginx) = served_hello();
    let keyring = archive.root().join("archive-keyring.pgp");
    let release = archive.root().join("dists/stable");
    let gpgv = |files: &[&str]| {
        let files = files.iter().map(|file| release.join(file));
        Run::of(Command::new("gpgv").arg("--keyring").arg(&keyring).args(files))
    };
    gpgv(&["InRelease"]).ok();
    gpgv(&["Release.gpg", "Release"]).ok();
}

#[test]
fn an_archive_that_was_not_signed_again_in_time_is_refused() {
    let (archive, _nginx) = served_hello();
    archive.configure_last_suite("valid_for = \"1s\"");
    archive.repogen(&["publish", "--force"]).ok();
    let release = archive.root().join("dists/stable/InRelease");
    assert!(archive.read("dists/stable/InRelease").contains("\nValid-Until: "));
    // The clock has to pass what was promised; a little over two seconds after the file was written it has.
    let written = fs::metadata(release).unwrap().modified().unwrap();
    let expiry = written + Duration::from_millis(2200);
    std::thread::sleep(expiry.duration_since(SystemTime::now()).unwrap_or_default());
    Apt::new(&archive.read("stable.sources"))
        .update()
        .refused("is expired");
}

#[test]
fn one_changed_byte_in_the_signed_file_is_refused() {
    let (archive, _nginx) = served_hello();
    let path = archive.root().join("dists/stable/InRelease");
    let text = archive.read("dists/stable/InRelease");
    fs::write(path, text.replacen("Origin: Example", "Origin: Exbmple", 1)).unwrap();
    let update = Apt::new(&archive.read("stable.sources")).update();
    assert!(
        update
            .complaints()
            .iter()
            .any(|line| line.contains("not signed") || line.contains("BADSIG")),
        "{}",
        update.run.report()
    );
    assert_ne!(update.run.code, 0, "{}", update.run.report());
}

#[test]
fn another_archives_key_is_refused() {
    let (archive, _nginx) = served_hello();
    let other = TestArchive::init(&["--url", "http://127.0.0.1:1"]);
    let sources = archive.read("stable.sources");
    let key = field(&sources, "Signed-By");
    let sources = sources.replace(&key, &field(&other.read("stable.sources"), "Signed-By"));
    let update = Apt::new(&sources).update();
    assert_ne!(update.run.code, 0, "{}", update.run.report());
}

#[test]
fn a_changed_package_is_refused() {
    let (archive, _nginx) = served_hello();
    let apt = Apt::new(&archive.read("stable.sources"));
    apt.update().silent();
    let deb = archive
        .root()
        .join("pool/main/libg/libgreeting++/libgreeting++_2.0~rc1+b1_all.deb");
    let mut bytes = fs::read(&deb).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    // A pool file is written once and may be read-only.
    fs::remove_file(&deb).unwrap();
    fs::write(&deb, bytes).unwrap();
    apt.install(&["hello"]).refused("Hash Sum mismatch");
}

/// Returns a deb822 field with its continuation lines.
fn field(text: &str, name: &str) -> String {
    let start = text
        .find(&format!("{name}:"))
        .unwrap_or_else(|| panic!("no {name} in:\n{text}"));
    let mut end = start;
    for (number, line) in text[start..].split_inclusive('\n').enumerate() {
        if number > 0 && !line.starts_with([' ', '\t']) {
            break;
        }
        end += line.len();
    }
    text[start..end].to_owned()
}

fn without_field(text: &str, name: &str) -> String {
    match text.contains(&format!("{name}:")) {
        true => text.replace(&field(text, name), ""),
        false => text.to_owned(),
    }
}
