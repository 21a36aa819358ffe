//! A sign-in provider of a test's own, and a browser that goes to it and comes back.

use crate::Uploader;
use crate::http::Response;
use crate::issuer::{Issuer, Key};
use crate::uploader::PASSWORD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A provider that says of everybody what the test has it say.
pub struct Provider {
    /// Where it is.
    pub issuer: Issuer,
    /// What signs its ID tokens.
    pub key: Key,
}

impl Provider {
    /// Starts a provider; its answers have an `iss`.
    pub fn start() -> Self {
        let issuer = Issuer::start();
        let key = issuer.rsa("first");
        issuer.publish(&[&key]);
        let url = issuer.url();
        let discovery = json!({"issuer": url, "jwks_uri": format!("{url}/keys"), "authorization_endpoint": format!("{url}/authorize?tenant=1"),
            "token_endpoint": format!("{url}/token"), "userinfo_endpoint": format!("{url}/userinfo"),
            "authorization_response_iss_parameter_supported": true});
        issuer.serve("/.well-known/openid-configuration", &discovery.to_string());
        Self { issuer, key }
    }

    /// Returns the settings of an uploader that trusts it, with more of its section and with groups.
    pub fn settings(&self, more: &str, groups: &str) -> String {
        format!(
            "[provider]\nname = \"Example\"\nissuer = \"{}\"\nclient_id = \"archive\"\nclient_secret_file = \"keys/client\"\n\
             console_url = \"https://archive.example.org\"\n{more}\n{groups}",
            self.issuer.url()
        )
    }

    /// Returns what it says of somebody who signs in as a page asks.
    pub fn claims(&self, visit: &Visit, subject: &str, more: &Value) -> Value {
        let mut claims = json!({"iss": self.issuer.url(), "aud": "archive", "sub": subject, "iat": now(), "exp": now() + 300,
            "nonce": visit.query["nonce"], "preferred_username": subject, "groups": [], "email": format!("{subject}@example.org")});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    /// Has it give an ID token for the next code.
    pub fn give(&self, token: &str) {
        let answer = json!({"id_token": token, "access_token": "access", "token_type": "Bearer"});
        self.issuer.serve("/token", &answer.to_string());
    }

    /// Signs somebody in whose browser was sent there, and returns what their browser was sent back to.
    pub fn sign_in(&self, visit: &Visit, subject: &str, more: &Value) -> String {
        self.give(&self.key.sign(&self.claims(visit, subject, more)));
        format!(
            "/console/sign-in/answer?code=one&state={}&iss={}",
            visit.query["state"],
            self.issuer.url()
        )
    }
}

/// What a browser was sent to the provider with.
pub struct Visit {
    /// Where.
    pub address: String,
    /// The parameters, decoded as far as the tests need it.
    pub query: BTreeMap<String, String>,
}

/// Somebody's browser, with its cookies.
pub struct Browser<'a> {
    server: &'a Uploader,
    /// The cookies, by name.
    pub cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    /// Starts without cookies.
    pub fn new(server: &'a Uploader) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
        }
    }

    /// The same browser, as if its host were another server now.
    pub fn at<'b>(&self, server: &'b Uploader) -> Browser<'b> {
        Browser {
            server,
            cookies: self.cookies.clone(),
        }
    }

    /// Looks at a page.
    pub fn get(&mut self, path: &str) -> Response {
        let cookies = self.sent();
        let answer = self
            .server
            .send("GET", path, None, (&[("Cookie", cookies.as_str())], &[]));
        self.keep(&answer);
        answer
    }

    /// Sends a form of a page, with the token of the session.
    pub fn post(&mut self, path: &str, form: &str) -> Response {
        let page = self.get("/console/account").text();
        let csrf = page
            .split_once("name=\"csrf\" value=\"")
            .expect("a form with a token")
            .1;
        let csrf = csrf.split('"').next().unwrap();
        let form = format!("csrf={csrf}&{form}");
        let cookies = self.sent();
        let headers = [
            ("Cookie", cookies.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        let answer = self.server.send("POST", path, None, (&headers, form.as_bytes()));
        self.keep(&answer);
        answer
    }

    /// Signs in by [`PASSWORD`].
    pub fn by_password(&mut self, name: &str) -> Response {
        let form = format!("username={name}&password={}", PASSWORD.replace(' ', "+"));
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        let answer = self
            .server
            .send("POST", "/console/sign-in", None, (&headers, form.as_bytes()));
        self.keep(&answer);
        answer
    }

    /// Follows the link to the provider.
    pub fn visit(&mut self, next: &str) -> Visit {
        let answer = self.get(&format!("/console/sign-in/provider?next={next}"));
        assert_eq!(answer.status, 303, "{}", answer.text());
        visit_of(&answer.header("location").unwrap())
    }

    /// Returns the account that is signed in, as its page says; `None`: nobody.
    pub fn account(&mut self) -> Option<String> {
        let page = self.get("/console/account").text();
        let (_, rest) = page.split_once("You are signed in as ")?;
        Some(rest.split('.').next().unwrap().to_owned())
    }

    fn sent(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, answer: &Response) {
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(
                name.starts_with("__Host-") && !attributes.contains("Domain"),
                "{cookie}"
            );
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
    }
}

/// Reads where a browser is sent.
pub fn visit_of(address: &str) -> Visit {
    let (_, query) = address.split_once('?').unwrap();
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    Visit {
        query: pairs
            .map(|(name, value)| (name.to_owned(), value.replace("%3A", ":").replace("%2F", "/")))
            .collect(),
        address: address.to_owned(),
    }
}

/// Returns the time in Unix seconds.
pub fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
