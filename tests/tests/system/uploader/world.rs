//! An uploader with accounts of every kind, and credentials of every kind for them.

use archive_tests::{DebBuilder, TestArchive, Uploader, uploader::JWT_SECRET};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shown {
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

pub(super) struct World {
    pub(super) archive: TestArchive,
    pub(super) server: Uploader,
    pub(super) tokens: Vec<(Shown, String)>,
    pub(super) package: String,
    /// One more package of `stable`.
    pub(super) spare_package: String,
    /// A package that was yanked from `stable`.
    pub(super) yanked: String,
    /// Where the keeper of `stable` is signed in.
    pub(super) session: String,
    /// What is published of `stable`.
    pub(super) snapshot: String,
    /// A webhook, and a delivery to it.
    pub(super) webhook: String,
    pub(super) delivery: String,
    pub(super) spare_user: String,
    /// Where an upload in parts of the keeper of `stable` is.
    pub(super) upload: String,
    /// An identity at a sign-in provider of the spare account.
    pub(super) spare_identity: String,
    pub(super) spare_token: String,
    pub(super) token_of_spare: String,
    pub(super) root_id: String,
}

pub(super) fn claims(account: &str) -> Value {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    json!({"iss": "uploader", "aud": "archive-api", "sub": account, "jti": "made-by-a-test", "iat": now, "exp": now + 600, "epoch": 0})
}

pub(super) fn signed(claims: &Value) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some("at+jwt".into());
    encode(&header, claims, &EncodingKey::from_secret(JWT_SECRET.as_bytes())).unwrap()
}

pub(super) fn with(mut claims: Value, claim: &str, value: Value) -> Value {
    claims[claim] = value;
    claims
}

/// Returns the id of the newest token of an account.
pub(super) fn first_token(server: &Uploader, root: &str, account: &str) -> String {
    let listed = server
        .get(&format!("/api/users/{account}/tokens"), Some(root))
        .json();
    listed["items"][0]["id"].as_str().unwrap().to_owned()
}

/// Returns the ID of the newest snapshot of a suite.
pub(super) fn newest_snapshot(server: &Uploader, suite: &str) -> String {
    let listed = server.get(&format!("/api/suites/{suite}/snapshots"), None).json();
    listed["items"][0]["id"].as_str().unwrap().to_owned()
}

pub(super) fn world() -> World {
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
    let gone = server.upload(&DebBuilder::new("gone", "1.0", "amd64"), "suite=stable", &keeper);
    let yanked = gone.json()["id"].as_str().unwrap().to_owned();
    let spare = server.upload(&DebBuilder::new("spare", "1.0", "amd64"), "suite=stable", &keeper);
    let spare_package = spare.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/packages/{yanked}/yank");
    let answer = server.json("POST", &path, Some(&root), &json!({"reason": "it is broken"}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let uploaded = server.upload(
        &DebBuilder::new("hello", "1.0", "amd64"),
        "suite=stable&wait=published",
        &keeper,
    );
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());

    let other = server.upload(&DebBuilder::new("tool", "1.0", "amd64"), "suite=other", &root);
    assert_eq!(other.status, 201, "{}", other.text());
    let hook = json!({"name": "hook", "url": "https://hooks.invalid/", "events": ["key.expiring"]});
    let hook = server.json("POST", "/api/webhooks", Some(&root), &hook).json();
    let webhook = hook["id"].as_str().unwrap().to_owned();
    let ping = format!("/api/webhooks/{webhook}/ping");
    let ping = server.json("POST", &ping, Some(&root), &json!({})).json();
    let sessions = server.get("/api/auth/sessions", Some(&keeper)).json();

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

    let length = [("Upload-Length", "10")];
    let upload = server.send("POST", "/api/uploads?suite=stable", Some(&keeper), (&length, &[]));
    let identity = json!({"issuer": "https://id.example.org", "subject": "spare"});
    let path = format!("/api/users/{spare_user}/identities");
    let identity = server.json("POST", &path, Some(&root), &identity).json();

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
        spare_package,
        yanked,
        session: sessions["items"][0]["id"].as_str().unwrap().to_owned(),
        snapshot: newest_snapshot(&server, "stable"),
        token_of_spare: first_token(&server, &root, &spare_user),
        webhook,
        delivery: ping["id"].as_str().unwrap().to_owned(),
        spare_user,
        upload: upload.header("location").unwrap(),
        spare_identity: identity["id"].as_str().unwrap().to_owned(),
        spare_token: spare["id"].as_str().unwrap().to_owned(),
        root_id,
        server,
        archive,
    }
}
