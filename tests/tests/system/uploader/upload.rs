//! `POST /api/packages`: from a request to a package that the real apt installs.

use super::{at_once, counted};
use archive_tests::{Apt, DebBuilder, TestArchive, Uploader, apt, uploader::file};
use serde_json::json;
use std::collections::BTreeMap;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn what_was_answered_as_published_is_what_apt_installs() {
    let archive = TestArchive::empty();
    archive
        .repogen(&[
            "init",
            "--url",
            "http://127.0.0.1:1",
            "--architecture",
            &apt::native_architecture(),
        ])
        .ok();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["upload:stable/hello"]);
    let server = Uploader::start(&archive);
    let answer = server.upload(&hello("1.0"), "suite=stable&wait=published", &token);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(
        answer.json()["suites"],
        json!([{"suite": "stable", "component": "main"}])
    );
    assert_eq!(answer.json()["author"], "root");

    let sources = archive
        .read("stable.sources")
        .replace("http://127.0.0.1:1", &server.url());
    let apt = Apt::new(&sources);
    apt.update().silent();
    apt.install(&["hello"]).silent();
    assert!(apt.system().join("usr/bin/hello").exists());

    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let deleted = server.send(
        "DELETE",
        &format!("/api/packages/{id}?wait=published"),
        Some(&token),
        (&[], &[]),
    );
    assert_eq!(deleted.status, 403, "a token for uploads deletes nothing");
    let token = archive.token("root", &["delete:stable/*"]);
    let deleted = server.send(
        "DELETE",
        &format!("/api/packages/{id}?wait=published"),
        Some(&token),
        (&[], &[]),
    );
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    assert_eq!(
        server
            .get("/dists/stable/main/binary-amd64/Packages.gz", None)
            .body
            .len(),
        20
    );
    assert_eq!(server.stop(), Some(0));
    archive.repogen(&["verify"]).ok();
}

