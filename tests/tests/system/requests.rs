//! How requests are read: names that nobody knows, entity tags, digests, ranges; and what every answer carries.

use archive_tests::http::Response;
use archive_tests::{DebBuilder, TestArchive, Uploader};
use serde_json::{Value, json};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
}

#[track_caller]
fn assert_problem(answer: &Response, status: u16, code: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type").as_deref(),
        Some("application/problem+json"),
        "{}",
        answer.text()
    );
    let body = answer.json();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(
        answer.header("x-content-type-options").as_deref(),
        Some("nosniff")
    );
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
    body["detail"].as_str().unwrap().to_owned()
}

#[test]
fn a_name_that_no_operation_knows_is_refused_and_changes_nothing() {
    let (_archive, server, token) = Uploader::with_admin();
    let id = server.upload(&hello("1.0"), "", &token).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let one = format!("/api/packages/{id}");
    for (method, path, hint) in [
        ("GET", "/api/packages?sort=password", "`sort`"),
        ("GET", "/api/packages?suites=stable", "did you mean `suite`?"),
        (
            "GET",
            "/api/packages/search/hello?Limit=1",
            "did you mean `limit`?",
        ),
        ("GET", &format!("{one}?suite=stable"), "takes none"),
        ("HEAD", &format!("{one}?suite=stable"), ""),
        ("DELETE", &format!("{one}?suites=other"), "did you mean `suite`?"),
        (
            "DELETE",
            &format!("{one}?suit%65s=other"),
            "did you mean `suite`?",
        ),
        ("GET", "/api/suites?private=1", "takes none"),
    ] {
        let answer = server.send(method, path, Some(&token), (&[], &[]));
        assert_eq!(answer.status, 400, "{method} {path}");
        if method != "HEAD" {
            let detail = assert_problem(&answer, 400, "invalid_query");
            assert!(detail.contains(hint), "{detail}");
        }
    }
    assert_eq!(server.get(&one, None).status, 200, "nothing was deleted");
    let put = server.send(
        "PUT",
        "/api/upload/stable/hello_2.0_all.deb?suite=other",
        Some(&token),
        (&[("Accept", "application/json")], &hello("2.0").build()),
    );
    assert_problem(&put, 400, "invalid_query");
    let refused = server.json("PUT", &one, Some(&token), &json!({ "Section": "admin" }));
    let detail = assert_problem(&refused, 400, "unknown_field");
    assert!(detail.contains("did you mean `section`?"), "{detail}");
    let user = json!({ "username": "eve", "password": "correct horse battery", "Role": "admin" });
    assert_problem(
        &server.json("POST", "/api/users", Some(&token), &user),
        400,
        "unknown_field",
    );
    assert_eq!(
        server.get(&one, None).json()["section"],
        "misc",
        "it is as it was"
    );
    assert_eq!(server.get("/healthz?probe=1", None).status, 200);
}

#[test]
fn what_cannot_be_read_is_a_problem_like_any_other() {
    let (_archive, server, token) = Uploader::with_admin();
    assert_problem(&server.get("/api/packages/%ff", None), 400, "invalid_path");
    assert_problem(
        &server.get("/api/packages?cursor=%ff", None),
        400,
        "invalid_cursor",
    );
    assert_problem(&server.get("/api/nowhere", None), 404, "not_found");
    assert_problem(
        &server.send("PATCH", "/api/packages", Some(&token), (&[], &[])),
        405,
        "method_not_allowed",
    );
    let blanks = json!({ "username": "bob", "email": "b@example.org", "password": " ".repeat(12) });
    assert_problem(
        &server.json("POST", "/api/auth/register", None, &blanks),
        422,
        "weak_password",
    );
}

#[test]
fn every_answer_says_how_it_may_be_kept_and_read() {
    let (_archive, server, token) = Uploader::with_admin();
    server.login("root");
    for path in [
        "/api/auth/me",
        "/api/tokens",
        "/api/users",
        "/api/audit",
        "/api/stats",
        "/healthz",
        "/readyz",
        "/metrics",
    ] {
        let answer = server.get(path, Some(&token));
        assert_eq!(
            answer.header("cache-control").as_deref(),
            Some("no-store"),
            "{path}"
        );
        assert_eq!(
            answer.header("x-content-type-options").as_deref(),
            Some("nosniff"),
            "{path}"
        );
    }
}

