//! Uploads: from a request to a package that the real apt installs.

use archive_tests::uploader::file;
use archive_tests::{Apt, DebBuilder, Nginx, TestArchive, Uploader, apt};
use serde_json::json;
use std::collections::BTreeMap;
use std::thread;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

fn counted(statuses: impl IntoIterator<Item = u16>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

/// Sends packages at once, each on a connection of its own, and returns the statuses.
fn at_once(server: &Uploader, token: &str, packages: &[DebBuilder]) -> Vec<u16> {
    thread::scope(|scope| {
        let sent: Vec<_> = packages
            .iter()
            .map(|package| scope.spawn(move || server.upload(package, "", token).status))
            .collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    })
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
fn curl_puts_packages_with_a_token_as_the_password() {
    let (archive, server, token) = Uploader::with_admin();
    let path = file(&archive, &hello("1.0"));
    let path = path.to_str().unwrap();
    let user = format!("ci:{token}");
    let put = |user: &str, more: &[&str], to: &str| {
        let arguments = [&["-u", user, "-T", path, "-w", "%{http_code}"], more].concat();
        server.curl(&arguments, to).ok().stdout
    };
    assert_eq!(
        put(&user, &[], "/api/upload/stable/hello_1.0_all.deb"),
        "hello 1.0 all is taken: stable/main\n201"
    );
    assert!(put(&user, &[], "/api/upload/stable/hello_1.0_all.deb").ends_with("200"));
    let refused = put(
        "ci:wrong",
        &["-H", "Expect:", "-D", "-"],
        "/api/upload/stable/hello_1.0_all.deb",
    );
    assert!(refused.contains("x-error-code: invalid_token"), "{refused}");
    assert!(refused.contains("www-authenticate: Basic"), "{refused}");
    let form = format!("file=@{path}");
    let bearer = format!("Authorization: Bearer {token}");
    let posted = server.curl(
        &[
            "-F",
            &form,
            "-H",
            &bearer,
            "-w",
            "%{http_code}",
            "-o",
            "/dev/null",
        ],
        "/api/packages",
    );
    assert_eq!(posted.ok().stdout, "200");
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
fn private_suites_are_there_for_their_readers_only() {
    let archive = TestArchive::empty();
    let native = apt::native_architecture();
    let url = "http://127.0.0.1:1";
    archive
        .repogen(&[
            "init",
            "--url",
            url,
            "--suite",
            "stable",
            "--suite",
            "secret",
            "--architecture",
            &native,
        ])
        .ok();
    archive.configure_last_suite("private = true");
    archive.publish();
    archive.account("root", &["--role", "admin"]);
    archive.account("friend", &["--role", "user", "--suite", "secret"]);
    archive.account("other", &["--role", "user"]);
    let root = archive.token("root", &["admin"]);
    let friend = archive.token("friend", &["read:secret"]);
    let other = archive.token("other", &["read:stable"]);
    let server = Uploader::start(&archive);
    let uploaded = server.upload(&hello("1.0"), "suite=secret&wait=published", &root);
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());
    let id = uploaded.json()["id"].as_str().unwrap().to_owned();

    for path in [
        "/api/packages?suite=secret".to_owned(),
        format!("/api/packages/{id}"),
        format!("/api/packages/{id}/download"),
    ] {
        assert_eq!(server.get(&path, Some(&friend)).status, 200, "{path}");
        let missing = path.replace("secret", "nowhere").replace(&id, &"0".repeat(32));
        for token in [None, Some(other.as_str())] {
            let (hidden, missing) = (server.get(&path, token), server.get(&missing, token));
            assert_eq!(hidden.status, 404, "{path}");
            assert_eq!(hidden.json()["code"], missing.json()["code"], "{path}");
        }
    }
    assert_eq!(
        server.get("/api/packages/search/hello", None).json()["items"],
        json!([])
    );
    assert_eq!(
        server.get("/api/suites", Some(&other)).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let upload = server.upload(&hello("2.0"), "suite=secret", &other);
    assert_eq!(upload.status, 404, "{}", upload.text());

    let check = |token: Option<&str>, address: &str| {
        let headers = [("X-Original-URI", address)];
        server
            .send("GET", "/api/auth/check", token, (&headers, &[]))
            .status
    };
    let release = "/private/secret/dists/secret/InRelease";
    assert_eq!(check(None, "/dists/stable/InRelease"), 204);
    assert_eq!(check(None, release), 401);
    assert_eq!(check(Some(&other), release), 403);
    assert_eq!(
        check(Some(&other), "/private/nowhere/dists/nowhere/InRelease"),
        403
    );
    assert_eq!(check(Some(&friend), release), 204);
    for address in [
        "/private/secret/../secret/x",
        "//private/secret/dists/secret/InRelease",
        "/./private/secret/dists/x",
        "/",
    ] {
        assert_eq!(
            (check(None, address), check(Some(&friend), address)),
            (401, 403),
            "{address}"
        );
    }
    assert_eq!(check(None, "/%70rivate/secret/dists/secret/InRelease"), 401);
    assert_eq!(
        server.get(release, None).header("www-authenticate").as_deref(),
        Some("Basic realm=\"archive\", charset=\"UTF-8\"")
    );
    assert_eq!(server.get(release, Some(&other)).status, 404);
    let served = server.get(release, Some(&friend));
    assert_eq!(
        served.header("cache-control").as_deref(),
        Some("private, max-age=0, must-revalidate")
    );

    let key: String = archive
        .read("stable.sources")
        .lines()
        .skip_while(|line| !line.starts_with("Signed-By"))
        .map(|line| format!("{line}\n"))
        .collect();
    let sources = format!(
        "Types: deb\nURIs: {}/private/secret\nSuites: secret\nComponents: main\n{key}",
        server.url()
    );
    let apt = Apt::new(&sources);
    assert_ne!(apt.update().run.code, 0, "without a password apt reads nothing");
    let login = format!(
        "machine {}/private/secret login apt password {friend}\n",
        server.url()
    );
    std::fs::write(apt.auth().join("archive.conf"), login).unwrap();
    apt.update().silent();
    apt.install(&["hello"]).silent();

    // The same through nginx, which asks the uploader and serves the files itself.
    let nginx = Nginx::before(server.port(), &archive.root());
    assert_eq!(nginx.get("/dists/stable/InRelease").status, 200);
    assert_eq!(nginx.get("/api/packages").status, 200);
    for address in [
        release,
        "//private/secret/dists/secret/InRelease",
        "/dists/../private/secret/dists/secret/InRelease",
    ] {
        let refused = nginx.get(address);
        assert_eq!(refused.status, 401, "{address}");
        assert!(
            refused.header("www-authenticate").unwrap().starts_with("Basic"),
            "{address}"
        );
    }
    let bearer = format!("Bearer {other}");
    let hidden = archive_tests::http::request(nginx.port(), "GET", release, &[("Authorization", &bearer)]);
    assert_eq!(hidden.status, 404);
    let apt = Apt::new(&sources.replace(&server.url(), &nginx.url()));
    assert_ne!(apt.update().run.code, 0, "without a password apt reads nothing");
    let login = format!(
        "machine {}/private/secret login apt password {friend}\n",
        nginx.url()
    );
    std::fs::write(apt.auth().join("archive.conf"), login).unwrap();
    apt.update().silent();
    apt.install(&["hello"]).silent();
}

#[test]
fn accounts_are_made_changed_and_ended_by_the_rules() {
    let (archive, server, root) = Uploader::with_admin();
    let register = |name: &str, email: &str, password: &str| {
        let body = json!({"username": name, "email": email, "password": password});
        server.json("POST", "/api/auth/register", None, &body)
    };
    let made = register("jane", "jane@example.org", "correct horse battery");
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(
        (&made.json()["role"], &made.json()["suites"]),
        (&json!("user"), &json!([]))
    );
    let id = made.json()["id"].as_str().unwrap().to_owned();
    for (name, email, password, status, code) in [
        (
            "Jane",
            "other@example.org",
            "correct horse battery",
            409,
            "username_taken",
        ),
        (
            "june",
            "JANE@example.org",
            "correct horse battery",
            409,
            "email_taken",
        ),
        ("june", "june@example.org", "ninechars", 422, "weak_password"),
        (
            "ju ne",
            "june@example.org",
            "correct horse battery",
            422,
            "invalid_request",
        ),
        ("june", "june", "correct horse battery", 422, "invalid_request"),
    ] {
        let answer = register(name, email, password);
        assert_eq!(
            (answer.status, answer.json()["code"].as_str().unwrap()),
            (status, code),
            "{name} {email}"
        );
    }
    let wrong = json!({"username": "jane", "password": "correct horse batterY"});
    let unknown = json!({"username": "nobody", "password": "correct horse battery"});
    let refused: Vec<_> = [wrong, unknown]
        .iter()
        .map(|body| server.json("POST", "/api/auth/login", None, body))
        .map(|answer| (answer.status, answer.json()["detail"].clone()))
        .collect();
    assert_eq!(
        refused[0], refused[1],
        "which of name and password was wrong is not told"
    );
    assert_eq!(refused[0].0, 401);

    let session = server.login("jane");
    let above = json!({"name": "x", "scopes": ["upload:stable/*"]});
    assert_eq!(
        server.json("POST", "/api/tokens", Some(&session), &above).json()["code"],
        "scope_above_rights"
    );
    let own = format!("/api/users/{id}");
    let promote = json!({"role": "admin"});
    assert_eq!(server.json("PUT", &own, Some(&session), &promote).status, 403);
    let change = server.json(
        "PUT",
        &own,
        Some(&session),
        &json!({"password": "another password"}),
    );
    assert_eq!(change.status, 200, "{}", change.text());
    assert_eq!(
        server.get("/api/auth/me", Some(&session)).status,
        401,
        "a new password ends sessions"
    );
    let promoted = server.json("PUT", &own, Some(&root), &json!({"role": "maintainer"}));
    assert_eq!(promoted.json()["suites"], json!(null), "{}", promoted.text());
    assert_eq!(server.send("DELETE", &own, Some(&root), (&[], &[])).status, 204);
    let me = server.get("/api/auth/me", Some(&root)).json()["user"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let last = server.send("DELETE", &format!("/api/users/{me}"), Some(&root), (&[], &[]));
    assert_eq!(last.json()["code"], "last_admin");

    let audit = server.get("/api/audit?limit=500", Some(&root)).json();
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    for action in [
        "login.refused",
        "user.create",
        "user.change",
        "user.delete",
        "token.create",
    ] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    drop(server);
    let closed = Uploader::with(&archive, &[("REGISTRATION", "closed")]);
    let body = json!({"username": "june", "email": "june@example.org", "password": "correct horse battery"});
    assert_eq!(
        closed.json("POST", "/api/auth/register", None, &body).json()["code"],
        "registration_closed"
    );
}

#[test]
fn accounts_come_back_from_a_backup_of_a_running_server() {
    let (archive, server, token) = Uploader::with_admin();
    let backup = archive.outside().join("backup");
    archive.uploader(&["backup", backup.to_str().unwrap()], "").ok();
    drop(server);
    let other = TestArchive::empty();
    other.repogen(&["restore", backup.to_str().unwrap()]).ok();
    let server = Uploader::start(&other);
    assert_eq!(server.get("/api/auth/me", Some(&token)).status, 200);
    assert_eq!(
        server.get("/api/auth/me", Some(&server.login("root"))).status,
        200
    );
}

#[test]
fn readers_page_search_revalidate_and_fetch_parts() {
    let (_archive, server, token) = Uploader::with_admin();
    let packages: Vec<DebBuilder> = (0..5)
        .map(|number| DebBuilder::new(&format!("pkg{number}"), "1.0", "all"))
        .collect();
    assert_eq!(
        counted(at_once(&server, &token, &packages)),
        BTreeMap::from([(201, 5)])
    );
    let mut names = Vec::new();
    let mut path = "/api/packages?section=misc&limit=2".to_owned();
    loop {
        let page = server.get(&path, None);
        names.extend(
            page.json()["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        let Some(link) = page.header("link") else { break };
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!(names, ["pkg0", "pkg1", "pkg2", "pkg3", "pkg4"]);
    assert_eq!(server.get("/api/packages?limit=501", None).status, 400);
    assert_eq!(
        server.get("/api/packages?cursor=x", None).json()["code"],
        "invalid_cursor"
    );

    let found = server.get("/api/packages/search/pkg3", None).json();
    let id = found["items"][0]["id"].as_str().unwrap().to_owned();
    let one = server.get(&format!("/api/packages/{id}"), None);
    let tag = one.header("etag").unwrap();
    let again = server.send(
        "GET",
        &format!("/api/packages/{id}"),
        None,
        (&[("If-None-Match", &tag)], &[]),
    );
    assert_eq!((again.status, again.body.len()), (304, 0));
    let download = format!("/api/packages/{id}/download");
    let part = server.send("GET", &download, None, (&[("Range", "bytes=0-7")], &[]));
    assert_eq!((part.status, part.body.as_slice()), (206, &b"!<arch>\n"[..]));
    let head = server.send("HEAD", &download, None, (&[], &[]));
    assert_eq!(
        head.header("content-length"),
        Some(one.json()["size"].to_string())
    );

    let changed = server.json(
        "PUT",
        &format!("/api/packages/{id}"),
        Some(&token),
        &json!({"section": "web", "tags": ["new"]}),
    );
    assert_eq!(changed.status, 200, "{}", changed.text());
    let filtered = server.get("/api/packages?section=web&tag=new", None).json();
    assert_eq!(filtered["items"][0]["name"], "pkg3");
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
    assert!(refused.contains("need an index of their own"), "{refused}");
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
