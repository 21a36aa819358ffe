//! What single pages show and do.

use super::*;

#[tokio::test]
async fn a_form_that_comes_after_its_session_leads_to_a_page_that_there_is() {
    let (server, _) = world().await;
    let browser = Browser {
        server: &server,
        cookie: String::new(),
    };
    let answer = browser
        .post_as_is("/console/packages/deletion", "id=x", OWN)
        .await;
    assert_eq!(location(&answer), "/console/sign-in?next=%2Fconsole");
}

#[tokio::test]
async fn a_page_that_comes_later_says_when() {
    let (server, _) = world().await;
    let refused = loop {
        let headers = [FORM, OWN];
        let answer = server
            .ask(
                ("POST", "/console/sign-in"),
                None,
                &headers,
                "username=jane&password=wrong",
            )
            .await;
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.status, 403, "{}", answer.body);
    };
    assert!(
        refused.headers.contains_key("retry-after"),
        "{:?}",
        refused.headers
    );
}

#[tokio::test]
async fn the_whole_log_is_read_only_where_that_is_asked_for() {
    let (server, _) = world().await;
    let browser = Browser::new(&server, "root").await;
    let whole = "The chain of all records is whole.";
    assert!(!browser.get("/console/audit").await.body.contains(whole));
    assert!(
        browser
            .get("/console/audit?verify=true")
            .await
            .body
            .contains(whole)
    );
}

#[tokio::test]
async fn a_package_is_yanked_and_brought_back_and_its_reason_is_no_markup() {
    let (server, package) = world().await;
    let browser = Browser::new(&server, "root").await;
    let evil: String = EVIL.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let path = format!("/console/packages/{package}/yank");
    let jane = Browser::new(&server, "jane").await;
    let refused = jane.post(&path, "reason=mine+it+is+not&suite=").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    for (form, status) in [
        ("reason=&suite=", 422),
        (&format!("reason={evil}&suite=stable"), 303),
    ] {
        let answer = browser.post(&path, form).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    assert_eq!(
        browser.get(&format!("/console/packages/{package}")).await.status,
        404
    );
    let page = browser.get("/console/suites/stable").await.body;
    assert!(
        page.contains("Yanked packages") && page.contains(&package),
        "{page}"
    );
    assert!(
        !page.contains("<script>") && !page.contains("<img src=x"),
        "{page}"
    );
    let back = browser
        .post("/console/suites/stable/yanked", &format!("id={package}"))
        .await;
    assert_eq!(
        location(&back),
        "/console/suites/stable?done=restored",
        "{}",
        back.body
    );
    assert_eq!(
        browser.get(&format!("/console/packages/{package}")).await.status,
        200
    );
    let page = browser.get("/console/suites/stable").await.body;
    assert!(!page.contains("Yanked packages"), "{page}");
}

#[tokio::test]
async fn administrators_may_bring_back_and_promote_what_is_known_to_be_vulnerable() {
    let (server, package) =
        world_with("[vulnerabilities]\nsource = \"unused\"\nblock = { stable = \"high\" }\n").await;
    let (root, jane) = (
        Browser::new(&server, "root").await,
        Browser::new(&server, "jane").await,
    );
    let yank = format!("/console/packages/{package}/yank");
    assert_eq!(root.post(&yank, "reason=unsafe&suite=stable").await.status, 303);
    let issue = json!({"releases": {"stable": {"status": "open", "urgency": "high"}}});
    server.keep_advisory("stable", "hello", &json!({"issues": {"CVE-1": issue}}));

    let asks = "name=\"allow_vulnerable\"";
    for path in ["/console/suites/stable", "/console/promotion", "/console/upload"] {
        assert!(root.get(path).await.body.contains(asks), "{path}");
        assert!(!jane.get(path).await.body.contains(asks), "{path}: jane may not");
    }
    assert!(
        !root.get("/console/suites/secret").await.body.contains(asks),
        "it takes all"
    );
    let restore = async |by: &Browser<'_>, more: &str| {
        by.post("/console/suites/stable/yanked", &format!("id={package}{more}"))
            .await
    };
    assert_eq!(restore(&root, "").await.status, 409);
    assert_eq!(restore(&jane, "&allow_vulnerable=true").await.status, 403);
    let back = restore(&root, "&allow_vulnerable=true").await;
    assert_eq!(
        location(&back),
        "/console/suites/stable?done=restored",
        "{}",
        back.body
    );
}

#[tokio::test]
async fn vulnerabilities_are_shown_by_severity_and_package_and_never_as_markup() {
    let (server, _) = world().await;
    let affected = |id: &str, severity: &str, source: &str| {
        json!({"id": id, "severity": severity, "standing": "open", "fixed_version": null, "source": source,
            "source_version": EVIL, "packages": [{"name": source, "version": "1", "architecture": "all"}]})
    };
    let report = json!({"release": EVIL, "checked": 2, "known": 1,
        "affected": [affected("CVE-1", "high", "hello"), affected(EVIL, "low", "nginx")]});
    server.keep_report("stable", &report.to_string());
    let browser = Browser::new(&server, "joe").await;
    let shown = async |query: &str| {
        let page = browser.get(&format!("/console/vulnerabilities?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(
            !page.body.contains("<script>") && !page.body.contains("<img src=x"),
            "{}",
            page.body
        );
        (page.body.contains("CVE-1"), page.body.contains("nginx:all</a>"))
    };
    assert_eq!(shown("suite=stable").await, (true, true));
    assert_eq!(shown("suite=stable&severity=high").await, (true, false));
    assert_eq!(
        shown("suite=stable&severity=low&package=nginx").await,
        (false, true)
    );
    let hidden = browser.get("/console/vulnerabilities?suite=secret").await;
    assert_eq!(hidden.status, 404, "{}", hidden.body);
}

#[tokio::test]
async fn no_page_lets_a_package_change_the_direction_of_writing() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    let package = DebBuilder::new("turned", "1.0", "all")
        .compressed(Compression::None, Compression::None)
        .field("Maintainer", "Eve\u{202e} <eve@example.org>")
        .field("Description", "s\u{2066}txt")
        .build();
    let route = ("POST", "/api/packages?suite=stable");
    let uploaded = server.ask(route, Some(&root), &[], package).await;
    let body: serde_json::Value = serde_json::from_str(&uploaded.body).unwrap();
    let browser = Browser::new(&server, "root").await;
    let id = body["id"].as_str().unwrap();
    let page = browser.get(&format!("/console/packages/{id}")).await.body;
    assert!(
        page.contains("Eve\\u{202e}") && page.contains("s\\u{2066}txt"),
        "{page}"
    );
    assert!(
        !page.contains(debian_control::terminal::changes_direction),
        "{page}"
    );
}

