//! `cpkgs` with archives that other tools made: folders without suites, no `InRelease`, lists of files; and with keys that end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use apt_client::fetch::{Credentials, Fetcher};
use apt_client::lists::{self, Freshness, UpdateError, Updating};
use apt_client::source::Source;
use archive_tests::WriteDeb as _;
use archive_tests::{Client, DebBuilder, Gpg, Run, TestArchive};
use cpkgs::home::Home;

/// A folder of packages that apt-ftparchive indexes and gpg signs.
pub(crate) struct Foreign {
    folder: tempfile::TempDir,
    pub(crate) gpg: Gpg,
    key: String,
}

impl Foreign {
    pub(crate) fn new() -> Self {
        let gpg = Gpg::new();
        let key = gpg.key("ed25519", "");
        let folder = tempfile::tempdir().unwrap();
        Self { folder, gpg, key }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn url(&self) -> String {
        format!("file:{}", self.folder.path().display())
    }

    /// Writes the indexes of the packages in `folder` into it, and the Release with these options.
    fn index(&self, folder: &str, options: &[&str]) {
        let at = self.path(folder);
        let run = |arguments: &[&str]| {
            let mut command = Command::new("apt-ftparchive");
            Run::of(command.current_dir(&at).args(arguments)).ok().stdout
        };
        fs::write(at.join("Packages"), run(&["packages", "."])).unwrap();
        let release = run(&[options, &["release", "."]].concat());
        fs::write(at.join("Release"), release).unwrap();
    }

    /// Makes the folder an archive of one index, as it stands here, with a Release that lists it and says what else it should.
    pub(crate) fn publish(&self, packages: &[u8], release: &str) {
        self.publish_all(&[("Packages", packages)], release);
    }

    /// The same, with several indexes.
    pub(crate) fn publish_all(&self, indexes: &[(&str, &[u8])], release: &str) {
        let now = debian_control::release::format_date(cpkgs::machine::now());
        let mut text = format!("Date: {now}\n{release}SHA256:\n");
        for (name, index) in indexes {
            fs::write(self.path(name), index).unwrap();
            let digest = debian_control::digest::sha256(index);
            text.push_str(&format!(" {digest} {} {name}\n", index.len()));
        }
        fs::write(self.path("Release"), text).unwrap();
        self.sign(&["--clearsign"], &self.path("Release"), &self.path("InRelease"));
    }

    /// Signs a file as gpg is told to.
    pub(crate) fn sign(&self, how: &[&str], file: &Path, signed: &Path) {
        let _ = fs::remove_file(signed);
        let (file, signed) = (file.display().to_string(), signed.display().to_string());
        let arguments = [&["--local-user", &self.key, "--output", &signed], how, &[&file]].concat();
        self.gpg.gpg(&arguments).ok();
    }

    /// Makes a client that trusts the key; what follows are further arguments of `source add`.
    pub(crate) fn client(&self, arguments: &[&str]) -> Client {
        self.client_at(&self.url(), arguments)
    }

    /// The same, for the archive at another address.
    pub(crate) fn client_at(&self, url: &str, arguments: &[&str]) -> Client {
        let client = Client::new();
        let keys = self.keys(&client);
        let add = ["source", "add", url, "--signed-by", &keys, "--yes"];
        client.run(&[&add, arguments].concat()).ok();
        client
    }

    /// Returns what adding the archive to an empty home says, with these further arguments.
    pub(crate) fn added(&self, arguments: &[&str]) -> Run {
        let client = Client::new();
        let (keys, url) = (self.keys(&client), self.url());
        let add = ["source", "add", &url, "--signed-by", &keys, "--yes"];
        client.run(&[&add, arguments].concat())
    }

    /// Writes the key, and those of others that are here, beside a client's home; returns the path.
    pub(crate) fn keys(&self, client: &Client) -> String {
        let keys = client.folder().join("keys.asc").display().to_string();
        self.gpg.gpg(&["--armor", "--output", &keys, "--export"]).ok();
        keys
    }
}

pub(crate) fn greeting() -> DebBuilder {
    DebBuilder::new("greeting", "1.0", "all").file("usr/bin/greeting", "#!/bin/sh\necho hello\n")
}

#[test]
fn a_folder_that_stands_by_itself_is_an_archive() {
    for suite in ["./", "debs/"] {
        let foreign = Foreign::new();
        fs::create_dir_all(foreign.path(suite)).unwrap();
        greeting().write_into(&foreign.path(suite));
        foreign.index(suite, &[]);
        let (release, signed) = (
            foreign.path(suite).join("Release"),
            foreign.path(suite).join("InRelease"),
        );
        foreign.sign(&["--clearsign"], &release, &signed);
        if suite != "./" {
            // What a package's entry says counts from the archive's root.
            let index = foreign.path(suite).join("Packages");
            let text = fs::read_to_string(&index).unwrap().replace("./", suite);
            fs::write(&index, text).unwrap();
            let mut command = Command::new("apt-ftparchive");
            let made = Run::of(command.current_dir(foreign.path(suite)).args(["release", "."])).ok();
            fs::write(&release, made.stdout).unwrap();
            foreign.sign(&["--clearsign"], &release, &signed);
        }
        let client = foreign.client(&["--suite", suite]);
        client.run(&["update"]).ok();
        client.run(&["install", "--yes", "greeting"]).ok();
        assert_eq!(client.program("greeting", &[]).ok().stdout, "hello\n");
    }
}

#[test]
fn what_is_wrong_with_words_about_a_source_is_named() {
    let archive = TestArchive::new();
    archive.publish();
    let url = format!("file:{}", archive.root().display());
    let client = Client::of(&archive, &url);
    let said = |arguments: &[&str], code| client.run(arguments).exits(code).stderr;
    assert_eq!(
        said(&["source", "remove", &url, "--suite", "nowhere"], 1),
        format!("error: the source `{url}` has no suite `nowhere`\nhint: it has stable\n")
    );
    assert_eq!(
        said(&["source", "add", "./nowhere", "--suite", "./"], 2),
        "error: there is no folder `./nowhere`\n"
    );
    let empty = tempfile::tempdir().unwrap();
    let address = format!("file:{}", empty.path().display());
    let said = said(&["source", "add", &address, "--suite", "stable"], 2);
    assert!(
        said.contains("hint: name the file with its keys with --signed-by\n"),
        "{said}"
    );
}

/// An archive of one suite with `Release` and `Release.gpg`, as old tools make it.
fn detached() -> Foreign {
    let foreign = Foreign::new();
    let dist = "dists/old";
    let index = "dists/old/main/binary-amd64";
    fs::create_dir_all(foreign.path(index)).unwrap();
    fs::create_dir_all(foreign.path("pool")).unwrap();
    greeting().write_into(&foreign.path("pool"));
    let mut command = Command::new("apt-ftparchive");
    let packages = Run::of(
        command
            .current_dir(foreign.folder.path())
            .args(["packages", "pool"]),
    );
    fs::write(foreign.path(index).join("Packages"), packages.ok().stdout).unwrap();
    let mut command = Command::new("apt-ftparchive");
    let option = |name: &str, value: &str| format!("APT::FTPArchive::Release::{name}={value}");
    let release = Run::of(
        command
            .current_dir(foreign.path(dist))
            .args([
                "-o",
                &option("Suite", "old"),
                "-o",
                &option("Architectures", "amd64"),
            ])
            .args(["-o", &option("Components", "main"), "release", "."]),
    );
    fs::write(foreign.path(dist).join("Release"), release.ok().stdout).unwrap();
    let (file, signed) = (
        foreign.path("dists/old/Release"),
        foreign.path("dists/old/Release.gpg"),
    );
    foreign.sign(&["--armor", "--detach-sign"], &file, &signed);
    foreign
}

#[test]
fn a_release_with_its_signature_beside_it_counts() {
    let foreign = detached();
    let client = foreign.client(&["--suite", "old", "--component", "main", "--architecture", "amd64"]);
    client.run(&["update"]).ok();
    assert_eq!(client.json(&["info", "greeting"])[0]["version"], "1.0");
    let again = &client.json(&["update"])[0];
    assert_eq!(again["status"], "unchanged");
}

#[test]
fn a_release_with_another_or_no_signature_beside_it_does_not_count() {
    let foreign = detached();
    let client = foreign.client(&["--suite", "old", "--component", "main", "--architecture", "amd64"]);
    client.run(&["update"]).ok();
    let (path, signature) = (
        foreign.path("dists/old/Release"),
        foreign.path("dists/old/Release.gpg"),
    );
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("Suite: old", "Suite: odd");
    fs::write(&path, text).unwrap();
    let run = client.run(&["update"]).exits(4);
    assert!(
        run.stderr.contains("it does not match the text"),
        "{}",
        run.report()
    );
    fs::remove_file(signature).unwrap();
    let run = client.run(&["update"]).exits(4);
    assert!(
        run.stderr.contains("the message carries no signature"),
        "{}",
        run.report()
    );
    client.run(&["info", "greeting"]).ok();
}

#[test]
fn a_key_that_has_ended_does_not_count_for_what_is_here_already() {
    const DAY: i64 = 86_400;
    let foreign = detached();
    foreign.gpg.gpg(&["--quick-set-expire", &foreign.key, "5d"]).ok();
    let client = foreign.client(&["--suite", "old", "--component", "main", "--architecture", "amd64"]);
    let home = Home::find(Some(client.home()), None, Path::new("/")).unwrap();
    let config = cpkgs::config::Config::read(&home).unwrap();
    let sources = [Source::open(&config.sources[0], home.folder()).unwrap()];
    let fetcher = Fetcher::new(Credentials::default()).unwrap();
    let now = cpkgs::machine::now();
    let update = |now| {
        let updating = Updating {
            fetcher: &fetcher,
            sources: &sources,
            architectures: &["amd64".to_owned()],
            cache: &config.cache(&home),
            trust_file: &home.trust_file(),
            now,
        };
        let mut report = lists::update(&updating, |_| {}).unwrap();
        report.suites.remove(0).outcome
    };
    assert_eq!(update(now).unwrap(), Freshness::New);
    assert_eq!(update(now + 4 * DAY).unwrap(), Freshness::Unchanged);
    let ended = update(now + 6 * DAY);
    assert!(matches!(ended, Err(UpdateError::Trust { .. })), "{ended:?}");
}

#[test]
fn of_a_package_of_several_architectures_it_is_said_which_is_foreign() {
    let archive = TestArchive::init(&["--suite", "stable"]);
    archive
        .add(&["amd64", "arm64"].map(|architecture| DebBuilder::new("both", "1.0", architecture)))
        .ok();
    archive.publish();
    let client = Client::new();
    let url = format!("file:{}", archive.root().display());
    let keyring = archive.root().join("archive-keyring.pgp");
    let source = ["source", "add", &url, "--signed-by", keyring.to_str().unwrap()];
    let both = ["--architecture", "amd64", "--architecture", "arm64", "--yes"];
    client.run(&[&source[..], &both].concat()).ok();
    client.run(&["update"]).ok();
    for command in [["search", "both"], ["list", "both"]] {
        let run = client.run(&command).ok();
        let mut names: Vec<&str> = run.rows().iter().map(|row| row[0]).collect();
        names.sort_unstable();
        assert_eq!(names, ["both", "both:arm64"], "{command:?}");
    }
}

#[test]
fn files_are_found_by_their_paths_and_the_list_of_them_is_fetched_once() {
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.configure_last_suite("contents = \"always\"");
    let other = DebBuilder::new("other", "1.0", "all")
        .file("usr/share/doc/greeting/notes", "")
        .file("usr/share/with blank/greeting", "");
    archive.add(&[greeting(), other]).ok();
    archive.publish();
    let client = Client::of(&archive, &nginx.url());
    client.run(&["update"]).ok();
    let found = client.run(&["search", "--file", "greeting"]).ok();
    assert_eq!(
        found.rows(),
        [
            ["greeting", "/usr/bin/greeting"],
            ["other", "/usr/share/with blank/greeting"],
            ["other", "/usr/share/doc/greeting/notes"],
        ]
    );
    assert_eq!(
        client.run(&["files", "greeting"]).ok().stdout,
        "/usr/bin/greeting\n"
    );
    let found = client.json(&["search", "--file", "/bin/greeting"]);
    assert_eq!(
        found,
        [serde_json::json!({"path": "/usr/bin/greeting", "name": "greeting", "suite": "stable"})]
    );
    let asked = || {
        let log = nginx.access_log();
        log.iter()
            .filter(|access| access.path.contains("Contents"))
            .count()
    };
    assert!(
        client
            .run(&["search", "--file", "nothing"])
            .ok()
            .stdout
            .is_empty()
    );
    client.run(&["install", "--yes", "greeting"]).ok();
    archive
        .add(&[DebBuilder::new("new", "1.0", "all").file("usr/bin/new", "")])
        .ok();
    archive.publish();
    client.run(&["update"]).ok();
    let found = client.run(&["search", "--file", "bin/new"]).ok();
    assert_eq!(found.rows(), [["new", "/usr/bin/new"]]);
    assert_eq!(asked(), 0, "lists are fetched under their digest");
    let kept = fs::read_dir(client.path("cache/library")).unwrap();
    let kept = kept.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".files")
    });
    assert_eq!(kept.count(), 1);
}

