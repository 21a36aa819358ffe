//! Every route with every kind of credential: who is let in, and who is not.

use archive_tests::uploader::JWT_SECRET;
use archive_tests::{DebBuilder, TestArchive, Uploader};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
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
    /// An administrator.
    Admin,
}

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shown {
    Nothing,
    Expired,
    Tampered,
    AlgorithmNone,
    WrongAudience,
    LoggedOut,
    RevokedToken,
    User,
    OtherMaintainer,
    ScopeTooSmall,
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

struct World {
    archive: TestArchive,
    server: Uploader,
    tokens: Vec<(Shown, String)>,
    package: String,
    spare_user: String,
    spare_token: String,
    token_of_spare: String,
    root_id: String,
}

fn claims(account: &str) -> Value {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    json!({"iss": "uploader", "aud": "archive-api", "sub": account, "jti": "made-by-a-test", "iat": now, "exp": now + 600, "epoch": 0})
}

fn signed(claims: &Value) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some("at+jwt".into());
    encode(&header, claims, &EncodingKey::from_secret(JWT_SECRET.as_bytes())).unwrap()
}

fn with(mut claims: Value, claim: &str, value: Value) -> Value {
    claims[claim] = value;
    claims
}

/// Returns the id of the newest token of an account.
fn first_token(server: &Uploader, root: &str, account: &str) -> String {
    let listed = server
        .get(&format!("/api/users/{account}/tokens"), Some(root))
        .json();
    listed["items"][0]["id"].as_str().unwrap().to_owned()
}

