//! The console against what other pages, forged cookies and hostile texts try.

use archive_catalog::accounts::Role;
use archive_catalog::outbox::{SendFailure, SentDelivery, Taking};
use debian_deb::build::DebBuilder;
use debian_deb::compression::Compression;
use serde_json::json;

use crate::temporary_server::{Answered, PASSWORD, TemporaryServer};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");
const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// Somebody's browser.
struct Browser<'a> {
    server: &'a TemporaryServer,
    cookie: String,
}

impl<'a> Browser<'a> {
    /// Signs in, while the browser sends a cookie that somebody planted.
    async fn with_planted(server: &'a TemporaryServer, name: &str, planted: &str) -> Self {
        let form = format!("username={name}&password={}&next=", PASSWORD.replace(' ', "+"));
        let headers = [FORM, OWN, ("cookie", planted)];
        let answer = server
            .ask(("POST", "/console/sign-in"), None, &headers, form)
            .await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let set = answer.headers.get("set-cookie").unwrap().to_str().unwrap();
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
            assert!(set.contains(attribute), "{set}");
        }
        assert!(
            set.starts_with("__Host-session=") && !set.contains("Domain"),
            "{set}"
        );
        let cookie = set.split(';').next().unwrap().to_owned();
        Self { server, cookie }
    }

    async fn new(server: &'a TemporaryServer, name: &str) -> Self {
        Self::with_planted(server, name, "").await
    }

    /// A browser that signed in so many seconds ago.
    fn since(server: &'a TemporaryServer, name: &str, seconds: i64) -> Self {
        Self {
            server,
            cookie: format!("__Host-session={}", server.session_since(name, seconds)),
        }
    }

    async fn get(&self, path: &str) -> Answered {
        let headers = [("cookie", self.cookie.as_str())];
        self.server.ask(("GET", path), None, &headers, "").await
    }

    /// Sends a form of a page, with its token.
    async fn post(&self, path: &str, form: &str) -> Answered {
        let form = format!("csrf={}&{form}", self.csrf().await);
        self.post_as_is(path, &form, OWN).await
    }

    async fn post_as_is(&self, path: &str, form: &str, from: (&str, &str)) -> Answered {
        let headers = [FORM, from, ("cookie", self.cookie.as_str())];
        self.server
            .ask(("POST", path), None, &headers, form.to_owned())
            .await
    }

    async fn csrf(&self) -> String {
        let page = self.get("/console/account").await.body;
        let (_, rest) = page
            .split_once("name=\"csrf\" value=\"")
            .expect("a form with a token");
        rest.split('"').next().unwrap().to_owned()
    }
}

fn location(answer: &Answered) -> &str {
    answer
        .headers
        .get("location")
        .map_or("", |value| value.to_str().unwrap())
}

async fn world() -> (TemporaryServer, String) {
    let server = TemporaryServer::new(&[]);
    server.account("root", Role::Admin, &[]);
    server.account("jane", Role::Maintainer, &["stable"]);
    server.account("joe", Role::User, &[]);
    let token = server.token("root", &["admin"]);
    let package = DebBuilder::new("hello", "1.0", "all")
        .compressed(Compression::None, Compression::None)
        .field("Maintainer", "<b>Eve</b> <eve@example.org>")
        .field("Description", "<img src=x onerror=alert(1)>")
        .build();
    let route = ("POST", "/api/packages?suite=stable");
    let uploaded = server.ask(route, Some(&token), &[], package).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.body);
    let body: serde_json::Value = serde_json::from_str(&uploaded.body).unwrap();
    (server, body["id"].as_str().unwrap().to_owned())
}

