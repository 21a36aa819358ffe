//! Clients that ask for what nobody would, and for several things at once.

use archive_catalog::accounts::Role;
use serde_json::{Value, json};

use super::{JSON, deb, hello, world};
use crate::temporary_server::{Answered, PASSWORD, REQUESTS_PER_ADDRESS, TemporaryServer};

/// Returns the status and the code of an answer.
pub(super) fn outcome(answer: &Answered) -> (u16, String) {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let code = body["code"].as_str().unwrap_or("none").to_owned();
    (answer.status.as_u16(), code)
}

#[tokio::test]
async fn an_array_is_no_object_whatever_its_order() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    for (path, body) in [
        ("/api/auth/login", json!(["jane", PASSWORD])),
        ("/api/tokens", json!(["ci", ["read:stable"], null])),
        ("/api/users", json!([])),
    ] {
        let answer = server
            .ask(("POST", path), Some(&root), &[JSON], format!(" \n{body}"))
            .await;
        assert_eq!(outcome(&answer), (422, "invalid_request".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_called_what_it_is() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    for (body, found) in [
        ("null", "null"),
        ("-1", "a number"),
        (" true", "a boolean"),
        ("\"x\"", "a string"),
        ("[]", "an array"),
    ] {
        for path in ["/api/tokens", "/api/webhooks", "/api/auth/login"] {
            let answer = server.ask(("POST", path), Some(&root), &[JSON], body).await;
            assert_eq!(outcome(&answer), (422, "invalid_request".to_owned()), "{path}");
            let words = format!("expected a JSON object, found {found}\"");
            assert!(answer.body.contains(&words), "{path} {body}: {}", answer.body);
        }
    }
    let answer = server
        .ask(("POST", "/api/tokens"), Some(&root), &[JSON], "nothing")
        .await;
    assert_eq!(outcome(&answer), (400, "invalid_json".to_owned()));
}

#[tokio::test]
async fn a_name_of_blanks_is_refused_wherever_people_give_one() {
    let (server, jane) = world().await;
    let root = server.token("root", &["admin"]);
    let listed = server.ask(("GET", "/api/packages"), None, &[], "").await;
    let listed: Value = serde_json::from_str(&listed.body).unwrap();
    let package = format!("/api/packages/{}", listed["items"][0]["id"].as_str().unwrap());
    for (name, is_taken) in [("a b", true), (" ", false), ("\u{200b}", false)] {
        let hook = json!({"name": name, "url": "https://example.org/x", "events": ["suite.published"]});
        for (method, path, token, body) in [
            (
                "POST",
                "/api/tokens",
                &root,
                json!({"name": name, "scopes": ["admin"]}),
            ),
            ("POST", "/api/webhooks", &root, hook),
            ("PUT", &*package, &jane, json!({"tags": [name]})),
        ] {
            let answer = server
                .ask((method, path), Some(token), &[JSON], body.to_string())
                .await;
            let is_refused = outcome(&answer) == (422, "invalid_request".to_owned());
            assert_eq!(is_refused, !is_taken, "{path} {name:?}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn of_two_addresses_to_check_neither_counts() {
    let (server, _) = world().await;
    let public = ("x-original-uri", "/dists/stable/InRelease");
    let private = ("x-original-uri", "/private/secret/dists/secret/InRelease");
    for (headers, status) in [
        (&[public][..], 204),
        (&[public, private], 401),
        (&[private, public], 401),
    ] {
        let answer = server.ask(("GET", "/api/auth/check"), None, headers, "").await;
        assert_eq!(answer.status, status, "{headers:?}");
    }
}

#[tokio::test]
async fn a_form_is_known_by_its_type_in_any_case() {
    let (server, jane) = world().await;
    let mut form = b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".to_vec();
    form.extend(hello("2.0"));
    form.extend(b"\r\n--x--\r\n");
    for (kind, status) in [
        ("Multipart/Form-Data; boundary=x", 201),
        ("multipart/form-data; boundary=x", 200),
        ("multipart/form-data-x; boundary=x", 422),
    ] {
        let route = ("POST", "/api/packages?suite=stable");
        let headers = [("content-type", kind)];
        let answer = server.ask(route, Some(&jane), &headers, form.clone()).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_package_of_the_installer_is_refused_by_what_it_says_of_itself() {
    let (server, jane) = world().await;
    for (kind, status) in [("udeb", 422), ("UDEB", 422), ("ddeb", 201)] {
        let body = deb("typed", "1.0", "all").field("Package-Type", kind).build();
        for (method, path) in [
            ("PUT", "/api/upload/stable/queue/typed_1.0_all.deb"),
            ("POST", "/api/packages?suite=stable"),
            ("PUT", "/api/upload/stable/typed_1.0_all.deb"),
        ] {
            let accept = [("accept", "application/json")];
            let answer = server
                .ask((method, path), Some(&jane), &accept, body.clone())
                .await;
            let is_refused = outcome(&answer) == (422, "file_not_taken".to_owned());
            assert_eq!(is_refused, status == 422, "{kind} {path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_package_has_one_id_in_one_spelling() {
    let (server, _) = world().await;
    let listed = server.ask(("GET", "/api/packages"), None, &[], "").await;
    let listed: Value = serde_json::from_str(&listed.body).unwrap();
    let id = listed["items"][0]["id"].as_str().unwrap();
    for (id, status) in [(id.to_owned(), 200), (id.to_uppercase(), 404)] {
        let path = format!("/api/packages/{id}");
        let answer = server.ask(("GET", &path), None, &[], "").await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_name_shows_as_it_is_written() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    for (name, status) in [
        ("für ci", 201),
        ("a\u{202e}b", 422),
        ("a\u{2028}b", 422),
        ("a\nb", 422),
    ] {
        let body = json!({"name": name, "scopes": []}).to_string();
        let answer = server
            .ask(("POST", "/api/tokens"), Some(&root), &[JSON], body)
            .await;
        assert_eq!(answer.status, status, "{name:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_body_that_is_compressed_for_transport_is_refused() {
    let (server, jane) = world().await;
    for (name, value, status) in [
        ("transfer-encoding", "gzip, chunked", 415),
        ("transfer-encoding", "Chunked", 200),
        ("content-encoding", "gzip", 415),
        ("content-encoding", "identity", 200),
    ] {
        let route = ("POST", "/api/packages?suite=stable");
        let answer = server
            .ask(route, Some(&jane), &[(name, value)], hello("1.0"))
            .await;
        assert_eq!(answer.status, status, "{name}: {value}: {}", answer.body);
    }
}

#[tokio::test]
async fn ranges_are_of_bytes_in_any_case_and_other_units_are_ignored() {
    let (server, _) = world().await;
    for (range, status) in [
        ("bytes=0-3", 206),
        ("BYTES=0-3", 206),
        ("items=0-3", 200),
        ("bytes", 200),
        ("bytes=99999999-", 416),
    ] {
        let route = ("GET", "/pool/main/h/hello/hello_1.0_all.deb");
        let answer = server.ask(route, None, &[("range", range)], "").await;
        assert_eq!(answer.status, status, "{range}");
    }
}

#[tokio::test]
async fn an_upload_that_another_request_removes_at_once_succeeded_all_the_same() {
    let (server, jane) = world().await;
    let jane = Some(jane.as_str());
    let listed = server.ask(("GET", "/api/packages"), None, &[], "").await;
    let listed: Value = serde_json::from_str(&listed.body).unwrap();
    let path = format!("/api/packages/{}", listed["items"][0]["id"].as_str().unwrap());
    for round in 0..50 {
        let upload = ("POST", "/api/packages?suite=stable");
        let (uploaded, removed) = tokio::join!(
            server.ask(upload, jane, &[], hello("1.0")),
            server.ask(("DELETE", &path), jane, &[], ""),
        );
        assert!(uploaded.status.is_success(), "round {round}: {}", uploaded.body);
        assert!([204, 404].contains(&removed.status.as_u16()), "{}", removed.body);
        let uploaded: Value = serde_json::from_str(&uploaded.body).unwrap();
        assert_eq!(uploaded["filename"], "pool/main/h/hello/hello_1.0_all.deb");
        assert_eq!(uploaded["author"], "jane");
    }
}

#[tokio::test]
async fn a_package_that_is_taken_out_of_all_suites_is_answered_without_any() {
    let (server, jane) = world().await;
    let jane = Some(jane.as_str());
    let listed = server.ask(("GET", "/api/packages"), None, &[], "").await;
    let listed: Value = serde_json::from_str(&listed.body).unwrap();
    let path = format!("/api/packages/{}", listed["items"][0]["id"].as_str().unwrap());
    let none = json!({"suites": []}).to_string();
    let changed = server.ask(("PUT", &path), jane, &[JSON], none).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let changed: Value = serde_json::from_str(&changed.body).unwrap();
    assert_eq!(changed["suites"], json!([]));
    assert_eq!(server.ask(("GET", &path), None, &[], "").await.status, 404);
}

#[tokio::test]
async fn behind_a_proxy_one_client_does_not_take_the_places_of_others() {
    let server = TemporaryServer::new(&[("TRUSTED_PROXIES", "127.0.0.1")]);
    let ask = |client| server.ask_through_proxy("/api/suites", client);
    let mut open = Vec::new();
    for _ in 0..REQUESTS_PER_ADDRESS {
        let answer = ask("192.0.2.1").await;
        assert_eq!(answer.status(), 200);
        open.push(answer);
    }
    let refused = ask("192.0.2.1").await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(ask("192.0.2.2").await.status(), 200);
    let probe = server.ask_through_proxy("/healthz", "192.0.2.1").await;
    assert_eq!(probe.status(), 200);
    open.pop();
    assert_eq!(ask("192.0.2.1").await.status(), 200);
}

#[tokio::test]
async fn a_form_has_one_package() {
    let (server, jane) = world().await;
    let mut form = Vec::new();
    for version in ["2.0", "3.0"] {
        form.extend(b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n");
        form.extend(hello(version));
        form.extend(b"\r\n");
    }
    form.extend(b"--x--\r\n");
    let headers = [("content-type", "multipart/form-data; boundary=x")];
    let route = ("POST", "/api/packages?suite=stable");
    let answer = server.ask(route, Some(&jane), &headers, form).await;
    assert_eq!(outcome(&answer), (400, "invalid_upload".to_owned()));
    let listed = server
        .ask(("GET", "/api/packages?version=2.0"), None, &[], "")
        .await;
    assert!(listed.body.contains("\"items\":[]"), "{}", listed.body);
}

#[tokio::test]
async fn a_password_of_blanks_is_none() {
    let (server, _) = world().await;
    for password in [" ".repeat(12), "\t\u{a0}\u{2003} ".repeat(4)] {
        let body = json!({ "username": "blank", "email": "blank@example.org", "password": password });
        let route = ("POST", "/api/auth/register");
        let answer = server.ask(route, None, &[JSON], body.to_string()).await;
        assert_eq!(
            outcome(&answer),
            (422, "weak_password".to_owned()),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_changes_file_without_packages_needs_the_right_to_its_source() {
    let (server, _) = world().await;
    let narrow = server.token("jane", &["upload:stable/foo*"]);
    let record = b"Format: 1.0\n";
    let put = |name: &'static str, body: Vec<u8>| {
        server.ask(
            ("PUT", name),
            Some(&narrow),
            &[("accept", "application/json")],
            body,
        )
    };
    let queued = put(
        "/api/upload/stable/queue/openssl_1_amd64.buildinfo",
        record.to_vec(),
    );
    assert_eq!(queued.await.status, 202);
    let (sha256, size) = (debian_control::digest::sha256(record), record.len());
    let changes = format!(
        "Format: 1.8\nSource: openssl\nVersion: 1\nChecksums-Sha256:\n {sha256} {size} openssl_1_amd64.buildinfo\n\
         Files:\n d41d8cd98f00b204e9800998ecf8427e {size} misc optional openssl_1_amd64.buildinfo\n"
    );
    let refused = put("/api/upload/stable/queue/openssl_1_amd64.changes", changes.into()).await;
    assert_eq!(
        outcome(&refused),
        (403, "scope_too_small".to_owned()),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn a_token_ends_no_later_than_the_one_that_made_it() {
    let (server, _) = world().await;
    let soon = server.token_until("root", &["admin"], crate::clock::now() + 3600);
    let create = |expires_at: Value| {
        let body = json!({ "name": "ci", "scopes": ["read:stable"], "expires_at": expires_at });
        server.ask(("POST", "/api/tokens"), Some(&soon), &[JSON], body.to_string())
    };
    let later = create(json!("2999-01-01T00:00:00Z")).await;
    assert_eq!(
        outcome(&later),
        (422, "invalid_request".to_owned()),
        "{}",
        later.body
    );
    let made = create(Value::Null).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made: Value = serde_json::from_str(&made.body).unwrap();
    assert!(made["expires_at"].is_string(), "{made}");
}

#[tokio::test]
async fn who_may_only_upload_to_a_private_suite_learns_nothing_of_it_by_promoting() {
    let server = TemporaryServer::new(&[]);
    server.account("keeper", Role::Maintainer, &["stable", "secret"]);
    let upload = server.token("keeper", &["upload:*/*"]);
    let route = ("POST", "/api/packages?suite=stable");
    let uploaded = server.ask(route, Some(&upload), &[], hello("1.0")).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.body);
    let promote = async |token: &str| {
        let body = json!({"from": "stable", "dry_run": true}).to_string();
        let route = ("POST", "/api/suites/secret/promotions");
        outcome(&server.ask(route, Some(token), &[JSON], body).await)
    };
    assert_eq!(promote(&upload).await, (404, "suite_not_found".to_owned()));
    let reads = server.token("keeper", &["upload:*/*", "read:secret"]);
    assert_eq!(promote(&reads).await.0, 200, "the control");
}

#[tokio::test]
async fn what_was_yanked_is_listed_in_pages() {
    let server = TemporaryServer::new(&[]);
    server.account("root", Role::Admin, &[]);
    let root = server.token("root", &["admin"]);
    for name in ["one", "three", "two"] {
        let package = deb(name, "1.0", "all").build();
        let route = ("POST", "/api/packages?suite=stable");
        let uploaded = server.ask(route, Some(&root), &[], package).await;
        let uploaded: Value = serde_json::from_str(&uploaded.body).unwrap();
        let yank = format!("/api/packages/{}/yank", uploaded["id"].as_str().unwrap());
        let why = json!({"reason": "loses data"}).to_string();
        let yanked = server.ask(("POST", &yank), Some(&root), &[JSON], why).await;
        assert_eq!(yanked.status, 200, "{}", yanked.body);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    for _ in 0..2 {
        let path = format!("/api/suites/stable/yanked?limit=2{cursor}");
        let page = server.ask(("GET", &path), None, &[], "").await;
        let page: Value = serde_json::from_str(&page.body).unwrap();
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        cursor = format!("&cursor={}", page["next"].as_str().unwrap_or("none"));
    }
    assert_eq!(names, ["one", "three", "two"]);
    assert_eq!(cursor, "&cursor=none");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, each step on the last one")]
async fn uploads_at_the_same_time_do_not_pass_a_quota_and_say_what_is_used() {
    let (server, jane) = world().await;
    let root = server.token("root", &["admin"]);
    let set = async |path: &str, token: &str, body: Value| {
        server
            .ask(("PUT", path), Some(token), &[JSON], body.to_string())
            .await
    };
    let limit = json!({"max_packages": 3, "max_bytes": null});
    let path = "/api/suites/stable/quota";
    assert_eq!(
        outcome(&set(path, &jane, limit.clone()).await),
        (403, "forbidden".into())
    );
    for (body, expected) in [
        (json!({"max_packages": -1}), (422, "invalid_request")),
        (json!({"max_packages": "3"}), (422, "invalid_request")),
        (
            json!({"max_bytes": 9_007_199_254_740_992_u64}),
            (422, "invalid_request"),
        ),
        (json!({"bytes": 1}), (400, "unknown_field")),
        (limit, (200, "none")),
    ] {
        let answer = set(path, &root, body).await;
        assert_eq!(
            outcome(&answer),
            (expected.0, expected.1.into()),
            "{}",
            answer.body
        );
    }
    let upload = async |at: usize| {
        let body = deb(&format!("p{at}"), "1.0", "all").build();
        let route = ("POST", "/api/packages?suite=stable");
        server.ask(route, Some(&jane), &[], body).await
    };
    let (a, b, c, d) = tokio::join!(upload(1), upload(2), upload(3), upload(4));
    let mut statuses: Vec<u16> = [&a, &b, &c, &d]
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 403, 403]);
    let refused = upload(5).await;
    assert_eq!(outcome(&refused), (403, "quota_exceeded".into()));
    let said = "the quota of suite `stable` is 3 packages: 3 are used, and with this it would be 4";
    assert!(refused.body.contains(said), "{}", refused.body);
    let me = server.ask(("GET", "/api/auth/me"), Some(&jane), &[], "").await;
    let me: Value = serde_json::from_str(&me.body).unwrap();
    assert_eq!(me["quota"]["packages"], 3);
    // What is gone is free again; what nobody may know of has no quota.
    let kept = server.ask(("GET", path), Some(&jane), &[], "").await;
    let kept: Value = serde_json::from_str(&kept.body).unwrap();
    assert_eq!((&kept["packages"], &kept["max_packages"]), (&json!(3), &json!(3)));
    let secret = server
        .ask(("GET", "/api/suites/secret/quota"), Some(&jane), &[], "")
        .await;
    assert_eq!(outcome(&secret), (404, "suite_not_found".into()));
    let other = server
        .ask(("GET", "/api/users/root/quota"), Some(&jane), &[], "")
        .await;
    assert_eq!(outcome(&other).0, 403);
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_as_programs_that_put_files_read_it() {
    let (server, jane) = world().await;
    for path in ["/api/upload/stable/%ff.deb", "/api/upload/stable/queue/%ff.deb"] {
        let answer = server.ask(("PUT", path), Some(&jane), &[], "x").await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(answer.headers["x-error-code"], "invalid_path");
        let accept = [("accept", "application/json")];
        let answer = server.ask(("PUT", path), Some(&jane), &accept, "x").await;
        assert_eq!(outcome(&answer), (400, "invalid_path".into()));
    }
}

#[tokio::test]
async fn a_sha1_that_was_sent_is_compared() {
    let (server, jane) = world().await;
    let headers = [("x-checksum-sha1", "0000000000000000000000000000000000000000")];
    let route = ("POST", "/api/packages?suite=stable");
    let answer = server.ask(route, Some(&jane), &headers, hello("2.0")).await;
    assert_eq!(outcome(&answer), (400, "digest_mismatch".into()));
}

#[tokio::test]
async fn a_part_of_a_file_is_not_taken_for_the_whole() {
    let (server, jane) = world().await;
    let package = super::hello("1.1");
    let range = format!("bytes 0-{}/{}", package.len() - 1, 2 * package.len());
    let headers = [("content-range", range.as_str())];
    for (method, path) in [
        ("PUT", "/api/upload/stable/hello_1.1_all.deb"),
        ("PUT", "/api/upload/stable/queue/hello_1.1_all.deb"),
        ("POST", "/api/packages?suite=stable"),
    ] {
        let headers = [headers[0], ("accept", "application/json")];
        let answer = server
            .ask((method, path), Some(&jane), &headers, package.clone())
            .await;
        assert_eq!(outcome(&answer), (400, "invalid_upload".into()), "{path}");
        assert!(answer.body.contains("is a part"), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_time_that_ends_before_it_begins_is_no_filter() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    for path in [
        "/api/stats/downloads?from=2026-11-30&to=2026-11-01",
        "/api/audit?since=2026-11-29T20:50:00Z&until=2026-11-29T20:40:00Z",
    ] {
        let answer = server.ask(("GET", path), Some(&root), &[], "").await;
        assert_eq!(outcome(&answer), (400, "invalid_query".into()), "{path}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_said_as_oauth_clients_read_it() {
    let (server, jane) = world().await;
    for (token, route, expected) in [
        (None, ("GET", "/api/auth/me"), "Bearer realm=\"archive\""),
        (
            Some("x"),
            ("GET", "/api/auth/me"),
            "Bearer realm=\"archive\", error=\"invalid_token\"",
        ),
        (
            Some(jane.as_str()),
            ("GET", "/api/tokens"),
            "Bearer realm=\"archive\", error=\"insufficient_scope\"",
        ),
    ] {
        let answer = server.ask(route, token, &[], "").await;
        assert_eq!(answer.headers["www-authenticate"], expected, "{route:?}");
    }
}

#[tokio::test]
async fn a_body_of_nobody_is_not_judged() {
    let (server, _) = world().await;
    for (method, path) in [
        ("POST", "/api/tokens"),
        ("POST", "/api/users"),
        ("POST", "/api/webhooks"),
        ("POST", "/api/publishers"),
        ("PUT", "/api/auth/password"),
        ("POST", "/api/packages/deletions"),
        ("POST", "/api/suites/stable/promotions"),
        ("POST", "/api/suites/stable/rollback"),
        ("POST", "/api/uploads?suite=stable"),
        ("PATCH", "/api/uploads/x"),
        ("PUT", "/api/users/joe?unknown=1"),
    ] {
        for (headers, body) in [([JSON].as_slice(), "{}"), (&[JSON], "["), (&[], "x")] {
            let answer = server.ask((method, path), None, headers, body).await;
            assert_eq!(
                outcome(&answer),
                (401, "unauthenticated".into()),
                "{method} {path}: {body}"
            );
        }
    }
}
