//! The queue for dput: files, then the `.changes` file that makes packages of all of them or of none.

use archive_tests::changes::changes;
use archive_tests::http::{self, Response};
use archive_tests::{DebBuilder, Run, TestArchive, Uploader};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

struct World {
    archive: TestArchive,
    server: Uploader,
    token: String,
}

/// An archive with a maintainer's token, and its server.
fn world() -> World {
    let archive = TestArchive::new();
    archive.account("keeper", &["--role", "maintainer"]);
    World {
        token: archive.token("keeper", &["upload:stable/*"]),
        server: Uploader::start(&archive),
        archive,
    }
}

impl World {
    fn put(&self, name: &str, bytes: &[u8]) -> Response {
        self.put_as(&self.token, name, bytes)
    }

    fn put_as(&self, token: &str, name: &str, bytes: &[u8]) -> Response {
        let path = format!("/api/upload/stable/queue/{name}");
        self.server.send("PUT", &path, Some(token), (&[], bytes))
    }

    #[track_caller]
    fn waits(&self, name: &str, bytes: &[u8]) {
        let answer = self.put(name, bytes);
        assert_eq!(answer.status, 202, "{name}: {}", answer.text());
    }

    #[track_caller]
    fn refused(&self, name: &str, bytes: &[u8], expected: (u16, &str, &str)) {
        let answer = self.put(name, bytes);
        let code = answer.header("x-error-code").unwrap_or_default();
        assert_eq!(
            (answer.status, code.as_str()),
            (expected.0, expected.1),
            "{name}: {}",
            answer.text()
        );
        assert!(answer.text().contains(expected.2), "{}", answer.text());
    }

