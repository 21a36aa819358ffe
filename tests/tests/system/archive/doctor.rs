//! `repogen doctor`: what it says of archives that apt accepts, and of those that it will not.

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, Gpg, Nginx, Run, TestArchive, apt};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Makes an archive that a web server's user can read, behind nginx as `edit` changes its configuration.
fn served(edit: impl Fn(&str) -> String) -> (TestArchive, Nginx) {
    let archive = TestArchive::empty();
    let nginx = Nginx::serve_with(&archive.root(), edit);
    let suites = ["--suite", "stable", "--suite", "inner", "--url", &nginx.url()];
    archive.repogen(&[&["init"], &suites[..]].concat()).ok();
    archive.configure_last_suite("private = true\nvalid_for = \"14d\"");
    let package = DebBuilder::new("hello", "1.0", &apt::native_architecture());
    let package = package.write_into(&archive.outside());
    archive
        .repogen(&["add", "--suite", "stable", package.to_str().unwrap()])
        .ok();
    archive.publish();
    let folder = archive.root().parent().unwrap().to_owned();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o711)).unwrap();
    (archive, nginx)
}

/// Says whether a line has this level and area, and contains `text`.
#[track_caller]
fn found(run: &Run, level: &str, area: &str, text: &str) {
    let line = run
        .rows()
        .into_iter()
        .any(|row| (row[0], row[1]) == (level, area) && row[2..].join("\t").contains(text));
    assert!(line, "no {level} of {area} with `{text}`\n{}", run.report());
}

#[test]
fn of_an_archive_behind_the_shipped_nginx_all_is_well() {
    let (archive, _nginx) = served(str::to_owned);
    let run = archive.repogen(&["doctor"]).ok();
    for row in run.rows() {
        assert_eq!(row[0], "ok", "{}", run.report());
    }
    found(&run, "ok", "key", "accepted by apt 2.6, by apt 3.0");
    found(&run, "ok", "served", "Packages.gz");
    found(&run, "ok", "caching", "by-hash");
    found(&run, "ok", "secret", "a private suite: answered with 404");
    found(&run, "ok", "validity", "valid until");
    let json = archive.repogen(&["doctor", "--json"]).ok();
    for line in json.stdout.lines() {
        assert!(line.starts_with("{\"level\":\"ok\",\"area\":\""), "{line}");
    }
}

#[test]
fn what_a_server_makes_of_the_files_is_found_at_the_server() {
    let (archive, nginx) = served(|shipped| {
        let wrong = shipped
            .replace("public, max-age=0, must-revalidate", "public, max-age=172800")
            .replace(
                "by-hash/[^/]+/[^/]+$\"    \"public, max-age=31536000",
                "by-hash/[^/]+/[^/]+$\"    \"max-age=30",
            )
            .replacen("gzip off;", "gzip on; gzip_types *; gzip_min_length 1;", 1)
            .replace(
                "location ~ /\\. {",
                "location ~ ^/(keys|private)/|^/repogen.toml$ { }\n    location ~ /\\. {",
            );
        assert_ne!(wrong, shipped);
        wrong
    });
    let run = archive.repogen(&["doctor"]).exits(1);
    found(
        &run,
        "error",
        "caching",
        "caches may keep it for 172800 s, and its indexes are kept for 3600 s",
    );
    found(
        &run,
        "warning",
        "caching",
        "for 30 s only, although it never changes",
    );
    found(&run, "error", "served", "comes with `Content-Encoding: gzip`");
    found(
        &run,
        "error",
        "secret",
        "repogen.toml\tcan be fetched by everybody",
    );
    found(
        &run,
        "error",
        "secret",
        "keys/archive.pgp\tcan be fetched by everybody",
    );
    found(&run, "error", "secret", "a private suite is served to everybody");
    let offline = archive.repogen(&["doctor", "--offline"]).ok();
    found(&offline, "skipped", "served", &nginx.url());
}

