//! Which pages of other origins may read.

use super::archive;
use archive_tests::Uploader;

/// What the answer to a page of an origin says, as a browser reads it.
fn allowed(server: &Uploader, origin: &str) -> [Option<String>; 3] {
    let answer = server.send("GET", "/api/suites", None, (&[("Origin", origin)], &[]));
    assert_eq!(answer.status, 200);
    [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "vary",
    ]
    .map(|name| answer.header(name))
}

#[test]
fn pages_of_every_origin_may_read_and_never_with_credentials() {
    let (archive, _) = archive();
    let server = Uploader::start(&archive);
    let [origin, credentials, _] = allowed(&server, "https://anywhere.example.org");
    assert_eq!((origin.as_deref(), credentials), (Some("*"), None));
}

#[test]
fn pages_of_listed_origins_may_read_and_others_not() {
    let (archive, _) = archive();
    let listed = "https://a.example.org, https://b.example.org";
    let server = Uploader::with(&archive, &[("CORS_ORIGINS", listed)]);
    for origin in ["https://a.example.org", "https://b.example.org"] {
        let [allowed, credentials, vary] = allowed(&server, origin);
        assert_eq!((allowed.as_deref(), credentials), (Some(origin), None));
        assert!(
            vary.unwrap().to_lowercase().contains("origin"),
            "a cache must tell them apart"
        );
    }
    for origin in ["https://c.example.org", "http://a.example.org", "null"] {
        assert_eq!(allowed(&server, origin)[0], None, "{origin}");
    }
}

#[test]
fn browsers_are_told_beforehand_what_they_may_send() {
    let (archive, _) = archive();
    let server = Uploader::start(&archive);
    let asked = [
        ("Origin", "https://a.example.org"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    let answer = server.send("OPTIONS", "/api/packages", None, (&asked, &[]));
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let says = |name: &str| answer.header(name).unwrap_or_default().to_lowercase();
    assert!(says("access-control-allow-methods").contains("put"));
    for header in ["authorization", "content-type"] {
        assert!(says("access-control-allow-headers").contains(header), "{header}");
    }
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}