    fn names(&self) -> Vec<String> {
        let listed = self.server.get("/api/packages", None).json();
        let items = listed["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn deb(name: &str, text: &str) -> Vec<u8> {
    DebBuilder::new(name, "1.0", "all")
        .file("usr/share/text", text)
        .build()
}

#[test]
fn a_set_is_placed_when_its_changes_file_comes_and_its_build_record_is_kept() {
    let world = world();
    let (one, two, record) = (deb("one", "1"), deb("two", "2"), b"Format: 1.0\n".as_slice());
    world.waits("one_1.0_all.deb", &one);
    world.waits("two_1.0_all.deb", &two);
    world.waits("one_1.0_amd64.buildinfo", record);
    assert!(
        world.names().is_empty(),
        "nothing stands before the .changes file"
    );
    let list = changes(
        "one",
        &[
            ("one_1.0_all.deb", &one),
            ("two_1.0_all.deb", &two),
            ("one_1.0_amd64.buildinfo", record),
        ],
    );
    let placed = world.put("one_1.0_amd64.changes", list.as_bytes());
    assert_eq!(placed.status, 201, "{}", placed.text());
    assert_eq!(
        placed.text(),
        "added to stable: one_1.0_all.deb two_1.0_all.deb one_1.0_amd64.buildinfo\n"
    );
    assert_eq!(world.names(), ["one", "two"]);
    assert_eq!(
        world.archive.read("buildinfo/stable/one/one_1.0_amd64.buildinfo"),
        "Format: 1.0\n"
    );
    assert_eq!(
        world
            .server
            .get("/buildinfo/stable/one/one_1.0_amd64.buildinfo", None)
            .status,
        404,
        "records are not served"
    );
    let record = b"Format: 1.1\n".as_slice();
    world.waits("one_1.0_arm64.buildinfo", record);
    let alone = changes("one", &[("one_1.0_arm64.buildinfo", record)]);
    let kept = world.put("one_1.0_arm64.changes", alone.as_bytes());
    assert_eq!(
        (kept.status, kept.text().as_str()),
        (
            200,
            "no packages, build records alone are kept for stable: one_1.0_arm64.buildinfo\n"
        )
    );
    // A signature is taken off; the token says who it is.
    let signed = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{list}\n-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n"
    );
    for repeated in [list, signed] {
        let again = world.put("one_1.0_amd64.changes", repeated.as_bytes());
        assert_eq!(again.status, 200, "{}", again.text());
    }
    world.server.stop();
    world.archive.publish();
    world.archive.repogen(&["prune"]).ok();
    world.archive.repogen(&["verify"]).ok();
    assert!(
        world
            .archive
            .root()
            .join("buildinfo/stable/one/one_1.0_amd64.buildinfo")
            .exists()
    );
}

#[test]
fn a_set_that_a_quota_refuses_waits_for_a_larger_one() {
    let world = world();
    world.archive.account("root", &["--role", "admin"]);
    let root = world.server.login("root");
    let limit = |most: u64| {
        let quota = serde_json::json!({ "max_packages": most });
        let set = world
            .server
            .json("PUT", "/api/suites/stable/quota", Some(&root), &quota);
        assert_eq!(set.status, 200, "{}", set.text());
    };
    let one = deb("one", "1");
    world.waits("one_1.0_all.deb", &one);
    let list = changes("one", &[("one_1.0_all.deb", &one)]);
    limit(0);
    world.refused(
        "one_1.0_all.changes",
        list.as_bytes(),
        (403, "quota_exceeded", "0"),
    );
    limit(1);
    let placed = world.put("one_1.0_all.changes", list.as_bytes());
    assert_eq!(placed.status, 201, "{}", placed.text());
}

#[test]
fn of_a_set_with_something_wrong_nothing_is_placed() {
    let world = world();
    let (one, two) = (deb("one", "1"), deb("two", "2"));
    let set = |one: &[u8], two: &[u8]| changes("one", &[("one_1.0_all.deb", one), ("two_1.0_all.deb", two)]);
    world.waits("one_1.0_all.deb", &one);
    let list = set(&one, &two);
    let missing = (422, "changes_incomplete", "`two_1.0_all.deb` is not queued");
    world.refused("one_1.0.changes", list.as_bytes(), missing);
    world.waits("two_1.0_all.deb", &deb("two", "other bytes"));
    let other = (
        422,
        "changes_incomplete",
        "does not have the SHA-256 that the .changes file lists",
    );
    world.refused("one_1.0.changes", list.as_bytes(), other);
    let longer = list.replace(&format!(" {} ", one.len()), &format!(" {} ", one.len() + 1));
    let longer_alone = longer.replace("two_1.0_all.deb", "one_1.0_all.deb");
    assert_ne!(longer_alone, list);
    let twice = (422, "invalid_changes", "lists `one_1.0_all.deb` twice");
    world.refused("one_1.0.changes", longer_alone.as_bytes(), twice);
    let size = changes("one", &[("one_1.0_all.deb", &one)])
        .replace(&format!(" {} ", one.len()), &format!(" {} ", one.len() + 1));
    let wrong_size = (422, "changes_incomplete", "according to the .changes file");
    world.refused("one_1.0.changes", size.as_bytes(), wrong_size);
    let unhashed = list.replace("Checksums-Sha256", "Checksums-Sha1");
    let no_digest = (422, "invalid_changes", "`Checksums-Sha256`");
    world.refused("one_1.0.changes", unhashed.as_bytes(), no_digest);
    assert!(world.names().is_empty());

    // What waited all the time is not lost by the refusals.
    world.waits("two_1.0_all.deb", &two);
    assert_eq!(world.put("one_1.0.changes", list.as_bytes()).status, 201);

    // One whose name stands for other bytes in the suite, and one that would be new.
    let (changed, three) = (deb("one", "changed"), deb("three", "3"));
    world.waits("one_1.0_all.deb", &changed);
    world.waits("three_1.0_all.deb", &three);
    let list = changes(
        "one",
        &[("three_1.0_all.deb", &three), ("one_1.0_all.deb", &changed)],
    );
    let conflict = (409, "identity_conflict", "give the changed package a new version");
    world.refused("one_1.0.changes", list.as_bytes(), conflict);
    assert_eq!(world.names(), ["one", "two"]);
    world.server.stop();
    world.archive.publish();
    world.archive.repogen(&["verify"]).ok();
}

#[test]
fn what_is_not_taken_is_said_before_the_changes_file_comes() {
    let world = world();
    for name in [
        "one_1.0.dsc",
        "one_1.0.orig.tar.gz",
        "one_1.0-1.debian.tar.xz",
        "one_1.0-1.diff.gz",
    ] {
        world.refused(name, b"x", (422, "source_not_taken", "dpkg-buildpackage -b"));
    }
    world.refused("one_1.0.txt", b"x", (422, "file_not_taken", ".buildinfo"));
    let udeb = DebBuilder::new("one-udeb", "1.0", "all").build();
    world.refused(
        "one-udeb_1.0_all.udeb",
        &udeb,
        (422, "file_not_taken", "need a separate index"),
    );
    world.refused(".hidden.deb", b"x", (400, "invalid_upload", "invalid file name"));
    world.refused("one_1.0_all.deb", b"x", (422, "invalid_package", ""));
    let large = vec![b'x'; (1 << 20) + 1];
    world.refused("one_1.0.changes", &large, (413, "payload_too_large", "1048576"));
    let riscv = DebBuilder::new("one", "1.0", "riscv64").build();
    world.refused(
        "one_1.0_riscv64.deb",
        &riscv,
        (422, "architecture_not_in_suite", ""),
    );

    let narrow = world.archive.token("keeper", &["upload:stable/other*"]);
    let refused = world.put_as(&narrow, "one_1.0_all.deb", &deb("one", "1"));
    assert_eq!(
        (refused.status, refused.header("x-error-code").unwrap().as_str()),
        (403, "scope_too_small")
    );
    // The same account may have it wait by another token, and what counts is who finishes it.
    let one = deb("one", "1");
    world.waits("one_1.0_all.deb", &one);
    let list = changes("one", &[("one_1.0_all.deb", &one)]);
    let refused = world.put_as(&narrow, "one_1.0.changes", list.as_bytes());
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(world.names().is_empty());

    world.archive.account("other", &["--role", "maintainer"]);
    let other = world.archive.token("other", &["upload:stable/*"]);
    world.waits("one_1.0_all.deb", &one);
    let refused = world.put_as(&other, "one_1.0.changes", list.as_bytes());
    assert_eq!(
        refused.header("x-error-code").as_deref(),
        Some("changes_incomplete"),
        "what one account put is nobody else's"
    );
}

#[test]
fn two_sets_at_once_with_files_of_one_name_do_not_mix() {
    let world = world();
    let shared = deb("shared", "the same in both");
    let sets: Vec<(Vec<u8>, String)> = ["first", "second"]
        .map(|name| {
            let own = deb(name, name);
            // Both builds call their file alike.
            let list = changes(
                name,
                &[("build_1.0_all.deb", &own), ("shared_1.0_all.deb", &shared)],
            );
            (own, list)
        })
        .into();
    for (own, _) in &sets {
        world.waits("build_1.0_all.deb", own);
        world.waits("shared_1.0_all.deb", &shared);
    }
    std::thread::scope(|scope| {
        let sent: Vec<_> = sets
            .iter()
            .map(|(_, list)| scope.spawn(|| world.put("build_1.0.changes", list.as_bytes())))
            .collect();
        for sent in sent {
            let answer = sent.join().unwrap();
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
    });
    assert_eq!(world.names(), ["first", "second", "shared"]);
}

/// Sends a head, and says what came back after `body` was sent too, if at all.
fn refused_with(port: u16, expect: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "PUT /api/upload/stable/queue/one_1.0_all.deb HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{expect}Content-Length: {}\r\n\r\n",
        8 << 20
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn who_sends_without_asking_is_heard_out_before_a_401_and_who_asks_is_answered_at_once() {
    let world = world();
    let body = vec![b'x'; 8 << 20];
    let heard_out = refused_with(world.server.port(), "", &body);
    assert!(heard_out.starts_with("HTTP/1.1 401 "), "{heard_out}");
    assert!(heard_out.contains("www-authenticate: Basic"), "{heard_out}");
    let asked = refused_with(world.server.port(), "Expect: 100-continue\r\n", b"");
    assert!(asked.starts_with("HTTP/1.1 401 "), "{asked}");
}

/// Runs the machine's dput, whichever it is, with a token as the password.
fn dput(world: &World, password: &str, list: &Path) -> Run {
    let folder = list.parent().unwrap();
    let port = world.server.port();
    let is_new = Command::new("dput").arg("--version").output().unwrap();
    let is_ng = String::from_utf8_lossy(&is_new.stdout).contains("dput-ng");
    // dput-ng reads the password out of the address, dput asks for it.
    let fqdn = if is_ng {
        format!("http://ci:{password}@127.0.0.1:{port}")
    } else {
        format!("127.0.0.1:{port}")
    };
    let config = format!(
        "[archive]\nfqdn = {fqdn}\nmethod = http\nincoming = /api/upload/stable/queue\nlogin = ci\nallow_unsigned_uploads = 1\nrun_dinstall = 0\n"
    );
    std::fs::write(folder.join("dput.cf"), config).unwrap();
    std::fs::write(folder.join("password"), format!("{password}\n")).unwrap();
    // Without a terminal of its own, dput reads the password from its standard input.
    let output = Command::new("setsid")
        .args(["--wait", "dput", "--force", "--unchecked", "--config"])
        .arg(folder.join("dput.cf"))
        .arg("archive")
        .arg(list)
        .env("HOME", folder)
        .stdin(std::fs::File::open(folder.join("password")).unwrap())
        .output()
        .unwrap();
    Run {
        command: "dput".into(),
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn dput_uploads_as_it_is_and_says_why_something_was_refused() {
    let world = world();
    let folder = world.archive.outside().join("build");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let (file, record) = (format!("{name}_1.0_all.deb"), format!("{name}_1.0_all.buildinfo"));
        let package = deb(name, text);
        std::fs::write(folder.join(&file), &package).unwrap();
        std::fs::write(folder.join(&record), "Format: 1.0\n").unwrap();
        let list = changes(name, &[(&file, &package), (&record, b"Format: 1.0\n")]);
        let path = folder.join(format!("{name}_1.0_all.changes"));
        std::fs::write(&path, list).unwrap();
        path
    };
    let list = write("hello", "first");
    let done = dput(&world, &world.token, &list).ok();
    assert!(
        done.stdout.contains("Successfully uploaded packages"),
        "{}",
        done.report()
    );
    assert_eq!(world.names(), ["hello"]);
    dput(&world, &world.token, &list).ok();

    let conflict = dput(&world, &world.token, &write("hello", "second"));
    assert_ne!(conflict.code, 0, "{}", conflict.report());
    assert!(
        conflict
            .report()
            .contains("give the changed package a new version"),
        "{}",
        conflict.report()
    );
    let stranger = dput(&world, "rgt_wrong", &list);
    assert_ne!(stranger.code, 0, "{}", stranger.report());
    assert!(
        stranger.report().contains("The token is not valid"),
        "{}",
        stranger.report()
    );
    let plain = http::request(world.server.port(), "GET", "/api/packages", &[]);
    assert_eq!(plain.json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_package_for_debuggers_is_a_package_of_the_set() {
    let world = world();
    let (one, debug) = (deb("one", "1"), deb("one-dbgsym", "symbols"));
    world.waits("one_1.0_all.deb", &one);
    world.waits("one-dbgsym_1.0_all.ddeb", &debug);
    let list = changes(
        "one",
        &[("one_1.0_all.deb", &one), ("one-dbgsym_1.0_all.ddeb", &debug)],
    );
    let placed = world.put("one_1.0_amd64.changes", list.as_bytes());
    assert_eq!(placed.status, 201, "{}", placed.text());
    assert_eq!(world.names(), ["one", "one-dbgsym"]);
}