#[test]
fn an_old_copy_and_another_archive_are_not_this_one() {
    let (archive, nginx) = served(str::to_owned);
    let (other, _) = served(str::to_owned);
    other.configure(&url_of(&other), &format!("url    = \"{}\"", nginx.url()));
    let run = other.repogen(&["doctor"]).exits(1);
    found(&run, "error", "served", "archive-keyring.pgp");
    found(&run, "error", "served", "InRelease\tis not what was published at");
    drop(nginx);
    let run = archive.repogen(&["doctor"]).exits(1);
    found(&run, "error", "served", "see that the server runs");
}

fn url_of(archive: &TestArchive) -> String {
    let text = archive.read("repogen.toml");
    text.lines()
        .find(|line| line.starts_with("url"))
        .unwrap()
        .to_owned()
}

#[test]
fn keys_that_apt_will_refuse_are_found_before_it_does() {
    let (archive, _nginx) = served(str::to_owned);
    let gpg = Gpg::new();
    let weak = gpg.export_secret(&gpg.key("rsa2048", ""), "");
    archive.repogen(&["key", "import", weak.to_str().unwrap()]).ok();
    archive.repogen(&["key", "generate", "--expires", "20"]).ok();
    let run = archive.repogen(&["doctor", "--offline"]).exits(1);
    found(
        &run,
        "warning",
        "key",
        "is `rsa2048`, which apt warns about from 2029",
    );
    found(&run, "warning", "key", "ends in ");
    found(&run, "error", "key", "archive-keyring.pgp\thas other keys");
    archive.publish();
    let run = archive.repogen(&["doctor", "--offline"]).exits(1);
    found(&run, "ok", "signature", "signed by all 3 keys");
    fs::set_permissions(
        archive.root().join("keys/archive.pgp"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let run = archive.repogen(&["doctor", "--offline"]).exits(1);
    found(&run, "error", "key", "keys/archive.pgp");
    found(&run, "error", "permissions", "mode 644");
}

#[test]
fn a_key_whose_secret_is_elsewhere_is_found_before_a_publish_fails() {
    let archive = TestArchive::new();
    let gpg = Gpg::new();
    let key = gpg.key("ed25519", "");
    gpg.gpg(&[
        "--passphrase",
        "",
        "--quick-add-key",
        &key,
        "cv25519",
        "encr",
        "never",
    ])
    .ok();
    let file = archive.root().join("keys/archive.pgp");
    let output = file.to_str().unwrap();
    let export = ["--yes", "--output", output, "--export-secret-subkeys", &key];
    gpg.gpg(&[&["--passphrase", ""], &export[..]].concat()).ok();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let run = archive.repogen(&["doctor", "--offline"]).exits(1);
    found(&run, "error", "key", "contains no secret key of");
    archive.repogen(&["publish", "--force"]).exits(4);
}

#[test]
fn files_that_are_gone_closed_or_out_of_date_are_found() {
    let (archive, _nginx) = served(str::to_owned);
    let by_hash = archive.root().join("dists/stable/main");
    let mut removed = false;
    for entry in walk(&by_hash) {
        if entry.to_string_lossy().contains("by-hash") && fs::metadata(&entry).unwrap().len() > 0 {
            fs::remove_file(entry).unwrap();
            removed = true;
            break;
        }
    }
    assert!(removed);
    fs::set_permissions(archive.root().join("dists"), fs::Permissions::from_mode(0o700)).unwrap();
    let late = at(&archive, "+8d");
    found(&late, "warning", "validity", "was not re-signed in time");
    found(&late, "error", "by-hash", "missing, or not of the");
    found(
        &late,
        "error",
        "permissions",
        "cannot be entered by every user: mode 700",
    );
    found(&at(&archive, "+20d"), "error", "validity", "expired at");
    found(&at(&archive, "-1d"), "error", "signature", "in the future");
}

/// Runs the doctor at another time.
fn at(archive: &TestArchive, offset: &str) -> Run {
    archive.repogen_at(offset, &["doctor", "--offline"]).exits(1)
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path))
        } else {
            files.push(path)
        }
    }
    files
}