#[test]
fn of_many_at_once_one_is_new_and_the_same_bytes_are_welcome_and_others_not() {
    let (archive, server, token) = Uploader::with_admin();
    let same = vec![hello("1.0"); 20];
    assert_eq!(
        counted(at_once(&server, &token, &same)),
        BTreeMap::from([(200, 19), (201, 1)])
    );
    let different: Vec<DebBuilder> = (0..20)
        .map(|number| hello("2.0").file("usr/share/number", number.to_string()))
        .collect();
    assert_eq!(
        counted(at_once(&server, &token, &different)),
        BTreeMap::from([(201, 1), (409, 19)])
    );
    let listed = server.get("/api/packages", None).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    server.stop();
    archive.repogen(&["publish"]).ok();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn what_cannot_be_taken_is_refused_by_a_code_and_leaves_nothing() {
    let archive = TestArchive::init(&["--suite", "other", "--suite", "stable"]);
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::with(&archive, &[("MAX_UPLOAD_BYTES", "100000")]);
    let noise: Vec<u8> = (0_u32..200_000)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let good = hello("1.0").build();
    let form: &[(&str, &str)] = &[("Content-Type", "multipart/form-data; boundary=x")];
    let without_file = b"--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--x--\r\n";
    for (query, headers, body, status, code) in [
        (
            "suite=stable",
            &[][..],
            &b"no package"[..],
            422,
            "invalid_package",
        ),
        ("suite=stable", &[], b"", 422, "invalid_package"),
        (
            "suite=stable",
            &[],
            &good[..good.len() - 100],
            422,
            "invalid_package",
        ),
        ("suite=stable", &[], &noise, 413, "payload_too_large"),
        ("suite=nowhere", &[], &good, 404, "suite_not_found"),
        (
            "suite=stable&component=extra",
            &[],
            &good,
            422,
            "component_not_in_suite",
        ),
        ("", &[], &good, 422, "suite_required"),
        ("suite=stable&wait=never", &[], &good, 400, "invalid_query"),
        ("suite=stable", form, without_file, 400, "invalid_upload"),
    ] {
        let answer = server.send(
            "POST",
            &format!("/api/packages?{query}"),
            Some(&token),
            (headers, body),
        );
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        assert_eq!(answer.json()["code"], code, "{query}");
        assert_eq!(
            answer.header("content-type").as_deref(),
            Some("application/problem+json")
        );
        let page = server.get(answer.json()["type"].as_str().unwrap(), None);
        assert_eq!(page.status, 200);
    }
    let wrong = server.upload(
        &DebBuilder::new("hello", "1.0", "riscv64"),
        "suite=stable",
        &token,
    );
    assert_eq!(
        (wrong.status, wrong.json()["code"].as_str().unwrap()),
        (422, "architecture_not_in_suite")
    );
    for writer in std::fs::read_dir(archive.root().join("state/staging")).unwrap() {
        assert_eq!(std::fs::read_dir(writer.unwrap().path()).unwrap().count(), 0);
    }
}

#[test]
fn packages_of_the_installer_are_refused_by_name_and_those_for_debuggers_taken() {
    let (archive, server, token) = Uploader::with_admin();
    let bytes = DebBuilder::new("hello-dbgsym", "1.0", "amd64").build();
    let put = |name: &str| {
        let path = format!("/api/upload/stable/{name}");
        server.send("PUT", &path, Some(&token), (&[], &bytes))
    };
    for (name, status, code) in [
        ("hello-udeb_1.0_amd64.udeb", 422, "file_not_taken"),
        ("hello-1.0.rpm", 422, "file_not_taken"),
        ("hello.txt", 400, "invalid_upload"),
    ] {
        let answer = put(name);
        let found = answer.header("x-error-code").unwrap_or_default();
        assert_eq!(
            (answer.status, found.as_str()),
            (status, code),
            "{name}: {}",
            answer.text()
        );
    }
    let file = archive.outside().join("package");
    std::fs::create_dir_all(archive.outside()).unwrap();
    std::fs::write(&file, &bytes).unwrap();
    let form = |name: &str| {
        let field = format!("file=@{};filename={name}", file.display());
        let authorization = format!("Authorization: Bearer {token}");
        server
            .curl(&["-sS", "-H", &authorization, "-F", &field], "/api/packages")
            .stdout
    };
    let refused = form("hello-udeb_1.0_amd64.udeb");
    assert!(refused.contains("file_not_taken"), "{refused}");
    assert!(refused.contains("need a separate index"), "{refused}");
    assert_eq!(archive.repogen(&["list"]).ok().stdout, "", "nothing was taken");

    assert_eq!(put("hello-dbgsym_1.0_amd64.ddeb").status, 201);
    let again = form("hello-dbgsym_1.0_amd64.ddeb");
    assert!(again.contains("hello-dbgsym_1.0_amd64.deb"), "{again}");
}

#[test]
fn a_name_that_the_policy_forbids_is_no_upload() {
    let (archive, server, token) = Uploader::with_admin();
    for name in ["r", "MyTool", "a_b"] {
        let answer = server.upload(&DebBuilder::new(name, "1.0", "all"), "", &token);
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(answer.json()["code"], "invalid_package");
        assert!(answer.text().contains("--allow-odd-names"), "{}", answer.text());
    }
    // Also where the archive holds it already: who may bring one in is asked each time.
    let path = file(&archive, &DebBuilder::new("MyTool", "1.0", "all"));
    archive
        .repogen(&["add", "--allow-odd-names", path.to_str().unwrap()])
        .ok();
    let answer = server.upload(&DebBuilder::new("MyTool", "1.0", "all"), "", &token);
    assert_eq!(answer.status, 422, "{}", answer.text());
    let found = server.get("/api/packages?name=MyTool", None).json();
    assert_eq!(found["items"][0]["name"], "MyTool", "{found}");
}
