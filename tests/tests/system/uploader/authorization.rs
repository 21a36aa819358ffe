//! Every route with every kind of credential: who is let in, and who is not.

use super::world::{Shown, World, world};
use archive_tests::DebBuilder;
use archive_tests::uploader::PASSWORD;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Whom a route lets in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Guard {
    /// Everybody, whatever they show.
    Anyone,
    /// Everybody, but what is shown has to be right.
    Reader,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is signed in by all their rights.
    InFull,
    /// A maintainer of the suite.
    Maintainer,
    /// A maintainer of the suite, by a token that may upload any package there.
    SuiteUploader,
    /// An administrator.
    Admin,
    /// Whoever began the upload; to everybody else there is none.
    Uploader,
}

const SHOWN: [Shown; 10] = [
    Shown::Nothing,
    Shown::Expired,
    Shown::Tampered,
    Shown::AlgorithmNone,
    Shown::WrongAudience,
    Shown::LoggedOut,
    Shown::RevokedToken,
    Shown::User,
    Shown::OtherMaintainer,
    Shown::ScopeTooSmall,
];

/// A route, and how it is asked for.
struct Row {
    method: &'static str,
    /// As the document has it.
    route: &'static str,
    guard: Guard,
    /// What stands in the place of `{...}`, and the query.
    path: String,
    body: Option<Value>,
    headers: &'static [(&'static str, &'static str)],
    /// Who is let in, and with which status.
    right: (&'static str, u16),
}

/// Returns all routes; what they delete comes last.
fn rows(world: &World) -> Vec<Row> {
    let row = |method, route, guard, right| Row {
        method,
        route,
        guard,
        path: String::from(route),
        body: None,
        headers: &[],
        right,
    };
    let at = |mut row: Row, path: String| {
        row.path = path;
        row
    };
    let json = |mut row: Row, body: Value| {
        row.body = Some(body);
        row
    };
    let with = |mut row: Row, headers| {
        row.headers = headers;
        row
    };
    let package = format!("/api/packages/{}", world.package);
    let user = format!("/api/users/{}", world.spare_user);
    let mut check = row("GET", "/api/auth/check", Guard::Anyone, ("root", 204));
    check.headers = &[("X-Original-URI", "/dists/stable/InRelease")];
    let new_user = |name: &str| json!({"username": name, "email": format!("{name}@example.org"), "password": "a long password"});
    vec![
        row("GET", "/healthz", Guard::Anyone, ("root", 200)),
        row("GET", "/readyz", Guard::Anyone, ("root", 200)),
        row("GET", "/metrics", Guard::Anyone, ("root", 200)),
        at(
            row("GET", "/problems/{code}", Guard::Anyone, ("root", 200)),
            "/problems/forbidden".into(),
        ),
        json(
            row("POST", "/api/auth/register", Guard::Anyone, ("root", 201)),
            new_user("NAME"),
        ),
        json(
            row("POST", "/api/auth/login", Guard::Anyone, ("root", 200)),
            json!({"username": "root", "password": PASSWORD}),
        ),
        json(
            row("POST", "/api/auth/oidc", Guard::Anyone, ("root", 401)),
            json!({"token": "no proof"}),
        ),
        check,
        row("GET", "/api/auth/me", Guard::SignedIn, ("reader", 200)),
        row("GET", "/api/suites", Guard::Reader, ("reader", 200)),
        at(
            row(
                "GET",
                "/api/suites/{suite}/publishing",
                Guard::Reader,
                ("reader", 200),
            ),
            "/api/suites/stable/publishing".into(),
        ),
        at(
            row(
                "GET",
                "/api/suites/{suite}/publications",
                Guard::Reader,
                ("reader", 200),
            ),
            "/api/suites/stable/publications".into(),
        ),
        at(
            row(
                "GET",
                "/api/suites/{suite}/snapshots",
                Guard::Reader,
                ("reader", 200),
            ),
            "/api/suites/stable/snapshots".into(),
        ),
        at(
            row(
                "GET",
                "/api/suites/{suite}/differences",
                Guard::Reader,
                ("reader", 200),
            ),
            format!("/api/suites/stable/differences?from={}", world.snapshot),
        ),
        json(
            at(
                row(
                    "POST",
                    "/api/suites/{suite}/snapshots",
                    Guard::Admin,
                    ("root", 201),
                ),
                "/api/suites/stable/snapshots".into(),
            ),
            json!({"id": world.snapshot}),
        ),
        json(
            at(
                row(
                    "POST",
                    "/api/suites/{suite}/rollback",
                    Guard::Admin,
                    ("root", 200),
                ),
                "/api/suites/stable/rollback".into(),
            ),
            json!({"snapshot": world.snapshot}),
        ),
        at(
            row(
                "DELETE",
                "/api/suites/{suite}/snapshots/{id}",
                Guard::Admin,
                ("root", 204),
            ),
            format!("/api/suites/stable/snapshots/{}", world.snapshot),
        ),
        at(
            row(
                "GET",
                "/api/suites/{suite}/quota",
                Guard::SuiteUploader,
                ("keeper", 200),
            ),
            "/api/suites/stable/quota".into(),
        ),
        json(
            at(
                row("PUT", "/api/suites/{suite}/quota", Guard::Admin, ("root", 200)),
                "/api/suites/stable/quota".into(),
            ),
            json!({"max_packages": 1000}),
        ),
        row("GET", "/api/stats", Guard::Reader, ("reader", 200)),
        at(
            row(
                "GET",
                "/api/suites/{suite}/vulnerabilities",
                Guard::Reader,
                ("reader", 200),
            ),
            "/api/suites/stable/vulnerabilities".into(),
        ),
        row("GET", "/api/stats/downloads", Guard::Reader, ("reader", 200)),
        json(
            at(
                row(
                    "POST",
                    "/api/suites/{suite}/promotions",
                    Guard::Maintainer,
                    ("keeper", 200),
                ),
                "/api/suites/stable/promotions".into(),
            ),
            json!({"from": "other", "dry_run": true}),
        ),
        at(
            row(
                "GET",
                "/api/suites/{suite}/yanked",
                Guard::Reader,
                ("reader", 200),
            ),
            "/api/suites/stable/yanked".into(),
        ),
        at(
            row(
                "DELETE",
                "/api/suites/{suite}/yanked/{id}",
                Guard::Maintainer,
                ("keeper", 204),
            ),
            format!("/api/suites/stable/yanked/{}", world.yanked),
        ),
        row("GET", "/api/keys", Guard::Reader, ("reader", 200)),
        row("GET", "/api/retention", Guard::Admin, ("root", 200)),
        row("GET", "/api/stats/daily", Guard::Reader, ("reader", 200)),
        row("GET", "/api/audit", Guard::Admin, ("root", 200)),
        row("GET", "/api/audit/export", Guard::Admin, ("root", 200)),
        row("GET", "/api/audit/verification", Guard::Admin, ("root", 200)),
        row("GET", "/api/auth/sessions", Guard::InFull, ("reader", 200)),
        at(
            row(
                "DELETE",
                "/api/auth/sessions/{id}",
                Guard::InFull,
                ("keeper", 204),
            ),
            format!("/api/auth/sessions/{}", world.session),
        ),
        row("DELETE", "/api/auth/sessions", Guard::InFull, ("keeper", 204)),
        json(
            row("PUT", "/api/auth/password", Guard::InFull, ("keeper", 204)),
            json!({"current_password": PASSWORD, "new_password": PASSWORD}),
        ),
        at(
            row("POST", "/api/tokens/{id}/rotation", Guard::InFull, ("root", 200)),
            format!("/api/tokens/{}/rotation", world.spare_token),
        ),
        row("GET", "/api/publishers", Guard::Admin, ("root", 200)),
        json(
            row("POST", "/api/publishers", Guard::Admin, ("root", 422)),
            json!({"issuer": "ci", "repository": "a/b", "owner_id": "1", "workflow": "w.yml", "account": "root", "suite": "stable", "packages": ["*"]}),
        ),
        at(
            row("DELETE", "/api/publishers/{id}", Guard::Admin, ("root", 404)),
            "/api/publishers/none".into(),
        ),
        row("GET", "/api/tokens", Guard::InFull, ("reader", 200)),
        json(
            row("POST", "/api/tokens", Guard::InFull, ("reader", 201)),
            json!({"name": "one", "scopes": ["read:stable"]}),
        ),
        at(
            row("DELETE", "/api/tokens/{id}", Guard::InFull, ("root", 204)),
            format!("/api/tokens/{}", world.spare_token),
        ),
    ]
    .into_iter()
    .chain(of_webhooks(world))
    .chain([
        row("GET", "/api/users", Guard::Admin, ("root", 200)),
        json(
            row("POST", "/api/users", Guard::Admin, ("root", 201)),
            new_user("made"),
        ),
        at(
            row("GET", "/api/users/{id}", Guard::Admin, ("root", 200)),
            user.clone(),
        ),
        json(
            at(
                row("PUT", "/api/users/{id}", Guard::Admin, ("root", 200)),
                user.clone(),
            ),
            json!({"email": "new@example.org"}),
        ),
        at(
            row("GET", "/api/users/{id}/packages", Guard::Admin, ("root", 200)),
            format!("{user}/packages"),
        ),
        at(
            row("GET", "/api/users/{id}/quota", Guard::Admin, ("root", 200)),
            format!("{user}/quota"),
        ),
        json(
            at(
                row("PUT", "/api/users/{id}/quota", Guard::Admin, ("root", 200)),
                format!("{user}/quota"),
            ),
            json!({"max_bytes": 1000, "max_packages": null}),
        ),
        at(
            row("GET", "/api/users/{id}/tokens", Guard::Admin, ("root", 200)),
            format!("{user}/tokens"),
        ),
        at(
            row(
                "DELETE",
                "/api/users/{id}/tokens/{token}",
                Guard::Admin,
                ("root", 204),
            ),
            format!("{user}/tokens/{}", world.token_of_spare),
        ),
        row("GET", "/api/uploads", Guard::SignedIn, ("reader", 200)),
        at(
            with(
                row("POST", "/api/uploads", Guard::SuiteUploader, ("keeper", 201)),
                &[("Upload-Length", "10")],
            ),
            "/api/uploads?suite=stable".into(),
        ),
        at(
            row("GET", "/api/uploads/{id}", Guard::Uploader, ("keeper", 200)),
            world.upload.clone(),
        ),
        at(
            with(
                row("PATCH", "/api/uploads/{id}", Guard::Uploader, ("keeper", 204)),
                &[
                    ("Upload-Offset", "0"),
                    ("Content-Type", "application/offset+octet-stream"),
                ],
            ),
            world.upload.clone(),
        ),
        at(
            row("DELETE", "/api/uploads/{id}", Guard::Uploader, ("keeper", 204)),
            world.upload.clone(),
        ),
        at(
            row("GET", "/api/users/{id}/identities", Guard::Admin, ("root", 200)),
            format!("{user}/identities"),
        ),
        at(
            json(
                row("POST", "/api/users/{id}/identities", Guard::Admin, ("root", 201)),
                json!({"issuer": "https://id.example.org", "subject": "another"}),
            ),
            format!("{user}/identities"),
        ),
        at(
            row(
                "DELETE",
                "/api/users/{id}/identities/{identity}",
                Guard::Admin,
                ("root", 204),
            ),
            format!("{user}/identities/{}", world.spare_identity),
        ),
        at(
            row("DELETE", "/api/users/{id}", Guard::Admin, ("root", 204)),
            user,
        ),
        row("GET", "/api/packages", Guard::Reader, ("reader", 200)),
        at(
            row(
                "GET",
                "/api/packages/search/{query}",
                Guard::Reader,
                ("reader", 200),
            ),
            "/api/packages/search/hello".into(),
        ),
        at(
            row("GET", "/api/packages/{id}", Guard::Reader, ("reader", 200)),
            package.clone(),
        ),
        at(
            row(
                "GET",
                "/api/packages/{id}/download",
                Guard::Reader,
                ("reader", 200),
            ),
            format!("{package}/download"),
        ),
        at(
            row(
                "GET",
                "/api/packages/{id}/publishing",
                Guard::Reader,
                ("reader", 200),
            ),
            format!("{package}/publishing"),
        ),
        at(
            row(
                "GET",
                "/api/packages/{id}/provenance",
                Guard::Reader,
                ("reader", 200),
            ),
            format!("{package}/provenance"),
        ),
        at(
            row("POST", "/api/packages", Guard::Maintainer, ("keeper", 200)),
            "/api/packages?suite=stable".into(),
        ),
        at(
            row(
                "PUT",
                "/api/upload/{suite}/{filename}",
                Guard::Maintainer,
                ("keeper", 200),
            ),
            "/api/upload/stable/hello_1.0_amd64.deb".into(),
        ),
        at(
            row(
                "PUT",
                "/api/upload/{suite}/queue/{filename}",
                Guard::Maintainer,
                ("keeper", 202),
            ),
            "/api/upload/stable/queue/hello_1.0_amd64.deb".into(),
        ),
        json(
            row(
                "POST",
                "/api/packages/deletions",
                Guard::Maintainer,
                ("keeper", 200),
            ),
            json!({"ids": [world.package], "dry_run": true}),
        ),
        json(
            at(
                row("PUT", "/api/packages/{id}", Guard::Maintainer, ("keeper", 200)),
                package.clone(),
            ),
            json!({"section": "web"}),
        ),
        json(
            at(
                row(
                    "POST",
                    "/api/packages/{id}/yank",
                    Guard::Maintainer,
                    ("keeper", 200),
                ),
                format!("/api/packages/{}/yank", world.spare_package),
            ),
            json!({"reason": "it is broken"}),
        ),
        at(
            row("DELETE", "/api/packages/{id}", Guard::Maintainer, ("keeper", 204)),
            package,
        ),
        row("POST", "/api/auth/logout", Guard::SignedIn, ("reader", 204)),
    ])
    .collect()
}

/// Returns the routes of webhooks.
fn of_webhooks(world: &World) -> Vec<Row> {
    let row = |method, route: &'static str, status, body| Row {
        method,
        route,
        guard: Guard::Admin,
        path: route
            .replace("{id}", &world.webhook)
            .replace("{delivery}", &world.delivery),
        body,
        headers: &[],
        right: ("root", status),
    };
    let new = json!({"name": "one", "url": "https://hooks.invalid/", "events": ["suite.published"]});
    vec![
        row("GET", "/api/webhooks", 200, None),
        row("POST", "/api/webhooks", 201, Some(new)),
        row("GET", "/api/webhooks/{id}", 200, None),
        row("PUT", "/api/webhooks/{id}", 200, Some(json!({"paused": true}))),
        row("POST", "/api/webhooks/{id}/rotation", 200, None),
        row("POST", "/api/webhooks/{id}/ping", 202, None),
        row("GET", "/api/webhooks/{id}/deliveries", 200, None),
        row("GET", "/api/webhooks/{id}/deliveries/{delivery}", 200, None),
        row(
            "POST",
            "/api/webhooks/{id}/deliveries/{delivery}/redelivery",
            202,
            None,
        ),
        row("DELETE", "/api/webhooks/{id}", 204, None),
    ]
}

