//! Rates: who asks too much waits, and nobody else.

use archive_tests::http::Response;
use archive_tests::load::at_once;
use archive_tests::{DebBuilder, TestArchive, Uploader};
use serde_json::json;

fn upload(server: &Uploader, token: &str, from: &str, number: usize) -> Response {
    let package = DebBuilder::new(&format!("p{number}"), "1.0", "all").build();
    let headers = [("X-Forwarded-For", from)];
    server.send("POST", "/api/packages", Some(token), (&headers, &package))
}

fn two_accounts() -> (TestArchive, [String; 2]) {
    let archive = TestArchive::new();
    let tokens = ["jane", "june"].map(|name| {
        archive.account(name, &["--role", "maintainer"]);
        archive.token(name, &["upload:stable/*"])
    });
    (archive, tokens)
}

#[test]
fn behind_a_trusted_proxy_accounts_and_addresses_are_counted_apart() {
    let (archive, [jane, june]) = two_accounts();
    let variables = [("UPLOAD_RATE", "1:4"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let server = Uploader::with(&archive, &variables);
    // Each from an address of its own: what runs out is the account's.
    let statuses: Vec<u16> = (0..12)
        .map(|number| upload(&server, &jane, &format!("192.0.2.{number}"), number).status)
        .collect();
    assert_eq!(statuses[..4], [201; 4]);
    assert!(statuses.contains(&429), "{statuses:?}");
    // What a client writes before the address that the proxy saw counts for nothing: these are all of one address.
    let refused: Vec<Response> = (0..12)
        .map(|number| {
            upload(
                &server,
                "rgt_wrong",
                &format!("10.0.0.{number}, 198.51.100.1"),
                number,
            )
        })
        .filter(|answer| answer.status == 429)
        .collect();
    let problem = refused.first().expect("the address ran out");
    assert_eq!(problem.json()["code"], "too_many_requests");
    assert!(problem.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(
        problem.header("content-type").as_deref(),
        Some("application/problem+json")
    );
    assert_eq!(
        upload(&server, &june, "203.0.113.1", 99).status,
        201,
        "others go on"
    );
    let told = server.get("/api/packages", None);
    assert!(
        told.header("ratelimit").unwrap().contains(";r="),
        "{:?}",
        told.headers
    );
    assert!(
        told.header("ratelimit-policy").unwrap().contains(";q="),
        "{:?}",
        told.headers
    );
    assert_eq!(told.status, 200, "reads are counted apart");
    assert_eq!(server.get("/dists/stable/InRelease", None).status, 200);
}

#[test]
fn without_trusted_proxies_a_client_has_the_address_of_its_connection() {
    let (archive, [jane, june]) = two_accounts();
    let server = Uploader::with(&archive, &[("UPLOAD_RATE", "1:2"), ("READ_RATE", "off")]);
    let statuses: Vec<u16> = [&jane, &june]
        .iter()
        .cycle()
        .take(12)
        .enumerate()
        .map(|(number, token)| upload(&server, token, &format!("192.0.2.{number}"), number).status)
        .collect();
    assert_eq!(statuses[..2], [201; 2]);
    assert!(statuses[2..].contains(&429), "{statuses:?}");
    for _ in 0..50 {
        assert_eq!(server.get("/api/packages", None).status, 200);
    }
}

/// Each takes 19 MiB while it is checked.
#[test]
fn wrong_sign_ins_leave_no_memory_behind() {
    let archive = TestArchive::new();
    archive.account("jane", &["--role", "user"]);
    let server = Uploader::with(&archive, &[("TRUSTED_PROXIES", "127.0.0.1")]);
    let sign_in = |number: usize| {
        let body = json!({"username": format!("nobody-{number}"), "password": "not the password"});
        let address = format!("198.51.100.{}", number % 200);
        let headers = [
            ("X-Forwarded-For", address.as_str()),
            ("Content-Type", "application/json"),
        ];
        let answer = server.send(
            "POST",
            "/api/auth/login",
            None,
            (&headers, body.to_string().as_bytes()),
        );
        answer.status
    };
    assert_eq!(sign_in(0), 401);
    let before = server.memory("VmRSS");
    let statuses = at_once(40, 240, |number| sign_in(number + 1));
    assert_eq!(statuses, [401; 240]);
    let grown = server.memory("VmRSS").saturating_sub(before);
    // Blocks that stay would be a gigabyte; two that are in use at the end are 38 MiB.
    assert!(grown < 64 * 1024, "{grown} KiB more than {before}");
}
