//! The console, asked as a browser asks it.

mod attacks;
mod confirmation;
mod keepers;
mod pages;

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

/// Returns the name of the state that a form of a page shows: that of the first one after `beginning`.
fn state_shown(page: &str, beginning: &str) -> String {
    let (_, form) = page.split_once(beginning).expect("the page has the form");
    let (_, rest) = form
        .split_once("name=\"shown\" value=\"")
        .expect("the form names the state that it shows");
    rest.split('"').next().unwrap().to_owned()
}

fn location(answer: &Answered) -> &str {
    answer
        .headers
        .get("location")
        .map_or("", |value| value.to_str().unwrap())
}

async fn world() -> (TemporaryServer, String) {
    world_with("").await
}

async fn world_with(settings: &str) -> (TemporaryServer, String) {
    let server = TemporaryServer::configured(settings, &[]);
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