#[test]
fn a_change_is_only_for_what_was_seen() {
    let (archive, server, token) = Uploader::with_admin();
    let id = server.upload(&hello("1.0"), "", &token).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = archive.account("bob", &["--role", "user"]);
    for (path, change) in [
        (format!("/api/packages/{id}"), json!({ "section": "admin" })),
        (
            format!("/api/users/{user}"),
            json!({ "email": "bob@example.org" }),
        ),
    ] {
        let tag = server.get(&path, Some(&token)).header("etag").unwrap();
        let put = |tag: &str| {
            let headers = [("If-Match", tag), ("Content-Type", "application/json")];
            server.send(
                "PUT",
                &path,
                Some(&token),
                (&headers, change.to_string().as_bytes()),
            )
        };
        assert_problem(&put("\"other\""), 412, "precondition_failed");
        assert_eq!(put(&format!("\"x\", {tag}")).status, 200);
        // It has another one now.
        assert_problem(&put(&tag), 412, "precondition_failed");
        assert_eq!(put("*").status, 200);
        let delete = |tag: &str| server.send("DELETE", &path, Some(&token), (&[("If-Match", tag)], &[]));
        assert_problem(&delete(&tag), 412, "precondition_failed");
        let tag = server.get(&path, Some(&token)).header("etag").unwrap();
        assert_eq!(delete(&tag).status, 204);
    }
}

#[test]
fn a_package_comes_to_all_suites_that_are_named_or_to_none() {
    let archive = TestArchive::empty();
    archive
        .repogen(&["init", "--suite", "a", "--suite", "b", "--suite", "c"])
        .ok();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::start(&archive);
    let other = hello("1.0").file("usr/share/other", "x");
    assert_eq!(server.upload(&other, "suite=c", &token).status, 201);
    let id = server.upload(&hello("1.0"), "suite=a", &token).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/packages/{id}");
    let put = |suites: Value| {
        server.json(
            "PUT",
            &path,
            Some(&token),
            &json!({ "suites": suites, "section": "admin" }),
        )
    };
    assert_problem(&put(json!(["b", "c"])), 409, "identity_conflict");
    let shown = server.get(&path, None).json();
    assert_eq!(shown["suites"], json!([{ "suite": "a", "component": "main" }]));
    assert_eq!(shown["section"], "misc");
    assert_eq!(put(json!(["b"])).status, 200);
    let shown = server.get(&path, None).json();
    assert_eq!(shown["suites"], json!([{ "suite": "b", "component": "main" }]));
    assert_eq!(shown["section"], "admin", "what is said of it goes along");
    let tags = json!({ "tags": ["web"] });
    assert_eq!(server.json("PUT", &path, Some(&token), &tags).status, 200);
    assert_eq!(put(json!(["a", "b"])).status, 200);
    assert_eq!(
        server
            .json("PUT", &path, Some(&token), &json!({ "suites": ["a"] }))
            .status,
        200
    );
    let shown = server.get(&path, None).json();
    assert_eq!(shown["suites"], json!([{ "suite": "a", "component": "main" }]));
    assert_eq!(shown["tags"][0]["name"], "web");
    server.stop();
    archive.repogen(&["publish"]).ok();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_digest_that_was_sent_is_held_against_what_came() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    // A publisher has files of its own beside those of uploads.
    let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
    let package = hello("1.0").build();
    let run = |program: &str| {
        let path = archive.outside().join("hello.deb");
        std::fs::create_dir_all(archive.outside()).unwrap();
        std::fs::write(&path, &package).unwrap();
        let run = archive_tests::Run::of(std::process::Command::new(program).arg(path)).ok();
        run.stdout.split(' ').next().unwrap().to_owned()
    };
    let base64 = |hex: &str| {
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let path = archive.outside().join("digest");
        std::fs::write(&path, bytes).unwrap();
        let run = archive_tests::Run::of(std::process::Command::new("base64").arg("-w0").arg(path)).ok();
        run.stdout
    };
    let (md5, sha256, sha512) = (run("md5sum"), run("sha256sum"), run("sha512sum"));
    let right = [
        ("Content-MD5", base64(&md5)),
        ("Digest", format!("SHA-256={}", base64(&sha256))),
        ("Repr-Digest", format!("sha-256=:{}:", base64(&sha256))),
        ("Content-Digest", format!("sha-512=:{}:", base64(&sha512))),
        ("X-Checksum-SHA256", sha256.clone()),
    ];
    let post = |header: &str, value: &str| {
        server.send(
            "POST",
            "/api/packages",
            Some(&token),
            (&[(header, value)], &package),
        )
    };
    let other = "0".repeat(64);
    let wrong = [
        ("Content-MD5", base64(&other[..32])),
        ("Digest", format!("sha-256={}", base64(&other))),
        ("Repr-Digest", format!("sha-256=:{}:", base64(&other))),
        (
            "Content-Digest",
            format!("sha-256=:{}:, sha-512=:{}:", base64(&other), base64(&sha512)),
        ),
        ("X-Checksum-Sha256", other.clone()),
        ("X-Checksum-Sha256", "abc".to_owned()),
    ];
    for (header, value) in &wrong {
        let detail = assert_problem(&post(header, value), 400, "digest_mismatch");
        assert!(detail.contains(&header.to_lowercase()), "{detail}");
    }
    assert_eq!(
        server.get("/api/packages", None).json()["items"],
        json!([]),
        "nothing was kept"
    );
    for (header, value) in &right {
        let status = post(header, value).status;
        assert!(matches!(status, 200 | 201), "{header}: {value}: {status}");
    }
    assert_problem(&post("Content-Encoding", "gzip"), 415, "unsupported_media_type");
    let part = |name: &str| {
        let head =
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.deb\"\r\n\r\n");
        [head.as_bytes(), &package, b"\r\n"].concat()
    };
    let form = |parts: &[Vec<u8>], more: &[(&str, &str)]| {
        let headers = [more, &[("Content-Type", "multipart/form-data; boundary=x")]].concat();
        let body = [parts.concat(), b"--x--\r\n".to_vec()].concat();
        server.send("POST", "/api/packages", Some(&token), (&headers, &body))
    };
    assert_eq!(
        form(&[part("file")], &[("X-Checksum-SHA256", &sha256)]).status,
        200
    );
    assert_problem(
        &form(&[part("file")], &[("X-Checksum-SHA256", &other)]),
        400,
        "digest_mismatch",
    );
    assert_problem(&form(&[part("file"), part("file")], &[]), 400, "invalid_upload");
    assert_problem(&form(&[part("other")], &[]), 400, "invalid_upload");
    for writer in std::fs::read_dir(archive.root().join("state/staging")).unwrap() {
        let writer = writer.unwrap().path();
        if writer.is_dir() {
            let left: Vec<_> = std::fs::read_dir(&writer).unwrap().collect();
            assert!(left.is_empty(), "what was refused is gone: {left:?}");
        }
    }
}