/// An archive whose list of files nobody has fetched yet, and a client that knows of it.
fn with_a_list_of_files() -> (TestArchive, Client) {
    let archive = TestArchive::init(&["--suite", "stable"]);
    archive.configure_last_suite("contents = \"always\"");
    archive.add(&[greeting()]).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    client.run(&["update"]).ok();
    (archive, client)
}

#[test]
fn a_list_of_files_that_is_not_the_one_that_was_signed_is_refused() {
    let (archive, client) = with_a_list_of_files();
    let mut todo = vec![archive.root().join("dists/stable/main")];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let beside = path.with_extension("tampered");
            fs::write(&beside, b"usr/bin/evil greeting\n").unwrap();
            fs::rename(beside, path).unwrap();
        }
    }
    let run = client.run(&["search", "--file", "greeting"]).exits(4);
    assert!(run.stderr.contains("is not what was signed"), "{}", run.report());
}

#[test]
fn a_list_of_files_that_does_not_come_keeps_nobody_from_the_others() {
    let archive = TestArchive::init(&["--suite", "old", "--suite", "new"]);
    archive.configure("[[suite]]", "[[suite]]\ncontents = \"always\"");
    // Lists that are alike are one.
    let other = DebBuilder::new("other", "1.0", "all").file("usr/bin/other", "");
    for (suite, package) in [("old", greeting()), ("new", greeting()), ("new", other)] {
        let file = package.write_into(&archive.outside());
        let add = ["add", "--suite", suite, file.to_str().unwrap()];
        archive.repogen(&add).ok();
    }
    archive.publish();
    let client = Client::new();
    let url = format!("file:{}", archive.root().display());
    let keyring = archive.root().join("archive-keyring.pgp");
    let suites = ["--suite", "old", "--suite", "new", "--yes", "--signed-by"];
    let add = [
        &["source", "add", &url],
        &suites[..],
        &[keyring.to_str().unwrap()],
    ]
    .concat();
    client.run(&add).ok();
    client.run(&["update"]).ok();
    let folder = archive.root().join("dists/new/main");
    fs::remove_dir_all(folder.join("by-hash")).unwrap();
    fs::write(folder.join("Contents-amd64.gz"), "another time").unwrap();
    let run = client.run(&["search", "--file", "greeting"]).ok();
    assert_eq!(run.rows(), [["greeting", "/usr/bin/greeting"]]);
    assert!(run.stderr.contains("of suite `new`"), "{}", run.report());
    assert!(
        client
            .run(&["files", "greeting"])
            .ok()
            .stderr
            .contains("of suite `new`")
    );
    // Who has no list for an answer cannot say that there is none.
    client.run(&["search", "--file", "nothing"]).exits(4);
}

#[test]
fn a_list_of_files_is_fetched_in_another_form_where_the_first_is_not_served() {
    let (archive, client) = with_a_list_of_files();
    let folder = archive.root().join("dists/stable/main");
    let packed = fs::read(folder.join("Contents-amd64.gz")).unwrap();
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&*packed), &mut text).unwrap();
    fs::write(folder.join("Contents-amd64"), text).unwrap();
    fs::remove_file(folder.join("Contents-amd64.gz")).unwrap();
    fs::remove_dir_all(folder.join("by-hash")).unwrap();
    let run = client.run(&["search", "--file", "greeting"]).ok();
    assert_eq!(run.rows(), [["greeting", "/usr/bin/greeting"]]);
}

#[test]
fn without_a_list_of_files_it_is_said_that_there_is_none() {
    let foreign = detached();
    let client = foreign.client(&["--suite", "old", "--component", "main", "--architecture", "amd64"]);
    client.run(&["update"]).ok();
    let run = client.run(&["search", "--file", "greeting"]).exits(1);
    assert!(run.stderr.contains("no source offers"), "{}", run.report());
    client.run(&["files", "greeting"]).exits(1);
}
