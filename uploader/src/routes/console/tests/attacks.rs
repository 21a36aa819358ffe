//! What other pages, forged cookies and hostile texts try.

use super::*;

#[tokio::test]
async fn every_page_forbids_frames_and_inline_scripts_and_has_none() {
    let (server, package) = world().await;
    let browser = Browser::new(&server, "root").await;
    let mut all = pages(&package);
    all.extend(["/console/sign-in", "/console/suites/nowhere"].map(String::from));
    for path in all {
        let answer = browser.get(&path).await;
        let expected = if path.ends_with("nowhere") { 404 } else { 200 };
        assert_eq!(answer.status, expected, "{path}: {}", answer.body);
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        let page = answer.body.to_lowercase();
        assert!(
            !page.contains("style=") && !page.contains("javascript:"),
            "{path}"
        );
        let scripts = page.matches("<script").count();
        assert_eq!(
            scripts,
            page.matches("<script src=\"/console/assets/console.js\" defer></script>")
                .count(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn texts_of_packages_tags_tokens_and_addresses_are_never_markup() {
    let (server, package) = world().await;
    let browser = Browser::new(&server, "root").await;
    let evil: String = EVIL.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let short: String = "<img src=x>".bytes().map(|byte| format!("%{byte:02x}")).collect();
    let path = format!("/console/packages/{package}");
    let seen = state_shown(&browser.get(&path).await.body, "<h2>Change in stable</h2>");
    let form = format!("shown={seen}&suite=stable&tags={short}&section=web");
    let tagged = browser.post(&path, &form).await;
    assert_eq!(
        location(&tagged),
        format!("/console/packages/{package}?done=saved")
    );
    let made = browser
        .post("/console/tokens", &format!("name={evil}&scopes=admin"))
        .await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body.contains("rgt_"));
    let hook = webhook(&server, EVIL).await;
    let said = json!({"username": EVIL, "password": "a wrong password"}).to_string();
    let json = [("content-type", "application/json"), ("user-agent", EVIL)];
    server.ask(("POST", "/api/auth/login"), None, &json, said).await;
    let mut all = pages(&package);
    all.push(format!("/console/webhooks/{hook}"));
    all.push(format!("/console/webhooks/{hook}?done={evil}"));
    all.push(format!(
        "/console/packages?q={evil}&tag={evil}&suite=&section={evil}&done={evil}"
    ));
    all.push(format!(
        "/console/audit?actor={evil}&action={evil}&subject={evil}"
    ));
    all.push(format!(
        "/console/promotion?from={evil}&to={evil}&names={evil}&snapshot={evil}"
    ));
    all.push(format!(
        "/console/vulnerabilities?severity=high&package={evil}&suite=stable"
    ));
    all.push(format!(
        "/console/vulnerabilities?severity={evil}&suite={evil}&cursor={evil}"
    ));
    all.push(format!("/console/sign-in?next={evil}&done={evil}"));
    all.push(format!("/console/suites/{evil}"));
    for path in all {
        let page = browser.get(&path).await.body;
        assert!(
            !page.contains("<script>") && !page.contains("<img src=x") && !page.contains("<b>Eve"),
            "{path}: {page}"
        );
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_answered_with_a_page() {
    let (server, _) = world().await;
    let browser = Browser::new(&server, "root").await;
    for (path, code) in [
        ("/console/packages?section=%ff", "invalid_query"),
        ("/console/tokens?all=perhaps", "invalid_query"),
        ("/console/packages/%ff", "invalid_path"),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 400, "{path}: {}", page.body);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert!(page.body.contains(&format!("/problems/{code}")), "{}", page.body);
    }
    let posted = browser.post("/console/users", "username=eve&email=%ff").await;
    assert_eq!(posted.status, 422, "{}", posted.body);
    assert!(
        posted.body.contains("invalid UTF-8 in the field"),
        "{}",
        posted.body
    );
}

#[tokio::test]
async fn a_change_that_no_page_of_the_console_asked_for_is_refused() {
    let (server, _) = world().await;
    let browser = Browser::new(&server, "root").await;
    let other = Browser::new(&server, "jane").await;
    let form = |csrf: &str| format!("csrf={csrf}&username=eve&new_password=a+long+password&role=admin");
    let (right, foreign) = (browser.csrf().await, other.csrf().await);
    for (csrf, from) in [
        ("", OWN),
        ("x", OWN),
        (foreign.as_str(), OWN),
        (right.as_str(), ("sec-fetch-site", "cross-site")),
        (right.as_str(), ("sec-fetch-site", "same-site")),
        (right.as_str(), ("origin", "https://evil.example.org")),
        (right.as_str(), ("origin", "null")),
    ] {
        let answer = browser.post_as_is("/console/users", &form(csrf), from).await;
        assert_eq!(answer.status, 403, "{csrf} {from:?}");
    }
    let upload = [
        OWN,
        ("cookie", browser.cookie.as_str()),
        ("x-csrf-token", foreign.as_str()),
    ];
    let answer = server
        .ask(("POST", "/console/upload?suite=stable"), None, &upload, "x")
        .await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    // Signing somebody in as somebody else, from elsewhere.
    let headers = [FORM, ("sec-fetch-site", "cross-site")];
    let login = format!("username=joe&password={PASSWORD}");
    let answer = server
        .ask(("POST", "/console/sign-in"), None, &headers, login)
        .await;
    assert_eq!(answer.status, 403);
    // The control.
    let answer = browser.post_as_is("/console/users", &form(&right), OWN).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

#[tokio::test]
async fn a_planted_cookie_is_not_the_one_of_the_session() {
    let (server, _) = world().await;
    let planted = Browser::new(&server, "joe").await;
    let own = Browser::with_planted(&server, "root", &planted.cookie).await;
    assert_ne!(own.cookie, planted.cookie);
    assert!(
        planted
            .get("/console/account")
            .await
            .body
            .contains("signed in as joe")
    );
    let made_up = Browser::with_planted(&server, "root", "__Host-session=made-up").await;
    assert_ne!(made_up.cookie, "__Host-session=made-up");
    let made_up = Browser {
        server: &server,
        cookie: "__Host-session=made-up".into(),
    };
    assert_eq!(
        made_up.get("/console").await.status,
        303,
        "it counts for nothing afterwards"
    );
}

#[tokio::test]
async fn a_cookie_ends_with_its_session_its_account_and_its_password() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    let change = async |method: &str, path: &str, body: &str| {
        let json = [("content-type", "application/json")];
        let answer = server
            .ask((method, path), Some(&root), &json, body.to_owned())
            .await;
        assert!(answer.status.is_success(), "{}", answer.body);
    };
    let is_out = async |browser: &Browser<'_>| {
        let answer = browser.get("/console/packages?q=a").await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        assert_eq!(
            location(&answer),
            "/console/sign-in?next=%2Fconsole%2Fpackages%3Fq%3Da"
        );
    };
    let browser = Browser::new(&server, "jane").await;
    assert_eq!(browser.get("/console").await.status, 200, "the control");
    let left = browser.post("/console/sign-out", "").await;
    assert!(left.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    is_out(&browser).await;
    let browser = Browser::new(&server, "jane").await;
    let form = format!(
        "password={}&new_password=another+long+one",
        PASSWORD.replace(' ', "+")
    );
    browser.post("/console/account/password", &form).await;
    is_out(&browser).await;
    let browser = Browser::new(&server, "joe").await;
    change("PUT", "/api/users/joe", r#"{"disabled": true}"#).await;
    is_out(&browser).await;
    change("PUT", "/api/users/joe", r#"{"disabled": false}"#).await;
    let browser = Browser::new(&server, "joe").await;
    change("DELETE", "/api/users/joe", "").await;
    is_out(&browser).await;
    // A token for programs is no cookie.
    let cookie = format!("__Host-session={root}");
    is_out(&Browser {
        server: &server,
        cookie,
    })
    .await;
}