/// Creates a webhook with this name in each text of it, that failed and was paused; returns its ID.
async fn webhook(server: &TemporaryServer, text: &str) -> String {
    let root = server.token("root", &["admin"]);
    let url = format!("https://hooks.example.org/?q={}", text.replace(' ', ""));
    let body = json!({"name": text, "url": url, "events": ["package.uploaded"]}).to_string();
    let json = [("content-type", "application/json")];
    let made = server
        .ask(("POST", "/api/webhooks"), Some(&root), &json, body)
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
    let id = made["id"].as_str().unwrap().to_owned();
    let ping = format!("/api/webhooks/{id}/ping");
    assert_eq!(
        server.ask(("POST", &ping), Some(&root), &[], "").await.status,
        202
    );
    let taking = Taking {
        claim: "test".parse().unwrap(),
        most: 1,
        most_of_one: 1,
        busy: Vec::new(),
    };
    let outbox = server.app.archive.outbox();
    let taken = outbox.take_deliveries(&[], &taking).unwrap().taken;
    let sent = SentDelivery {
        id: taken[0].id,
        response_status: None,
        failure: Some(SendFailure {
            error: text.to_owned(),
            retry_in: None,
        }),
    };
    assert_eq!(outbox.take_deliveries(&[sent], &taking).unwrap().paused.len(), 1);
    id
}

fn pages(package: &str) -> Vec<String> {
    let mut pages: Vec<String> = [
        "",
        "/packages",
        "/packages?q=hello",
        "/upload",
        "/suites",
        "/suites/stable",
        "/promotion",
        "/tokens",
        "/vulnerabilities",
        "/publishers",
        "/vulnerabilities?suite=secret&severity=high&package=hello",
        "/retention",
        "/tokens?all=true",
        "/users",
        "/users/jane",
        "/webhooks",
        "/audit",
        "/keys",
        "/health",
        "/account",
    ]
    .iter()
    .map(|path| format!("/console{path}"))
    .collect();
    pages.push(format!("/console/packages/{package}"));
    pages
}

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
    let tagged = browser
        .post(
            &format!("/console/packages/{package}"),
            &format!("tags={short}&section=web"),
        )
        .await;
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

