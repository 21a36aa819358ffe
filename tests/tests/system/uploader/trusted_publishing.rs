//! Trusted publishing: a CI job's token for one that uploads, against an issuer of the test's own.

use archive_tests::http::Response;
use archive_tests::issuer::{Issuer, Key};
use archive_tests::{DebBuilder, TestArchive, Uploader};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

struct World {
    archive: TestArchive,
    server: Uploader,
    issuer: Issuer,
    key: Key,
}

fn config(issuer: &str) -> String {
    format!(
        "[[issuer]]\nname = \"ci\"\nurl = \"{issuer}\"\naudience = \"archive\"\nkind = \"github\"\n\n\
         [[publisher]]\nissuer = \"ci\"\nrepository = \"team/hello\"\nowner_id = 65\nworkflow = \"release.yml\"\n\
         environment = \"release\"\naccount = \"bot\"\nsuite = \"stable\"\npackages = [\"hello*\"]\n"
    )
}

fn world() -> World {
    let archive = TestArchive::new();
    archive.account("bot", &["--role", "maintainer"]);
    let issuer = Issuer::start();
    let key = issuer.rsa("first");
    issuer.publish(&[&key]);
    std::fs::write(archive.root().join("publishers.toml"), config(&issuer.url())).unwrap();
    World {
        server: Uploader::start(&archive),
        archive,
        issuer,
        key,
    }
}

fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

impl World {
    /// What a job of the trusted workflow says, with an id of its own.
    fn claims(&self) -> Value {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        json!({"iss": self.issuer.url(), "aud": "archive", "sub": "repo:team/hello:environment:release",
            "jti": format!("job-{}", NEXT.fetch_add(1, Ordering::Relaxed)), "iat": now(), "nbf": now() - 5, "exp": now() + 300,
            "repository": "team/hello", "repository_owner_id": "65", "environment": "release",
            "workflow_ref": "team/hello/.github/workflows/release.yml@refs/heads/main"})
    }

    fn with(&self, claim: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[claim] = value;
        claims
    }

    fn without(&self, claim: &str) -> Value {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(claim);
        claims
    }

    fn ask(&self, token: &str) -> Response {
        let body = json!({ "token": token });
        self.server.json("POST", "/api/auth/oidc", None, &body)
    }

    #[track_caller]
    fn refused(&self, token: &str, expected: (u16, &str, &str)) {
        let answer = self.ask(token);
        let body = answer.json();
        assert_eq!(
            (answer.status, body["code"].as_str().unwrap()),
            (expected.0, expected.1),
            "{body}"
        );
        assert!(body["detail"].as_str().unwrap().contains(expected.2), "{body}");
    }
}

const INVALID: &str = "invalid_assertion";

#[test]
fn a_trusted_job_gets_a_token_that_uploads_its_packages_and_no_others() {
    let world = world();
    let proof = world.key.sign(&world.claims());
    let given = world.ask(&proof);
    assert_eq!(given.status, 200, "{}", given.text());
    assert_eq!(
        (&given.json()["expires_in"], &given.json()["scopes"]),
        (&json!(900), &json!(["upload:stable/hello*"]))
    );
    let token = given.json()["token"].as_str().unwrap().to_owned();
    let me = world.server.get("/api/auth/me", Some(&token)).json();
    assert_eq!(
        (&me["user"]["username"], &me["scopes"]),
        (&json!("bot"), &json!(["upload:stable/hello*"]))
    );
    let upload = |name: &str| {
        let package = DebBuilder::new(name, "1.0", "all");
        world.server.upload(&package, "suite=stable", &token).status
    };
    assert_eq!((upload("hello-data"), upload("other")), (201, 403));
    world.refused(&proof, (401, INVALID, "used before"));

    // It is a token as any other: its owner sees it and revokes it.
    let bot = world.server.login("bot");
    let listed = world.server.get("/api/tokens", Some(&bot)).json();
    assert_eq!(listed["items"][0]["name"], "ci team/hello release.yml");
    assert!(!listed["items"][0]["expires_at"].is_null());
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/tokens/{id}");
    assert_eq!(
        world.server.send("DELETE", &path, Some(&bot), (&[], &[])).status,
        204
    );
    assert_eq!(upload("hello-more"), 401);
    assert!(!world.server.log().contains(&token) && !world.server.log().contains(&proof));
    let root = world.archive.token("bot", &["read:stable"]);
    assert_eq!(world.server.get("/api/audit", Some(&root)).status, 403);
}

