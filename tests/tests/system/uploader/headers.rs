//! What every answer carries: how it may be cached, read and framed.

use archive_tests::Uploader;

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
        // The first page is one of the archive's site, which says so by its policy alone, as nginx does.
        let framed = page.header("x-frame-options");
        assert_eq!(framed.as_deref(), (path != "/").then_some("DENY"), "{path}");
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
                let (folder, _) = path.rsplit_once('/').unwrap();
                format!("{folder}/{part}")
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
