//! Webhooks of the real server, and a receiver that checks what it gets with `openssl`.

use archive_tests::receiver::{Answer, Received, Receiver};
use archive_tests::{DebBuilder, Run, TestArchive, Uploader, Watching};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

/// What lets deliveries go to this machine.
const LOCAL: [(&str, &str); 4] = [
    ("WEBHOOK_NETWORKS", "127.0.0.0/8"),
    ("WEBHOOK_HTTP", "allow"),
    ("WEBHOOK_PORTS", "any"),
    ("WEBHOOK_TIMEOUT", "2s"),
];

const ALL: [&str; 4] = [
    "package.uploaded",
    "package.removed",
    "suite.published",
    "key.expiring",
];

/// An archive with an administrator, whose token is returned.
fn archive() -> (TestArchive, String) {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    (archive, token)
}

/// Creates a webhook; returns its path and its secret.
fn hook(server: &Uploader, token: &str, url: &str, events: &[&str]) -> (String, String) {
    let body = json!({"name": "test", "url": url, "events": events});
    let made = server.json("POST", "/api/webhooks", Some(token), &body);
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let path = format!("/api/webhooks/{}", made["id"].as_str().unwrap());
    (path, made["secret"].as_str().unwrap().to_owned())
}

fn kinds(received: &[Received]) -> Vec<String> {
    received
        .iter()
        .map(|received| received.json()["type"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until what was received in all has these kinds, in any order.
#[track_caller]
fn wait_for(receiver: &Receiver, expected: &[&str]) -> Vec<Received> {
    let received = receiver.wait(expected.len());
    let mut found = kinds(&received);
    let mut expected = expected.to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    received
}

/// Returns the base64 of the HMAC that `openssl` computes.
fn hmac(secret: &str, text: &[u8]) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut digits = String::new();
    for byte in key {
        write!(digits, "{byte:02x}").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text");
    std::fs::write(&file, text).unwrap();
    let run = Run::of(
        Command::new("openssl")
            .args([
                "dgst",
                "-sha256",
                "-mac",
                "HMAC",
                "-macopt",
                &format!("hexkey:{digits}"),
                "-r",
            ])
            .arg(&file),
    )
    .ok();
    let digest = run.stdout.split(' ').next().unwrap();
    let pairs = digest.as_bytes().chunks(2);
    let bytes: Vec<u8> = pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    STANDARD.encode(bytes)
}

#[track_caller]
fn check_signature(received: &Received, secret: &str) {
    let mut text = format!(
        "{}.{}.",
        received.header("webhook-id"),
        received.header("webhook-timestamp")
    )
    .into_bytes();
    text.extend_from_slice(&received.body);
    assert_eq!(
        received.header("webhook-signature"),
        format!("v1,{}", hmac(secret, &text))
    );
}

#[test]
fn uploads_publishes_and_removals_are_told_of_and_signed() {
    let (archive, token) = archive();
    let server = Uploader::with(&archive, &LOCAL);
    let receiver = Receiver::start(&[]);
    let (_, secret) = hook(&server, &token, &receiver.url(), &ALL);
    let package = DebBuilder::new("hello", "1.0", "amd64");
    let uploaded = server.upload(&package, "wait=published", &token);
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());
    let received = wait_for(&receiver, &["package.uploaded", "suite.published"]);
    let path = format!(
        "/api/packages/{}?wait=published",
        uploaded.json()["id"].as_str().unwrap()
    );
    assert_eq!(server.send("DELETE", &path, Some(&token), (&[], &[])).status, 204);
    let all = wait_for(
        &receiver,
        &[
            "package.uploaded",
            "suite.published",
            "package.removed",
            "suite.published",
        ],
    );
    for received in &all {
        check_signature(received, &secret);
    }
    let of = |kind: &str| {
        received
            .iter()
            .map(Received::json)
            .find(|body| body["type"] == kind)
            .unwrap()
    };
    let (uploaded_event, published) = (of("package.uploaded"), of("suite.published"));
    let data = &uploaded_event["data"];
    let expected = json!({
        "suite": "stable", "component": "main", "name": "hello", "version": "1.0", "architecture": "amd64", "source": "hello",
        "sha256": uploaded.json()["checksum"], "size": uploaded.json()["size"], "revision": 1, "cause": "added", "by": "root"
    });
    assert_eq!(*data, expected);
    assert_eq!(
        (
            published["data"]["suite"].clone(),
            published["data"]["revision"].clone()
        ),
        (json!("stable"), json!(1))
    );
    let ids: BTreeSet<&str> = all.iter().map(|received| received.header("webhook-id")).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn what_the_shell_and_repogen_watch_do_is_told_of_too() {
    let (archive, token) = archive();
    let variables = [&LOCAL[..], &[("PUBLISHER", "off")]].concat();
    let server = Uploader::with(&archive, &variables);
    let receiver = Receiver::start(&[]);
    hook(&server, &token, &receiver.url(), &ALL);
    archive.add(&[DebBuilder::new("hello", "1.0", "amd64")]).ok();
    archive.publish().ok();
    wait_for(&receiver, &["package.uploaded", "suite.published"]);
    let watching = Watching::start(&archive);
    archive.add(&[DebBuilder::new("more", "1.0", "amd64")]).ok();
    wait_for(
        &receiver,
        &[
            "package.uploaded",
            "suite.published",
            "package.uploaded",
            "suite.published",
        ],
    );
    watching.stop().ok();
    archive.repogen(&["remove", "hello"]).ok();
    let all = receiver.wait(5);
    let last = all.last().unwrap().json();
    assert_eq!(
        (last["type"].clone(), last["data"]["by"].clone()),
        (json!("package.removed"), Value::Null)
    );
}

#[test]
fn what_fails_or_times_out_is_sent_again_by_the_same_id() {
    let (archive, token) = archive();
    let server = Uploader::with(&archive, &LOCAL);
    let receiver = Receiver::start(&[Answer::Status(500), Answer::Never]);
    let (path, secret) = hook(&server, &token, &receiver.url(), &["package.uploaded"]);
    server.upload(&DebBuilder::new("hello", "1.0", "amd64"), "", &token);
    let received = receiver.wait(3);
    for received in &received {
        check_signature(received, &secret);
        assert_eq!(
            received.header("webhook-id"),
            receiver.received()[0].header("webhook-id")
        );
        assert_eq!(received.body, receiver.received()[0].body);
    }
    // The receiver has it before the server knows.
    let delivery = loop {
        let listed = server.get(&format!("{path}/deliveries"), Some(&token)).json();
        if listed["items"][0]["state"] == "delivered" {
            break listed["items"][0].clone();
        }
    };
    assert_eq!(
        (delivery["attempts"].clone(), delivery["response_status"].clone()),
        (json!(3), json!(204))
    );
    let metrics = server.get("/metrics", None).text();
    for line in [
        "webhook_attempts_total{outcome=\"failed\"} 2",
        "webhook_attempts_total{outcome=\"delivered\"} 1",
        "webhook_deliveries_waiting 0",
        "webhooks_paused{paused_by=\"server\"} 0",
        "webhooks_paused{paused_by=\"people\"} 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
}

#[test]
fn what_was_recorded_before_the_server_was_killed_is_sent_by_the_next() {
    let (archive, token) = archive();
    let server = Uploader::with(&archive, &LOCAL);
    // The server is killed while it sends, or before it begins.
    let receiver = Receiver::start(&[Answer::Never]);
    let (path, _) = hook(&server, &token, &receiver.url(), &["package.uploaded"]);
    server.upload(&DebBuilder::new("begun", "1.0", "amd64"), "", &token);
    receiver.wait(1);
    for number in 0..5 {
        let uploaded = server.upload(
            &DebBuilder::new(&format!("late{number}"), "1.0", "amd64"),
            "",
            &token,
        );
        assert_eq!(uploaded.status, 201, "{}", uploaded.text());
    }
    server.kill();
    // What the dead server held is free after a minute: that time passes here at once.
    archive.change_catalog(
        "update webhook_delivery set claimed_until = claimed_until - 60 where claim is not null",
    );
    let server = Uploader::with(&archive, &LOCAL);
    let delivered = loop {
        let listed = server.get(&format!("{path}/deliveries"), Some(&token)).json();
        let items = listed["items"].as_array().unwrap().clone();
        if items.iter().all(|item| item["state"] == "delivered") {
            break items.len();
        }
    };
    assert_eq!(delivered, 6);
    let ids: BTreeSet<String> = receiver
        .received()
        .iter()
        .map(|received| received.header("webhook-id").to_owned())
        .collect();
    assert_eq!(ids.len(), 6);
}

#[test]
fn two_servers_on_one_catalog_send_each_event_once() {
    let (archive, token) = archive();
    let one = Uploader::with(&archive, &LOCAL);
    let two = Uploader::with(&archive, &[&LOCAL[..], &[("PUBLISHER", "off")]].concat());
    let receiver = Receiver::start(&[]);
    hook(&one, &token, &receiver.url(), &["package.uploaded"]);
    for number in 0..20 {
        let server = if number % 2 == 0 { &one } else { &two };
        let uploaded = server.upload(
            &DebBuilder::new(&format!("p{number}"), "1.0", "amd64"),
            "",
            &token,
        );
        assert_eq!(uploaded.status, 201, "{}", uploaded.text());
    }
    receiver.wait(20);
    // Ended properly: what is being sent has been sent.
    assert_eq!((one.stop(), two.stop()), (Some(0), Some(0)));
    let received = receiver.received();
    let ids: BTreeSet<&str> = received
        .iter()
        .map(|received| received.header("webhook-id"))
        .collect();
    assert_eq!((received.len(), ids.len()), (20, 20));
}

#[test]
fn nothing_inside_is_reached_unless_the_settings_say_so() {
    let (archive, token) = archive();
    let server = Uploader::start(&archive);
    let receiver = Receiver::start(&[]);
    for url in [
        receiver.url(),
        receiver.url().replace("http:", "https:"),
        "https://127.0.0.1/".to_owned(),
        "https://localhost/".to_owned(),
        "https://[::ffff:7f00:1]/".to_owned(),
        "https://169.254.169.254/latest".to_owned(),
    ] {
        let body = json!({"name": "inside", "url": url, "events": ["package.uploaded"]});
        let refused = server.json("POST", "/api/webhooks", Some(&token), &body);
        assert_eq!(
            (refused.status, refused.json()["code"].clone()),
            (422, json!("invalid_webhook_url")),
            "{url}"
        );
    }
    assert!(receiver.received().is_empty());
}

#[test]
fn a_proxy_of_the_environment_sees_no_delivery() {
    let (archive, token) = archive();
    let proxy = Receiver::start(&[]);
    let receiver = Receiver::start(&[]);
    let url = proxy.url();
    let variables = [
        &LOCAL[..],
        &[
            ("HTTP_PROXY", url.as_str()),
            ("http_proxy", url.as_str()),
            ("ALL_PROXY", url.as_str()),
        ],
    ]
    .concat();
    let server = Uploader::with(&archive, &variables);
    hook(&server, &token, &receiver.url(), &["package.uploaded"]);
    server.upload(&DebBuilder::new("hello", "1.0", "amd64"), "", &token);
    receiver.wait(1);
    assert!(proxy.received().is_empty());
}

#[test]
fn a_key_that_ends_soon_is_told_of_once() {
    let (archive, token) = archive();
    archive.repogen(&["key", "generate", "--expires", "20"]).ok();
    archive.publish().ok();
    let receiver = Receiver::start(&[]);
    let server = Uploader::with(&archive, &LOCAL);
    hook(&server, &token, &receiver.url(), &["key.expiring"]);
    drop(server);
    // Keys are looked at when a server starts, and every ten minutes.
    let server = Uploader::with(&archive, &LOCAL);
    let told = receiver.wait(1)[0].json();
    assert_eq!(told["type"], "key.expiring");
    assert_eq!(told["data"]["threshold"], 30);
    // Whole days: all twenty are left within the second in which the key was made.
    assert!(
        [19, 20].contains(&told["data"]["days"].as_i64().unwrap()),
        "{told}"
    );
    let keys = server.get("/api/keys", None).json();
    let ends = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| !key["expires_at"].is_null())
        .unwrap();
    assert_eq!(
        (&told["data"]["fingerprint"], &told["data"]["expires_at"]),
        (&ends["fingerprint"], &ends["expires_at"])
    );
    assert_eq!(server.stop(), Some(0));
    let server = Uploader::with(&archive, &LOCAL);
    server.upload(&DebBuilder::new("hello", "1.0", "amd64"), "", &token);
    assert_eq!(server.stop(), Some(0));
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn the_receiver_of_the_documentation_accepts_what_is_signed_and_nothing_else() {
    let page = std::fs::read_to_string(archive_tests::workspace().join("docs/how-to/webhooks.md")).unwrap();
    let (_, script) = page.split_once("```python\n").unwrap();
    let (script, _) = script.split_once("```").unwrap();
    let (archive, token) = archive();
    let server = Uploader::with(&archive, &LOCAL);
    // A port that is free: nothing else takes it so soon.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (path, secret) = hook(
        &server,
        &token,
        &format!("http://127.0.0.1:{port}/"),
        &["package.uploaded"],
    );
    let mut receiver = Command::new("python3")
        .args(["-c", script])
        .env("WEBHOOK_SECRET", &secret)
        .env("PORT", port.to_string())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(receiver.stdout.take().unwrap()));
    // Retries bring it, also where the receiver was not there at first.
    server.upload(&DebBuilder::new("hello", "1.0", "amd64"), "", &token);
    let printed: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(printed["data"]["name"], "hello");
    assert_eq!(forged(port), 401);
    // Under another secret its deliveries are refused, and that is told.
    for _ in 0..2 {
        assert_eq!(
            server
                .send("POST", &format!("{path}/rotation"), Some(&token), (&[], &[]))
                .status,
            200
        );
    }
    let ping = server
        .send("POST", &format!("{path}/ping"), Some(&token), (&[], &[]))
        .json();
    let one = format!("{path}/deliveries/{}", ping["id"].as_str().unwrap());
    let ended = loop {
        let shown = server.get(&one, Some(&token)).json();
        if shown["state"] != "waiting" {
            break shown;
        }
    };
    assert_eq!(
        (&ended["state"], &ended["response_status"]),
        (&json!("given_up"), &json!(401))
    );
    receiver.kill().unwrap();
    receiver.wait().unwrap();
}

/// Sends what nobody signed, and returns the status of the answer.
fn forged(port: u16) -> u16 {
    let headers = [
        ("webhook-id", "msg_forged"),
        ("webhook-timestamp", "1"),
        ("webhook-signature", "v1,AAAA"),
    ];
    archive_tests::http::send(port, "POST", "/", &headers, b"{}").status
}