#[test]
fn parts_of_files_are_read_as_the_rule_says() {
    let (_archive, server, token) = Uploader::with_admin();
    let answer = server.upload(&hello("1.0"), "", &token).json();
    let (id, size) = (answer["id"].as_str().unwrap(), answer["size"].as_u64().unwrap());
    let filename = answer["filename"].as_str().unwrap();
    for path in [format!("/{filename}"), format!("/api/packages/{id}/download")] {
        let get = |headers: &[(&str, &str)]| server.send("GET", &path, None, (headers, &[]));
        let whole = get(&[]);
        let tag = whole.header("etag").unwrap();
        let date = whole.header("last-modified").unwrap();
        for (headers, status, length) in [
            (vec![("Range", "bytes=-4")], 206, 4),
            (vec![("Range", "bytes=-999999999")], 206, size),
            (vec![("Range", "bytes=0-9"), ("If-Range", "\"other\"")], 200, size),
            (vec![("Range", "bytes=0-9"), ("If-Range", &tag)], 206, 10),
            (
                vec![("Range", "bytes=0-9"), ("If-Range", &format!("W/{tag}"))],
                200,
                size,
            ),
            (vec![("Range", "bytes=0-9"), ("If-Range", &date)], 206, 10),
            (
                vec![
                    ("Range", "bytes=0-9"),
                    ("If-Range", "Sat, 01 Jan 2000 00:00:00 GMT"),
                ],
                200,
                size,
            ),
            (vec![("If-Range", "\"other\"")], 200, size),
            (vec![("Range", "bytes=999999999-")], 416, 0),
        ] {
            let answer = get(&headers);
            assert_eq!(answer.status, status, "{path} {headers:?}");
            if status != 416 {
                assert_eq!(answer.body.len() as u64, length, "{path} {headers:?}");
            }
        }
    }
}

#[test]
fn only_whole_files_count_as_downloads() {
    let (_archive, server, token) = Uploader::with_admin();
    let id = server.upload(&hello("1.0"), "", &token).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/packages/{id}/download");
    let tag = server.get(&path, None).header("etag").unwrap();
    for (method, header, value) in [
        ("GET", "Range", "bytes=0-9"),
        ("GET", "Range", "bytes=0-"),
        ("GET", "Range", "bytes=-4"),
        ("GET", "If-None-Match", tag.as_str()),
        ("HEAD", "Accept", "*/*"),
    ] {
        server.send(method, &path, None, (&[(header, value)], &[]));
    }
    // Listing tokens writes what was counted.
    let session = server.login("root");
    server.get("/api/tokens", Some(&session));
    assert_eq!(
        server.get(&format!("/api/packages/{id}"), None).json()["downloads"],
        1
    );
}