#[test]
fn a_package_tells_which_job_brought_it_and_names_no_private_repository_to_everybody() {
    let world = world();
    let uploaded = |visibility: &str, version: &str| {
        let mut claims = world.with("repository_visibility", json!(visibility));
        claims["sha"] = json!("c0ffee");
        claims["run_id"] = json!("17");
        claims["ref"] = json!("refs/tags/v1<script>");
        let token = world.ask(&world.key.sign(&claims)).json()["token"].clone();
        let token = token.as_str().unwrap();
        let package = DebBuilder::new("hello", version, "all");
        let answer = world
            .server
            .upload(&package, "suite=stable&wait=published", token);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let (public, private) = (uploaded("public", "1.0"), uploaded("private", "2.0"));
    let shown = |id: &str, token: Option<&str>| {
        let answer = world.server.get(&format!("/api/packages/{id}/provenance"), token);
        answer.json()["items"][0].clone()
    };
    let job = json!({"issuer": world.issuer.url(), "repository": "team/hello", "workflow": "release.yml",
        "ref": "refs/tags/v1<script>", "commit": "c0ffee", "run": "17"});
    let bot = world.server.login("bot");
    for (id, token, expected) in [
        (&public, None, &job),
        (&private, None, &Value::Null),
        (&private, Some(bot.as_str()), &job),
    ] {
        let shown = shown(id, token);
        assert_eq!(&shown["job"], expected, "{shown}");
        assert_eq!(
            (&shown["account"], &shown["suite"]),
            (&json!("bot"), &json!("stable"))
        );
        assert_eq!(shown["token"].is_null(), token.is_none(), "{shown}");
    }
    // The site is for everybody, too.
    let twin = world.archive.root().join("browse/stable/hello/index.json");
    let twin: Value = serde_json::from_slice(&std::fs::read(twin).unwrap()).unwrap();
    let jobs: Vec<&Value> = twin["builds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|build| &build["job"])
        .collect();
    assert_eq!(jobs, [&Value::Null, &job]);
}

#[test]
fn a_publisher_that_an_administrator_adds_counts_at_once_until_it_is_ended() {
    let world = world();
    world.archive.account("root", &["--role", "admin"]);
    let root = world.server.login("root");
    let listed = || world.server.get("/api/publishers", Some(&root)).json();
    let before = listed();
    assert_eq!(
        (&before["issuers"], &before["items"][0]["is_of_file"]),
        (&json!(["ci"]), &json!(true))
    );
    assert!(before["items"][0]["last_used_at"].is_null());
    world.archive.account("ursula", &["--role", "user"]);
    let claims = || {
        let mut claims = world.with("repository", json!("team/other"));
        claims["workflow_ref"] = json!("team/other/.github/workflows/release.yml@refs/heads/main");
        world.key.sign(&claims)
    };
    world.refused(&claims(), (403, "untrusted_publisher", "team/other"));
    let new = json!({"issuer": "ci", "repository": "team/other", "owner_id": 65, "workflow": "release.yml", "account": "bot",
        "suite": "stable", "packages": ["other"]});
    let add = |body: &Value| world.server.json("POST", "/api/publishers", Some(&root), body);
    for (field, value) in [
        ("issuer", json!("https://evil.example.org")),
        ("account", json!("nobody")),
        ("packages", json!([])),
        ("packages", json!(["../x"])),
        ("repository", json!("")),
        ("repository", json!("a\nb")),
        ("repository", json!("x".repeat(300))),
        ("repository", json!("other")),
        ("workflow", json!(".github/workflows/release.yml")),
        ("ref", json!("refs/*/x")),
        ("owner_id", json!(-1)),
        ("account", json!("ursula")),
    ] {
        let mut body = new.clone();
        body[field] = value;
        let answer = add(&body);
        assert_eq!(answer.status, 422, "{field}: {}", answer.text());
    }
    let added = add(&new);
    assert_eq!(added.status, 201, "{}", added.text());
    let again = add(&new);
    assert_eq!(
        (again.status, &again.json()["id"]),
        (200, &added.json()["id"]),
        "{}",
        again.text()
    );
    let given = world.ask(&claims());
    assert_eq!(
        given.json()["scopes"],
        json!(["upload:stable/other"]),
        "{}",
        given.text()
    );
    let id = added.json()["id"].as_str().unwrap().to_owned();
    let after = listed();
    let of = |id: &str| {
        let items = after["items"].as_array().unwrap();
        items.iter().find(|item| item["id"] == id).unwrap().clone()
    };
    assert!(of(&id)["last_used_at"].is_string(), "{after}");
    let of_file = before["items"][0]["id"].as_str().unwrap();
    assert!(of(of_file)["last_used_at"].is_null(), "{after}");
    let end = |id: &str| {
        let path = format!("/api/publishers/{id}");
        world.server.send("DELETE", &path, Some(&root), (&[], &[])).status
    };
    assert_eq!((end(of_file), end(&id), end(&id)), (404, 204, 404));
    world.refused(&claims(), (403, "untrusted_publisher", "team/other"));
    let audit = world
        .server
        .get("/api/audit?action=publisher", Some(&root))
        .json();
    let actions: Vec<&Value> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["action"])
        .collect();
    assert_eq!(actions, ["publisher.delete", "publisher.create"]);
}

#[test]
fn what_is_not_right_to_the_letter_is_refused() {
    let world = world();
    let sign = |claims: &Value| world.key.sign(claims);
    for (claims, words) in [
        (world.with("aud", json!("elsewhere")), "`aud`"),
        (world.without("aud"), "`aud`"),
        (world.with("exp", json!(now() - 120)), "expired"),
        (world.without("exp"), "JWT"),
        (world.with("exp", json!("soon")), "JWT"),
        (world.with("exp", json!(now() + 200_000)), "longer than a day"),
        (world.with("nbf", json!(now() + 300)), "`nbf`"),
        (world.with("nbf", json!("soon")), "JWT"),
        (world.with("iat", json!(now() + 300)), "`iat`"),
        (
            world.with("iss", json!("https://elsewhere.example")),
            "is not trusted",
        ),
        (world.without("repository_owner_id"), "repository_owner_id"),
        (
            world.with(
                "workflow_ref",
                json!("evil/hello/.github/workflows/release.yml@refs/heads/main"),
            ),
            "not a workflow of",
        ),
        (
            world.with(
                "job_workflow_ref",
                json!("evil/build/.github/workflows/build.yml@refs/heads/main"),
            ),
            "not a workflow of",
        ),
    ] {
        world.refused(&sign(&claims), (401, INVALID, words));
    }
    for claims in [
        world.with("event_name", json!("pull_request")),
        world.with("event_name", json!("watch")),
        world.with("event_name", json!("workflow_run")),
        world.with("repository_owner_id", json!("66")),
        world.with("environment", json!("test")),
        world.without("environment"),
        world.with(
            "workflow_ref",
            json!("team/hello/.github/workflows/test.yml@refs/heads/main"),
        ),
    ] {
        world.refused(
            &sign(&claims),
            (403, "untrusted_publisher", "no trusted publisher matches"),
        );
    }
    let mut other = world.with("repository", json!("team/other"));
    other["workflow_ref"] = json!("team/other/.github/workflows/release.yml@refs/heads/main");
    world.refused(&sign(&other), (403, "untrusted_publisher", "team/other"));

    // The public key is public: a signature by it as a shared secret proves nothing, and none proves less.
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("first".into());
    let shared = EncodingKey::from_secret(&world.key.public_pem);
    let swapped = encode(&header, &world.claims(), &shared).unwrap();
    world.refused(&swapped, (401, INVALID, "RS256 or ES256"));
    let good = sign(&world.claims());
    let payload = good.split('.').nth(1).unwrap();
    // {"alg":"none","kid":"first"}
    world.refused(
        &format!("eyJhbGciOiJub25lIiwia2lkIjoiZmlyc3QifQ.{payload}."),
        (401, INVALID, "RS256 or ES256"),
    );
    let stranger = world.issuer.rsa("stranger-rsa");
    let forged = stranger.sign(&world.claims());
    let body = forged.split_once('.').unwrap().1;
    let head = good.split_once('.').unwrap().0;
    world.refused(&format!("{head}.{body}"), (401, INVALID, "signature"));
    for nonsense in ["", "x", "a.b.c"] {
        world.refused(nonsense, (401, INVALID, ""));
    }
    assert_eq!(world.ask(&good).status, 200, "the control is taken");
    world.archive.account("root", &["--role", "admin"]);
    let root = world.archive.token("root", &["admin"]);
    let audit = world.server.get("/api/audit?limit=500", Some(&root)).text();
    assert!(audit.contains("oidc.refused") && audit.contains("token.exchange"));
}

#[test]
fn keys_are_fetched_again_for_an_unknown_one_but_not_for_each() {
    let world = world();
    assert_eq!(world.ask(&world.key.sign(&world.claims())).status, 200);
    assert_eq!(world.ask(&world.key.sign(&world.claims())).status, 200);
    assert_eq!(world.issuer.asked_for_keys(), 1, "they are kept");
    let second = world.issuer.ec("second");
    world.issuer.publish(&[&second]);
    assert_eq!(world.ask(&second.sign(&world.claims())).status, 200);
    assert_eq!(world.issuer.asked_for_keys(), 2);
    world.refused(&world.key.sign(&world.claims()), (401, INVALID, "no key `first`"));
    let third = world.issuer.ec("third");
    world.refused(&third.sign(&world.claims()), (401, INVALID, "no key `third`"));
    assert_eq!(world.issuer.asked_for_keys(), 2, "at most once a minute");
}

#[test]
fn whether_a_key_is_unknown_is_not_known_while_its_issuer_is_down() {
    let world = world();
    let known = world.key.sign(&world.claims());
    assert_eq!(world.ask(&known).status, 200);
    world.issuer.serve("/keys", "busy");
    let rotated = world.issuer.ec("rotated").sign(&world.claims());
    let unavailable = (503, "issuer_unavailable", "cannot be downloaded");
    world.refused(&rotated, unavailable);
    world.refused(&rotated, unavailable);
    assert_eq!(world.ask(&world.key.sign(&world.claims())).status, 200);
}

#[test]
fn an_issuer_that_is_down_or_leads_elsewhere_proves_nothing() {
    let world = world();
    let elsewhere = Issuer::start();
    elsewhere.publish(&[&world.key]);
    let unavailable = (503, "issuer_unavailable", "cannot be downloaded");
    let discovery = |keys: String| {
        let text = json!({ "issuer": world.issuer.url(), "jwks_uri": keys }).to_string();
        world.issuer.serve("/.well-known/openid-configuration", &text);
    };
    discovery(format!("{}/keys", elsewhere.url()));
    world.refused(&world.key.sign(&world.claims()), unavailable);

    // A server each, since a failure has the issuer left alone for some seconds.
    let again = |prepare: &dyn Fn()| {
        prepare();
        let server = Uploader::start(&world.archive);
        let body = json!({ "token": world.key.sign(&world.claims()) });
        let answer = server.json("POST", "/api/auth/oidc", None, &body);
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.header("retry-after").is_some());
    };
    again(&|| {
        discovery(format!("{}/keys", world.issuer.url()));
        world.issuer.serve("/keys", &format!("{}/keys", elsewhere.url()));
    });
    again(&|| world.issuer.serve("/keys", &format!("[{}]", " ".repeat(300_000))));
    assert_eq!(elsewhere.asked_for_keys(), 0, "nobody went elsewhere");
    let down = TcpPort::unused();
    let toml = config(&format!("http://127.0.0.1:{}", down.0));
    std::fs::write(world.archive.root().join("publishers.toml"), toml).unwrap();
    let mut claims = world.claims();
    claims["iss"] = json!(format!("http://127.0.0.1:{}", down.0));
    world.refused(&world.key.sign(&claims), unavailable);
}

/// A port that nobody listens on.
struct TcpPort(u16);

impl TcpPort {
    fn unused() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self(listener.local_addr().unwrap().port())
    }
}

#[test]
fn a_changed_file_counts_at_once_and_a_broken_one_changes_nothing() {
    let world = world();
    let file = world.archive.root().join("publishers.toml");
    let whole = config(&world.issuer.url());
    std::fs::write(&file, whole.replace("workflow =", "workflows =")).unwrap();
    assert_eq!(world.ask(&world.key.sign(&world.claims())).status, 200);
    assert!(
        world.server.log().contains("unknown field `workflows`"),
        "the key and its line are in the log"
    );
    std::fs::write(&file, whole.replace("team/hello", "team/renamed")).unwrap();
    world.refused(
        &world.key.sign(&world.claims()),
        (403, "untrusted_publisher", "team/hello"),
    );
    std::fs::write(&file, whole.replace("\"bot\"", "\"nobody\"")).unwrap();
    world.refused(
        &world.key.sign(&world.claims()),
        (403, "untrusted_publisher", "`nobody` does not exist"),
    );
    std::fs::remove_file(&file).unwrap();
    world.refused(&world.key.sign(&world.claims()), (401, INVALID, "is not trusted"));
}