/// Says with which status a route answers somebody whom it does not let in; `None`: it does.
fn refusal(guard: Guard, shown: Shown) -> Option<u16> {
    use Shown::*;
    match (guard, shown) {
        (Guard::Anyone, _) | (Guard::Reader, Nothing) => None,
        (_, Nothing | Expired | Tampered | AlgorithmNone | WrongAudience | LoggedOut | RevokedToken) => {
            Some(401)
        }
        (Guard::Reader | Guard::SignedIn, _) => None,
        (Guard::InFull, ScopeTooSmall) => Some(403),
        (Guard::InFull, _) => None,
        (Guard::SuiteUploader, ScopeTooSmall) => None,
        (Guard::Maintainer | Guard::SuiteUploader | Guard::Admin, _) => Some(403),
        (Guard::Uploader, _) => Some(404),
    }
}

fn ask(world: &World, row: &Row, token: Option<&str>) -> archive_tests::http::Response {
    let package = DebBuilder::new("hello", "1.0", "amd64").build();
    let mut headers = row.headers.to_vec();
    let body = match &row.body {
        Some(body) => {
            headers.push(("Content-Type", "application/json"));
            // A name is given once.
            let name = format!(
                "u{}",
                token.map_or(0, |token| token.len()
                    + token.bytes().map(usize::from).sum::<usize>())
            );
            body.to_string().replace("NAME", &name).into_bytes()
        }
        None if row.guard == Guard::Maintainer && row.method != "DELETE" => package,
        None => Vec::new(),
    };
    world.server.send(row.method, &row.path, token, (&headers, &body))
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let world = world();
    let rows = rows(&world);
    let document = world.server.get("/openapi.json", None).json();
    let documented: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let tested: BTreeSet<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.method, row.route))
        .collect();
    assert_eq!(
        documented, tested,
        "each route of the document has its row in this table, and no other"
    );

    for row in &rows {
        for shown in SHOWN {
            let Some(expected) = refusal(row.guard, shown) else {
                continue;
            };
            let token = world
                .tokens
                .iter()
                .find(|(kind, _)| *kind == shown)
                .map(|(_, token)| token.as_str());
            let answer = ask(&world, row, token);
            let what = format!("{} {} with {shown:?}: {}", row.method, row.route, answer.text());
            assert_eq!(answer.status, expected, "{what}");
            let code = answer.header("x-error-code");
            let code = code.unwrap_or_else(|| answer.json()["code"].as_str().unwrap().to_owned());
            let challenge = answer.header("www-authenticate").is_some();
            assert_eq!(challenge, expected == 401 || code == "scope_too_small", "{what}");
            let right: &[&str] = match expected {
                401 if shown == Shown::Nothing => &["unauthenticated"],
                401 => &["invalid_token"],
                404 => &["upload_not_found"],
                _ if shown == Shown::ScopeTooSmall => &["scope_too_small"],
                _ => &["forbidden"],
            };
            assert!(right.contains(&code.as_str()), "{code}: {what}");
        }
    }
    for row in &rows {
        for shown in SHOWN {
            // What changes something is done once, by the right one.
            if refusal(row.guard, shown).is_some() || row.method != "GET" {
                continue;
            }
            let token = world
                .tokens
                .iter()
                .find(|(kind, _)| *kind == shown)
                .map(|(_, token)| token.as_str());
            let answer = ask(&world, row, token);
            assert_eq!(
                answer.status,
                row.right.1,
                "{} {} with {shown:?}: {}",
                row.method,
                row.route,
                answer.text()
            );
        }
        let token = world.server.login(row.right.0);
        let answer = ask(&world, row, Some(&token));
        assert_eq!(
            answer.status,
            row.right.1,
            "{} {} as {}: {}",
            row.method,
            row.route,
            row.right.0,
            answer.text()
        );
    }
    assert!(
        !world.server.log().contains(&world.tokens[8].1),
        "no token is logged"
    );
    assert!(!world.root_id.is_empty() && world.archive.root().exists());
}
