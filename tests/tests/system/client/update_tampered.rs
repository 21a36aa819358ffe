//! Archives that somebody tampered with: each is refused with exit code 4, and the previous indexes are kept.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use archive_tests::{Client, DebBuilder, Run, TestArchive};

const INRELEASE: &str = "dists/stable/InRelease";

/// An archive in a folder, and a client that has seen it once.
struct Scene {
    archive: TestArchive,
    client: Client,
}

impl Scene {
    fn new() -> Self {
        let archive = TestArchive::init(&["--suite", "stable", "--architecture", "amd64"]);
        archive
            .add(&[DebBuilder::new("good", "1.0", "all").file("usr/bin/good", "#!/bin/sh\necho good\n")])
            .ok();
        archive.publish();
        let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
        client.run(&["update"]).ok();
        Self { archive, client }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.archive.root().join(below)
    }

    /// Publishes a second package, and lets somebody change what is served.
    fn change(&self, tamper: impl FnOnce(&Path)) {
        self.archive.add(&[DebBuilder::new("bad", "1.0", "all")]).ok();
        self.archive.publish();
        tamper(&self.archive.root());
    }

    /// Updates, which has to fail to verify, for a reason, and to change nothing.
    #[track_caller]
    fn refused(&self, reason: &str) {
        let before = self.client.manifest();
        let run = self.client.run(&["update"]).exits(4);
        assert!(run.stderr.contains(reason), "{}", run.report());
        assert_eq!(self.client.manifest(), before);
        assert!(self.client.run(&["info", "bad"]).code == 1);
        self.client.run(&["info", "good"]).ok();
    }
}

/// Changes the files of an index wherever they lie.
fn tamper_indexes(root: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut todo = vec![root.join("dists/stable/main/binary-amd64")];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let mut bytes = fs::read(&path).unwrap();
            change(&mut bytes);
            // Beside and renamed: the files have several names.
            let beside = path.with_extension("tampered");
            fs::write(&beside, bytes).unwrap();
            fs::rename(beside, path).unwrap();
        }
    }
}

#[test]
fn a_release_without_a_signature_is_refused() {
    let scene = Scene::new();
    scene.change(|root| {
        fs::copy(root.join("dists/stable/Release"), root.join(INRELEASE)).unwrap();
    });
    scene.refused("it is not one clear-signed message");
}

#[test]
fn a_release_that_another_key_signed_is_refused() {
    let scene = Scene::new();
    let other = Scene::new();
    other.change(|_| {});
    scene.change(|root| {
        fs::copy(other.path(INRELEASE), root.join(INRELEASE)).unwrap();
    });
    scene.refused("no valid signature by a trusted key");
}

#[test]
fn a_state_that_is_older_than_what_was_seen_never_counts() {
    let scene = Scene::new();
    let old = fs::read(scene.path(INRELEASE)).unwrap();
    scene.change(|_| {});
    scene.client.run(&["update"]).ok();
    fs::write(scene.path(INRELEASE), old).unwrap();
    let before = scene.client.manifest();
    // Edges of a CDN lag behind each other: the newer state stays, and that is said.
    let run = scene.client.run(&["update"]).ok();
    assert!(
        run.stderr.contains("the server has a state of"),
        "{}",
        run.report()
    );
    assert_eq!(scene.client.manifest(), before);
}

#[test]
fn a_state_whose_time_is_over_is_refused() {
    let scene = Scene::new();
    scene.archive.configure_last_suite("valid_for = \"1s\"");
    scene.change(|_| {});
    // The file is as old as its Date: when the clock has passed it by two seconds, it has expired.
    let date = fs::metadata(scene.path(INRELEASE)).unwrap().modified().unwrap();
    while date.elapsed().map_or(0, |since| since.as_secs()) < 3 {
        std::thread::yield_now();
    }
    scene.refused("it was valid until");
}

#[test]
fn text_around_what_is_signed_is_refused() {
    for (before, after) in [("Origin: Evil\n", ""), ("", "\nOrigin: Evil\n")] {
        let scene = Scene::new();
        scene.change(|root| {
            let text = fs::read_to_string(root.join(INRELEASE)).unwrap();
            fs::write(root.join(INRELEASE), format!("{before}{text}{after}")).unwrap();
        });
        scene.refused("it is not one clear-signed message");
    }
}

#[test]
fn a_changed_release_is_refused() {
    let scene = Scene::new();
    scene.change(|root| {
        let text = fs::read_to_string(root.join(INRELEASE)).unwrap();
        fs::write(
            root.join(INRELEASE),
            text.replace("Codename: stable", "Codename: stablf"),
        )
        .unwrap();
    });
    scene.refused("it does not match the text");
}