#[test]
fn a_server_whose_catalog_was_replaced_stores_nothing_and_stops() {
    let (archive, server, token) = Uploader::with_admin();
    assert_eq!(server.upload(&hello("1.0"), "", &token).status, 201);
    let catalog = archive.root().join("catalog.db");
    let copy = archive.root().join("copy.db");
    std::fs::copy(&catalog, &copy).unwrap();
    std::fs::rename(&copy, &catalog).unwrap();
    // It may have stopped by itself already.
    let sent = archive_tests::http::try_send(
        server.port(),
        "POST",
        "/api/packages",
        (
            &[("Authorization", &format!("Bearer {token}"))],
            &hello("2.0").build(),
        ),
    );
    if let Ok(answer) = sent {
        assert_problem(&answer, 503, "unavailable");
    }
    assert_eq!(server.ended(), Some(3));
    archive.repogen(&["list"]).ok();
}

#[test]
fn the_document_of_the_api_is_one_that_clients_are_generated_from() {
    let (_archive, server, _) = Uploader::with_admin();
    let document = server.get("/openapi.json", None).json();
    let mut ids = std::collections::BTreeSet::new();
    let tags: Vec<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    assert!(
        document["tags"]
            .as_array()
            .unwrap()
            .iter()
            .all(|tag| tag["description"].is_string())
    );
    assert!(!document["servers"].as_array().unwrap().is_empty());
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{method} {path}");
            let id = operation["operationId"]
                .as_str()
                .unwrap_or_else(|| panic!("{what} has no id"));
            assert!(ids.insert(id.to_owned()), "{what}: `{id}` is taken");
            assert!(
                operation["security"].is_array(),
                "{what} does not say who may ask"
            );
            assert!(tags.contains(&operation["tags"][0].as_str().unwrap()), "{what}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().all(|status| status.parse::<u16>().is_ok()),
                "{what}"
            );
            let mut contents: Vec<&Value> = responses
                .values()
                .filter_map(|response| response.get("content"))
                .collect();
            contents.extend(operation["requestBody"].get("content"));
            for content in contents {
                for (kind, content) in content.as_object().unwrap() {
                    assert!(content["schema"].is_object(), "{what}: {kind} has no schema");
                }
            }
            if let Some(body) = operation["requestBody"]["content"]["application/json"].as_object() {
                let name = body["schema"]["$ref"]
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap();
                assert!(
                    schemas[name]["example"].is_object(),
                    "{what}: {name} has no example"
                );
            }
        }
    }
    for (name, schema) in schemas {
        if let Some(item) = name.strip_prefix("Page_") {
            let reference = format!("#/components/schemas/{item}");
            assert_eq!(
                schema["properties"]["items"]["items"]["$ref"],
                reference.as_str(),
                "{name}"
            );
        }
    }
    assert!(
        schemas["ProblemCode"]["enum"]
            .as_array()
            .unwrap()
            .contains(&json!("not_found"))
    );
    assert_eq!(
        schemas["Problem"]["properties"]["code"]["$ref"],
        "#/components/schemas/ProblemCode"
    );
}

#[test]
fn pages_load_nothing_of_others_and_stand_in_no_frame() {
    let (_archive, server, _) = Uploader::with_admin();
    let html = [("Accept", "text/html")];
    for path in ["/", "/docs/", "/problems/not_found"] {
        let page = server.send("GET", path, None, (&html, &[]));
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(
            page.header("content-type").as_deref(),
            Some("text/html; charset=utf-8")
        );
        let policy = page.header("content-security-policy").unwrap();
        for rule in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "script-src 'self'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-frame-options").as_deref(), Some("DENY"), "{path}");
        let text = page.text();
        assert!(
            text.contains("<title>") && !text.contains("<title>Swagger UI"),
            "{text}"
        );
        assert!(!text.contains("<script>") && !text.contains("style="), "{text}");
        for part in text
            .split(&['"', '\''][..])
            .filter(|part| part.ends_with(".js") || part.ends_with(".css"))
        {
            let path = if part.starts_with('/') {
                part.to_owned()
            } else {
                format!("/docs/{part}")
            };
            assert_eq!(server.get(&path, None).status, 200, "{path}");
        }
    }
    let markdown = server.get("/problems/not_found", None);
    assert!(
        markdown.text().starts_with("# `not_found`"),
        "{}",
        markdown.text()
    );
    assert_eq!(server.get("/docs/index.html", None).status, 404);
}