fn world() -> World {
    let archive = TestArchive::init(&["--suite", "other", "--suite", "stable"]);
    let root_id = archive.account("root", &["--role", "admin", "--email", "root@example.org"]);
    archive.account("keeper", &["--role", "maintainer", "--suite", "stable"]);
    archive.account("stranger", &["--role", "maintainer", "--suite", "other"]);
    archive.account("reader", &["--role", "user"]);
    let spare_user = archive.account("spare", &["--role", "user"]);
    archive.token("spare", &["read:stable"]);
    let server = Uploader::start(&archive);
    let root = server.login("root");
    let keeper = server.login("keeper");
    let uploaded = server.upload(&DebBuilder::new("hello", "1.0", "amd64"), "suite=stable", &keeper);
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());

    let logged_out = server.login("root");
    assert_eq!(
        server
            .json("POST", "/api/auth/logout", Some(&logged_out), &json!({}))
            .status,
        204
    );
    let body = json!({ "name": "spare", "scopes": [] });
    let revoked = server.json("POST", "/api/tokens", Some(&root), &body).json();
    let address = format!("/api/tokens/{}", revoked["id"].as_str().unwrap());
    assert_eq!(
        server.send("DELETE", &address, Some(&root), (&[], &[])).status,
        204
    );
    let spare = server.json("POST", "/api/tokens", Some(&root), &body).json();

    let good = signed(&claims(&root_id));
    assert_eq!(
        server.get("/api/auth/me", Some(&good)).status,
        200,
        "the control is let in"
    );
    let parts: Vec<&str> = good.split('.').collect();
    let other = signed(&with(claims(&root_id), "jti", json!("another")));
    let tokens = vec![
        (
            Shown::Expired,
            signed(&with(claims(&root_id), "exp", json!(1_000_000_000))),
        ),
        (
            Shown::Tampered,
            format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2]),
        ),
        // {"alg":"none","typ":"at+jwt"}
        (
            Shown::AlgorithmNone,
            format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{}.", parts[1]),
        ),
        (
            Shown::WrongAudience,
            signed(&with(claims(&root_id), "aud", json!("elsewhere"))),
        ),
        (Shown::LoggedOut, logged_out),
        (Shown::RevokedToken, revoked["token"].as_str().unwrap().to_owned()),
        (Shown::User, server.login("reader")),
        (Shown::OtherMaintainer, server.login("stranger")),
        // Of an administrator, so that nothing but the scope is too small.
        (
            Shown::ScopeTooSmall,
            archive.token("root", &["upload:stable/other-*", "delete:stable/other-*"]),
        ),
    ];
    World {
        tokens,
        package: uploaded.json()["id"].as_str().unwrap().to_owned(),
        token_of_spare: first_token(&server, &root, &spare_user),
        spare_user,
        spare_token: spare["id"].as_str().unwrap().to_owned(),
        root_id,
        server,
        archive,
    }
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
            json!({"username": "root", "password": archive_tests::uploader::PASSWORD}),
        ),
        json(
            row("POST", "/api/auth/oidc", Guard::Anyone, ("root", 401)),
            json!({"token": "no proof"}),
        ),
        check,
        row("GET", "/api/auth/me", Guard::SignedIn, ("reader", 200)),
        row("GET", "/api/suites", Guard::Reader, ("reader", 200)),
        row("GET", "/api/stats", Guard::Reader, ("reader", 200)),
        row("GET", "/api/audit", Guard::Admin, ("root", 200)),
        row("GET", "/api/tokens", Guard::InFull, ("reader", 200)),
        json(
            row("POST", "/api/tokens", Guard::InFull, ("reader", 201)),
            json!({"name": "one", "scopes": ["read:stable"]}),
        ),
        at(
            row("DELETE", "/api/tokens/{id}", Guard::InFull, ("root", 204)),
            format!("/api/tokens/{}", world.spare_token),
        ),
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
            at(
                row("PUT", "/api/packages/{id}", Guard::Maintainer, ("keeper", 200)),
                package.clone(),
            ),
            json!({"section": "web"}),
        ),
        at(
            row("DELETE", "/api/packages/{id}", Guard::Maintainer, ("keeper", 204)),
            package,
        ),
        row("POST", "/api/auth/logout", Guard::SignedIn, ("reader", 204)),
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
        (Guard::Maintainer | Guard::Admin, _) => Some(403),
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
            let challenge = answer.header("www-authenticate").is_some();
            assert_eq!(challenge, expected == 401, "{what}");
            let code = answer.header("x-error-code");
            let code = code.unwrap_or_else(|| answer.json()["code"].as_str().unwrap().to_owned());
            let right: &[&str] = match expected {
                401 if shown == Shown::Nothing => &["unauthenticated"],
                401 => &["invalid_token"],
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

/// Begins an upload, does `meanwhile`, sends the rest, and returns the status.
fn upload_around(world: &World, token: &str, name: &str, meanwhile: impl FnOnce()) -> u16 {
    use std::io::{Read as _, Write as _};

    let package = DebBuilder::new(name, "1.0", "amd64").build();
    let (start, rest) = package.split_at(package.len() / 2);
    let address = world.server.url().trim_start_matches("http://").to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /api/packages?suite=stable HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Expect: 100-continue\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        package.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body once it has let the credential in.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"), "{asked:?}");
    stream.write_all(start).unwrap();
    meanwhile();
    stream.write_all(rest).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn an_upload_is_refused_when_its_rights_end_under_way() {
    let world = world();
    let root = world.server.login("root");
    let keeper = world.server.login("keeper");
    let me = world.server.get("/api/auth/me", Some(&keeper)).json();
    let account = format!("/api/users/{}", me["user"]["id"].as_str().unwrap());
    let body = json!({"name": "ci", "scopes": ["upload:stable/*"]});
    let made = world
        .server
        .json("POST", "/api/tokens", Some(&keeper), &body)
        .json();
    let address = format!("/api/tokens/{}", made["id"].as_str().unwrap());
    let token = made["token"].as_str().unwrap();

    assert_eq!(upload_around(&world, token, "control", || {}), 201);
    let suites = |names: Value| {
        let change = json!({ "suites": names });
        let answer = world.server.json("PUT", &account, Some(&root), &change);
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    assert_eq!(
        upload_around(&world, token, "taken-away", || suites(json!(["other"]))),
        403
    );
    suites(json!(["stable"]));
    let revoke = || {
        let answer = world.server.send("DELETE", &address, Some(&keeper), (&[], &[]));
        assert_eq!(answer.status, 204);
    };
    assert_eq!(upload_around(&world, token, "revoked", revoke), 401);
    let sign_out = || {
        let answer = world
            .server
            .send("POST", "/api/auth/logout", Some(&keeper), (&[], &[]));
        assert_eq!(answer.status, 204);
    };
    assert_eq!(upload_around(&world, &keeper, "signed-out", sign_out), 401);
    let listed = world.server.get("/api/packages?suite=stable", None).json();
    let names: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["control", "hello"]);
}

#[test]
fn a_disabled_account_is_let_in_nowhere_until_it_is_enabled_again() {
    let world = world();
    let server = &world.server;
    let (root, keeper) = (server.login("root"), server.login("keeper"));
    let me = server.get("/api/auth/me", Some(&keeper)).json();
    let id = me["user"]["id"].as_str().unwrap();
    let token = world.archive.token("keeper", &["upload:stable/*"]);
    let set = |who: &str, account: &str, disabled: bool| {
        let body = json!({ "disabled": disabled });
        server.json("PUT", &format!("/api/users/{account}"), Some(who), &body)
    };
    let status = |token: &str| server.get("/api/auth/me", Some(token)).status;
    let password = archive_tests::uploader::PASSWORD;
    let login = || {
        let body = json!({"username": "keeper", "password": password});
        server.json("POST", "/api/auth/login", None, &body).status
    };

    assert_eq!(set(&keeper, id, true).status, 403);
    assert_eq!(
        set(&root, &world.root_id, true).status,
        409,
        "the last administrator"
    );
    assert_eq!(set(&root, id, true).json()["disabled"], json!(true));
    assert_eq!((status(&keeper), status(&token), login()), (401, 401, 401));
    assert_eq!(set(&root, id, false).json()["disabled"], json!(false));
    assert_eq!((status(&keeper), status(&token), login()), (401, 200, 200));
}

#[test]
fn tokens_are_listed_and_revoked_from_a_shell() {
    let world = world();
    let token = world.archive.token("keeper", &["upload:stable/*"]);
    let uploader = |arguments: &[&str]| {
        let mut command = world.archive.tool(archive_tests::archive::uploader());
        command.args(arguments).output().unwrap()
    };
    let listed = uploader(&["token", "list", "--user", "keeper"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let id = listed.split('\t').next().unwrap();
    assert!(listed.contains("\tupload:stable/*\tnever\t"), "{listed}");
    assert_eq!(world.server.get("/api/auth/me", Some(&token)).status, 200);
    assert!(uploader(&["token", "revoke", id]).status.success());
    assert_eq!(world.server.get("/api/auth/me", Some(&token)).status, 401);
    assert_eq!(uploader(&["token", "revoke", id]).status.code(), Some(1));
}

#[test]
fn a_changed_or_cut_audit_log_is_found_by_a_command() {
    let world = world();
    let verify = || {
        let mut command = world.archive.tool(archive_tests::archive::uploader());
        let output = command.args(["audit", "verify"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(verify().0, Some(0));
    let catalog = rusqlite::Connection::open(world.archive.root().join("catalog.db")).unwrap();
    let change = |sql: &str| catalog.execute_batch(sql).unwrap();
    change("create temp table kept as select * from audit");
    change("update audit set actor = 'nobody' where id = 2");
    let (code, said) = verify();
    assert_eq!(code, Some(1));
    assert!(said.contains("record 2"), "{said}");
    change("delete from audit; insert into audit select * from kept");
    assert_eq!(verify().0, Some(0));
    change("delete from audit where id = (select max(id) from audit)");
    assert_eq!(verify().0, Some(1));
    // What is recorded later does not hide the gap.
    world.server.login("root");
    assert_eq!(verify().0, Some(1));
}

#[test]
fn a_private_suites_word_is_for_its_readers_and_each_placement_is_its_bringers() {
    let archive = TestArchive::init(&["--suite", "stable", "--suite", "secret"]);
    archive.configure_last_suite("private = true");
    archive.publish();
    for (name, suite) in [("jane", "secret"), ("bob", "stable")] {
        archive.account(name, &["--role", "maintainer", "--suite", suite]);
    }
    let server = Uploader::start(&archive);
    let (jane, bob) = (server.login("jane"), server.login("bob"));
    let package = DebBuilder::new("hello", "1.0", "amd64");
    let taken = server.upload(&package, "suite=secret", &jane);
    assert_eq!(taken.status, 201, "{}", taken.text());
    let path = format!("/api/packages/{}", taken.json()["id"].as_str().unwrap());
    let said = json!({"section": "hidden", "priority": "required", "tags": ["hidden"]});
    assert_eq!(server.json("PUT", &path, Some(&jane), &said).status, 200);

    let brought = server.upload(&package, "suite=stable", &bob);
    assert_eq!(brought.status, 201, "{}", brought.text());
    for seen in [brought.json(), server.get(&path, None).json()] {
        assert_eq!(seen["author"], json!("bob"));
        assert_eq!(seen["tags"], json!([]));
        assert_ne!(seen["section"], json!("hidden"));
        assert_ne!(seen["priority"], json!("required"));
        assert_eq!(seen["created_at"], seen["updated_at"]);
    }
    assert_eq!(server.get(&path, Some(&jane)).json()["section"], json!("hidden"));
    // Bob brought it into stable, though Jane had the same bytes before.
    let delete = |token: &str| {
        let from_stable = format!("{path}?suite=stable");
        server
            .send("DELETE", &from_stable, Some(token), (&[], &[]))
            .status
    };
    assert_eq!(delete(&jane), 403);
    assert_eq!(delete(&bob), 204);
}