#[test]
fn an_index_that_was_changed_cut_or_prolonged_is_refused() {
    type Change = fn(&mut Vec<u8>);
    let flip: Change = |bytes| {
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
    };
    let cut: Change = |bytes| {
        bytes.pop();
    };
    let prolong: Change = |bytes| bytes.extend([0; 4096]);
    for (change, reason) in [
        (flip, "is not what was signed: SHA256"),
        (cut, "is not what was signed: size"),
        (prolong, "is longer than"),
    ] {
        let scene = Scene::new();
        scene.change(|root| tamper_indexes(root, change));
        scene.refused(reason);
    }
}

#[test]
fn a_package_that_is_not_the_one_of_the_index_is_refused() {
    let evil = DebBuilder::new("good", "1.0", "all")
        .file("usr/bin/good", "#!/bin/sh\necho evil\n")
        .build();
    for change in [evil, Vec::new()] {
        let scene = Scene::new();
        let pool = scene.path("pool/main/g/good/good_1.0_all.deb");
        fs::remove_file(&pool).unwrap();
        fs::write(&pool, change).unwrap();
        let run = scene.client.run(&["install", "--yes", "good"]).exits(4);
        assert!(run.stderr.contains("is not what was signed"), "{}", run.report());
        assert!(!scene.client.path("packages/bin/good").exists());
        scene.client.run(&["download", "good"]).exits(4);
        assert!(!scene.client.folder().join("good_1.0_all.deb").exists());
    }
}

/// Answers every request in the same way until the test ends; returns its address.
fn answering(head: &'static str, endless: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(head.as_bytes());
                while endless && stream.write_all(&[b'x'; 65_536]).is_ok() {}
            });
        }
    });
    url
}

/// Points the client's source to another address, as a network between may.
fn moved(scene: &Scene, url: &str) {
    let path = scene.client.path("config.toml");
    let text = fs::read_to_string(&path).unwrap();
    let file = format!("file:{}", scene.archive.root().display());
    fs::write(path, text.replace(&file, url)).unwrap();
}

#[test]
fn a_redirect_that_leads_astray_is_refused() {
    for (location, reason) in [
        ("Location: file:///etc/passwd", "redirects to where it must not"),
        (
            "Location: http://127.0.0.1:1/%0d%0aX",
            "redirects to where it must not",
        ),
    ] {
        let scene = Scene::new();
        let head: &'static str =
            format!("HTTP/1.1 302 Found\r\n{location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .leak();
        moved(&scene, &answering(head, false));
        let run = scene.client.run(&["update"]).exits(4);
        assert!(run.stderr.contains(reason), "{}", run.report());
    }
}

/// As many redirects as apt follows. Source: apt's methods/basehttp.cc.
#[test]
fn ten_redirects_are_followed_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            // `/3/dists/…` is three redirects away.
            let path = request
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .trim_start_matches('/');
            let (left, rest) = path.split_once('/').unwrap_or_default();
            let head = match left.parse().unwrap_or(0) {
                0 => "HTTP/1.1 404 Not Found".to_owned(),
                left => format!("HTTP/1.1 302 Found\r\nLocation: /{}/{rest}", left - 1),
            };
            let head = format!("{head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
        }
    });
    for (redirects, code, said) in [(10, 3, "does not exist"), (11, 4, "more than 10 redirects")] {
        let scene = Scene::new();
        moved(&scene, &format!("{url}/{redirects}"));
        let run = scene.client.run(&["update"]).exits(code);
        assert!(run.stderr.contains(said), "{}", run.report());
    }
}

#[test]
fn a_proxy_that_wants_a_login_is_named() {
    let head = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let proxy = answering(head, false);
    let scene = Scene::new();
    moved(&scene, "http://archive.invalid");
    let mut command = scene.client.command(&["update"]);
    let run = Run::of(command.env("http_proxy", &proxy)).exits(3);
    let said = format!("the proxy `{proxy}/`, which is configured for `http://archive.invalid/");
    assert!(run.stderr.contains(&said), "{}", run.report());
    assert!(run.stderr.contains("requires a login"), "{}", run.report());
}

#[test]
fn an_answer_without_an_end_is_refused_when_it_is_too_long() {
    let scene = Scene::new();
    moved(
        &scene,
        &answering("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", true),
    );
    let run = scene.client.run(&["update"]).exits(4);
    assert!(run.stderr.contains("is longer than"), "{}", run.report());
}

#[test]
fn an_archive_that_cannot_be_reached_is_told_from_one_that_lies() {
    let scene = Scene::new();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    moved(&scene, &format!("http://127.0.0.1:{port}"));
    let run = scene.client.run(&["update"]).exits(3);
    assert!(run.stderr.contains("cannot reach"), "{}", run.report());
}

#[test]
fn what_a_terminal_would_act_on_is_shown_instead() {
    let scene = Scene::new();
    let control = "Package: odd\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a \u{9b}2J\u{202e}b\n";
    scene.archive.add(&[DebBuilder::from_control(control)]);
    scene.archive.publish();
    scene.client.run(&["update"]).ok();
    for arguments in [["search", "odd"], ["info", "odd"]] {
        let run = scene.client.run(&arguments);
        assert!(!run.stdout.contains(['\u{9b}', '\u{202e}']), "{}", run.report());
    }
}