#[tokio::test]
async fn what_the_console_does_not_have_is_a_page_too() {
    let (server, _) = world().await;
    let browser = Browser::new(&server, "root").await;
    for path in [
        "/console/nothing",
        "/console/nothing/below",
        "/console/users/root/x",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(
            answer.body.starts_with("<!doctype html>"),
            "{path}: {}",
            answer.body
        );
    }
    assert_eq!(location(&browser.get("/console/").await), "/console");
}

#[tokio::test]
async fn a_form_without_a_button_that_there_is_changes_nothing() {
    let (server, _) = world().await;
    let browser = Browser::new(&server, "root").await;
    let right = PASSWORD.replace(' ', "+");
    for path in [
        "/console/users/joe",
        "/console/tokens/x",
        "/console/suites/stable/snapshots",
        "/console/promotion",
        "/console/webhooks/x",
    ] {
        for action in ["", "action=other&"] {
            let form = format!("{action}password={right}&role=admin&id=x&from=stable&to=stable");
            let answer = browser.post(path, &form).await;
            assert_eq!(answer.status, 422, "{path} {action}: {}", answer.body);
            assert!(
                answer.body.contains("load the page again"),
                "{path}: {}",
                answer.body
            );
        }
    }
}

#[tokio::test]
async fn pages_are_for_their_own_origin_and_the_api_for_any() {
    let (server, _) = world().await;
    let headers = [("origin", "https://elsewhere.example.org")];
    for (path, is_for_any) in [
        ("/console/sign-in", false),
        ("/console/nothing", false),
        ("/console", false),
        ("/api/stats", true),
        ("/api/nothing", true),
    ] {
        let answer = server.ask(("GET", path), None, &headers, "").await;
        let allowed = answer.headers.get("access-control-allow-origin");
        assert_eq!(allowed.is_some(), is_for_any, "{path}: {:?}", answer.headers);
    }
}

#[tokio::test]
async fn a_package_is_changed_in_one_suite_as_far_as_it_is_what_its_page_showed() {
    let (server, package) = world().await;
    let root = server.token("root", &["admin"]);
    let json = [("content-type", "application/json")];
    let api = format!("/api/packages/{package}");
    let put = async |query: &str, body: serde_json::Value| {
        let path = format!("{api}{query}");
        let answer = server
            .ask(("PUT", &path), Some(&root), &json, body.to_string())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    let said = async |query: &str| {
        let path = format!("{api}{query}");
        let answer = server.ask(("GET", &path), Some(&root), &[], "").await;
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        (
            body["section"].clone(),
            body["priority"].clone(),
            body["tags"].clone(),
        )
    };
    put("", json!({"suites": ["stable", "secret"]})).await;
    let tags = json!([{"name": "a,b", "color": "#123456"}, {"name": "two words", "color": "#007bff"}]);
    put("?suite=secret", json!({"section": "sekrit", "tags": tags})).await;
    let of_stable = said("?suite=stable").await;
    assert_eq!((&of_stable.0, &of_stable.2), (&json!(null), &json!([])));

    let browser = Browser::new(&server, "root").await;
    let path = format!("/console/packages/{package}");
    let page = browser.get(&path).await.body;
    let seen = state_shown(&page, "<h2>Change in secret</h2>");
    let form = "suite=secret&section=sekrit&priority=extra&tags=a%2Cb%0D%0Atwo+words%0D%0A";
    let saved = browser.post(&path, &format!("shown={seen}&{form}")).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(
        said("?suite=secret").await,
        (json!("sekrit"), json!("extra"), tags)
    );
    assert_eq!(said("?suite=stable").await, of_stable);

    // Somebody else changes it while the page is looked at.
    let seen = state_shown(&browser.get(&path).await.body, "<h2>Change in secret</h2>");
    put(
        "?suite=secret",
        json!({"section": "other", "tags": [{"name": "fresh", "color": "#abcdef"}]}),
    )
    .await;
    let late = browser.post(&path, &format!("shown={seen}&{form}")).await;
    assert_eq!(late.status, 412, "{}", late.body);
    assert!(late.body.contains("load the page again"), "{}", late.body);
    let seen = state_shown(&browser.get(&path).await.body, "<h2>Change in secret</h2>");
    let form = format!("shown={seen}&suite=secret&section=other&priority=extra&tags=new%0D%0Afresh");
    assert_eq!(browser.post(&path, &form).await.status, 303);
    let (_, _, tags) = said("?suite=secret").await;
    assert_eq!(
        tags,
        json!([{"name": "fresh", "color": "#abcdef"}, {"name": "new", "color": "#6c757d"}])
    );
    // A form that names no suite would change all of them.
    let none = browser.post(&path, "section=web&priority=extra&tags=").await;
    assert_eq!(none.status, 404, "{}", none.body);
}