#[tokio::test]
async fn what_cannot_be_undone_asks_for_the_password_and_pages_of_administrators_for_one() {
    let (server, package) = world().await;
    let browser = Browser::new(&server, "root").await;
    let right = PASSWORD.replace(' ', "+");
    let delete = |password: &str| format!("id={package}&confirmed=yes&password={password}");
    let preview = browser
        .post("/console/packages/deletion", &format!("id={package}"))
        .await;
    assert!(preview.body.contains("Delete 1 packages"), "{}", preview.body);
    let wrong = browser
        .post("/console/packages/deletion", &delete("a+wrong+password"))
        .await;
    assert_eq!(wrong.status, 403, "{}", wrong.body);
    assert_eq!(
        browser.get(&format!("/console/packages/{package}")).await.status,
        200,
        "it is there"
    );
    let done = browser.post("/console/packages/deletion", &delete(&right)).await;
    assert_eq!(location(&done), "/console/packages?done=deleted", "{}", done.body);
    for (form, status) in [
        ("action=delete&password=wrong", 403),
        (&format!("action=delete&password={right}"), 303),
    ] {
        let answer = browser.post("/console/users/joe", form).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let jane = Browser::new(&server, "jane").await;
    for path in [
        "/console/users",
        "/console/users/jane",
        "/console/audit",
        "/console/audit/export",
        "/console/retention",
        "/console/publishers",
        "/console/tokens?all=true",
    ] {
        assert_eq!(jane.get(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn saving_an_account_changes_what_was_changed_and_nothing_else() {
    let (server, _) = world().await;
    server.account("mia", Role::Maintainer, &[]);
    let root = server.token("root", &["admin"]);
    let browser = Browser::new(&server, "root").await;
    let password = PASSWORD.replace(' ', "+");
    let save = async |form: &str| {
        let form = format!("action=change&password={password}&{form}");
        let answer = browser.post("/console/users/mia", &form).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let user = server.ask(("GET", "/api/users/mia"), Some(&root), &[], "").await;
        let user: serde_json::Value = serde_json::from_str(&user.body).unwrap();
        (
            user["role"].clone(),
            user["suites"].clone(),
            user["disabled"].clone(),
        )
    };
    let page = browser.get("/console/users/mia").await.body;
    for before in [
        r#"name="role_before" value="maintainer""#,
        r#"name="suites_before" value="""#,
        r#"name="state_before" value="active""#,
    ] {
        assert!(page.contains(before), "{page}");
    }
    // Who maintains nothing does not come to maintain everything.
    let disabled = save(
        "role=maintainer&role_before=maintainer&suites=&suites_before=&state=disabled&state_before=active",
    )
    .await;
    assert_eq!(disabled, (json!("maintainer"), json!([]), json!(true)));
    // A page that is older than what another administrator did.
    let other = json!({"role": "user", "suites": ["secret"]}).to_string();
    let headers = [("content-type", "application/json")];
    let answer = server
        .ask(("PUT", "/api/users/mia"), Some(&root), &headers, other)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let enabled = save(
        "role=maintainer&role_before=maintainer&suites=&suites_before=&state=active&state_before=disabled",
    )
    .await;
    assert_eq!(enabled, (json!("user"), json!(["secret"]), json!(false)));
    let raised = save("role=maintainer&role_before=user&suites=stable&suites_before=secret&state=active&state_before=active").await;
    assert_eq!(raised, (json!("maintainer"), json!(["stable"]), json!(false)));
}

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
async fn a_quota_is_set_in_the_console_by_administrators_only() {
    let (server, _) = world().await;
    let browser = Browser::new(&server, "root").await;
    for (path, form, status) in [
        ("/console/suites/stable/quota", "max_packages=7&max_bytes=", 303),
        ("/console/users/jane/quota", "max_packages=&max_bytes=1000", 303),
        ("/console/users/jane/quota", "max_packages=%3Cscript%3E", 422),
    ] {
        let answer = browser.post(path, form).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(!answer.body.contains("<script>"), "{}", answer.body);
    }
    let page = browser.get("/console/suites/stable").await.body;
    assert!(page.contains("It holds 1 packages of 7"), "{page}");
    let page = browser.get("/console/users/jane").await.body;
    assert!(
        page.contains(
            r#"name="max_bytes" inputmode="numeric" pattern="[0-9]*" placeholder="no limit" value="1000""#
        ),
        "{page}"
    );
    let jane = Browser::new(&server, "jane").await;
    let answer = jane.post("/console/suites/stable/quota", "max_packages=").await;
    assert_eq!(answer.status, 403, "{}", answer.body);
}

#[tokio::test]
async fn a_webhook_is_made_tried_paused_changed_and_deleted() {
    let (server, _) = world().await;
    let browser = Browser::new(&server, "root").await;
    let form = "name=chat&url=https%3A%2F%2Fhooks.example.org%2F&events=suite.published&events=package.removed&suites=prod";
    let made = browser.post("/console/webhooks", form).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body.contains("whsec_"), "the secret is shown");
    let webhooks = server.app.archive.webhooks();
    let path = format!("/console/webhooks/{}", webhooks.webhooks().unwrap()[0].id);
    let shown = browser.get(&path).await.body;
    assert!(!shown.contains("whsec_"), "once");
    assert!(
        shown.contains("value=\"suite.published\" checked") && shown.contains("value=\"stable\""),
        "{shown}"
    );
    for (form, done) in [
        ("action=ping", "sent"),
        ("action=pause", "paused"),
        ("action=resume", "resumed"),
        (
            "action=save&name=talk&url=https%3A%2F%2Fhooks.example.org%2F&events=key.expiring&suites=",
            "saved",
        ),
    ] {
        let answer = browser.post(&path, form).await;
        assert_eq!(
            location(&answer),
            format!("{path}?done={done}"),
            "{}",
            answer.body
        );
    }
    let webhook = webhooks.webhooks().unwrap().remove(0);
    assert_eq!(
        (webhook.name.as_str(), webhook.suites),
        ("talk", archive_catalog::accounts::Suites::All)
    );
    let delivery = webhooks.deliveries(&webhook.id, None, 1).unwrap()[0].id;
    let again = browser.post(&format!("{path}/deliveries/{delivery}"), "").await;
    assert_eq!(location(&again), format!("{path}?done=sent"));
    assert!(browser.post(&path, "action=rotate").await.body.contains("whsec_"));
    let inward = browser
        .post(
            &path,
            "action=save&name=talk&url=https%3A%2F%2F127.0.0.1%2F&events=key.expiring",
        )
        .await;
    assert_eq!(inward.status, 422, "{}", inward.body);
    assert_eq!(
        browser.post(&path, "action=delete&password=wrong").await.status,
        403
    );
    let gone = browser
        .post(
            &path,
            &format!("action=delete&password={}", PASSWORD.replace(' ', "+")),
        )
        .await;
    assert_eq!(location(&gone), "/console/webhooks?done=deleted");
}

#[tokio::test]
async fn webhooks_are_for_administrators_in_the_console_too() {
    let (server, _) = world().await;
    let hook = webhook(&server, "chat").await;
    let jane = Browser::new(&server, "jane").await;
    let one = format!("/console/webhooks/{hook}");
    for path in ["/console/webhooks", &one] {
        assert_eq!(jane.get(path).await.status, 403, "{path}");
        assert_eq!(jane.post(path, "action=ping").await.status, 403, "{path}");
    }
    assert_eq!(jane.post(&format!("{one}/deliveries/1"), "").await.status, 403);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
async fn an_old_sign_in_is_not_enough_for_what_cannot_be_undone() {
    let (server, _) = world().await;
    let right = PASSWORD.replace(' ', "+");
    let fresh = Browser::since(&server, "root", 290);
    let made = fresh.post("/console/tokens", "name=one&scopes=admin").await;
    assert!(made.body.contains("rgt_"), "the control: {}", made.body);
    let token = server.token("jane", &["read:stable"]);
    let root = server.token("root", &["admin"]);
    let listed = server
        .ask(("GET", "/api/tokens?all=true"), Some(&root), &[], "")
        .await;
    let listed: serde_json::Value = serde_json::from_str(&listed.body).unwrap();
    let items = listed["items"].as_array().unwrap();
    let of_jane = items.iter().find(|item| item["user"] == "jane").unwrap();
    let id = of_jane["id"].as_str().unwrap();

    let old = Browser::since(&server, "root", 310);
    let evil: String = EVIL.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let rotate = format!("/console/tokens/{id}");
    for (path, form) in [
        ("/console/tokens", format!("name={evil}&scopes=admin")),
        (rotate.as_str(), "action=rotate".to_owned()),
        (rotate.as_str(), "action=revoke".to_owned()),
        (
            "/console/users",
            "username=eve&new_password=a+long+password&role=admin".to_owned(),
        ),
        (
            "/console/suites/stable/snapshots",
            "action=unpin&id=20260101T000000Z".to_owned(),
        ),
    ] {
        let asked = old.post(path, &form).await;
        assert_eq!(asked.status, 200, "{path}: {}", asked.body);
        assert!(
            asked.body.contains("Nothing has been done yet"),
            "{path}: {}",
            asked.body
        );
        assert!(
            asked.body.contains(&format!("action=\"{path}\"")),
            "{}",
            asked.body
        );
        assert!(
            !asked.body.contains("rgt_") && !asked.body.contains("a long password"),
            "{}",
            asked.body
        );
        assert!(
            !asked.body.contains("<script>") && !asked.body.contains("<img src=x"),
            "{}",
            asked.body
        );
        let wrong = old.post(path, &format!("{form}&password=wrong")).await;
        assert_eq!(wrong.status, 403, "{path}: {}", wrong.body);
    }
    let still = server.ask(("GET", "/api/packages"), Some(&token), &[], "").await;
    assert_eq!(still.status, 200, "the token is the same");
    let done = old
        .post(&rotate, &format!("action=rotate&password={right}"))
        .await;
    assert!(done.body.contains("rgt_"), "{}", done.body);
    let other = old
        .post(
            "/console/users",
            "username=ann&new_password=a+long+password&role=user",
        )
        .await;
    assert_eq!(other.status, 303, "no administrator: {}", other.body);
    // Of a clock that was set back nothing is new.
    let ahead = Browser::since(&server, "root", -30);
    let asked = ahead.post("/console/tokens", "name=two&scopes=admin").await;
    assert!(asked.body.contains("Nothing has been done yet"), "{}", asked.body);
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
        (page.body.contains("CVE-1"), page.body.contains("nginx</a>"))
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
