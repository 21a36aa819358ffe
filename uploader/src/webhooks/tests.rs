//! Deliveries to receivers that are real servers, over real connections.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use archive_catalog::accounts::Role;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use debian_deb::build::DebBuilder;
use debian_deb::compression::Compression;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::Deliverer;
use crate::outbound::GuardedResolver;
use crate::temporary_server::{Answered, TemporaryServer};

const JSON: (&str, &str) = ("content-type", "application/json");
/// How long something is waited for: far longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a receiver was sent.
struct Got {
    headers: HeaderMap,
    body: Value,
}

/// How a receiver answers.
#[derive(Clone, Copy)]
enum Answers {
    With(u16),
    /// Sends elsewhere.
    Elsewhere(SocketAddr),
    /// Not at all.
    Never,
    /// With a body that has no end.
    WithoutEnd,
}

/// A server that takes deliveries on all addresses of this machine.
struct Receiver {
    port: u16,
    got: mpsc::UnboundedReceiver<Got>,
    serving: JoinHandle<()>,
}

type Shared = Arc<(Answers, mpsc::UnboundedSender<Got>)>;

impl Receiver {
    async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, got) = mpsc::unbounded_channel();
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::new((answers, sender)));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, got, serving }
    }

    async fn next(&mut self) -> Got {
        let got = tokio::time::timeout(PATIENCE, self.got.recv()).await;
        got.expect("something is sent").unwrap()
    }

    fn is_unasked(&mut self) -> bool {
        self.got.try_recv().is_err()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let body = serde_json::from_slice(&body).unwrap();
    // The test may have ended.
    let _ = shared.1.send(Got { headers, body });
    match shared.0 {
        Answers::With(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answers::Elsewhere(address) => {
            let location = format!("http://{address}/");
            (StatusCode::TEMPORARY_REDIRECT, [("location", location)]).into_response()
        }
        Answers::Never => std::future::pending().await,
        Answers::WithoutEnd => {
            let pieces = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 65536]));
            Body::from_stream(pieces).into_response()
        }
    }
}

/// A server whose deliveries go out.
struct World {
    server: TemporaryServer,
    root: String,
    stop: watch::Sender<bool>,
    delivering: JoinHandle<()>,
}

impl World {
    /// Lets deliveries go to these networks, and has names stand for what `lookup` says each time.
    async fn new(networks: &str, lookup: impl Fn(usize) -> Vec<IpAddr> + Send + Sync + 'static) -> Self {
        let server = TemporaryServer::new(&[
            ("WEBHOOK_NETWORKS", networks),
            ("WEBHOOK_HTTP", "allow"),
            ("WEBHOOK_PORTS", "any"),
            ("WEBHOOK_TIMEOUT", "2s"),
        ]);
        server.account("root", Role::Admin, &[]);
        let root = server.token("root", &["admin"]);
        let asked = AtomicUsize::new(0);
        let addresses = server.app.settings.webhooks.reach.addresses.clone();
        let resolver = GuardedResolver::with(addresses, move |_| {
            let found = lookup(asked.fetch_add(1, Ordering::Relaxed));
            Box::pin(async move { Ok(found) })
        });
        let (stop, stopping) = watch::channel(false);
        let deliverer = Deliverer::with(server.app.clone(), resolver).unwrap();
        Self {
            delivering: tokio::spawn(deliverer.run(stopping)),
            server,
            root,
            stop,
        }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Answered {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.server
            .ask((method, path), Some(&self.root), &[JSON], body)
            .await
    }

    /// Creates a webhook and returns its path.
    async fn hook(&self, name: &str, url: &str) -> String {
        let body = json!({"name": name, "url": url, "events": ["package.uploaded"]});
        let made = self.ask("POST", "/api/webhooks", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        format!("/api/webhooks/{}", value(&made)["id"].as_str().unwrap())
    }

    async fn upload(&self, name: &str) {
        let package = DebBuilder::new(name, "1.0", "all")
            .compressed(Compression::None, Compression::None)
            .build();
        let route = ("POST", "/api/packages?suite=stable");
        let uploaded = self.server.ask(route, Some(&self.root), &[], package).await;
        assert_eq!(uploaded.status, 201, "{}", uploaded.body);
    }

    /// Waits until the newest delivery is as it should be, and returns it.
    async fn newest(&self, hook: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let newest = async {
            loop {
                let listed = self
                    .ask("GET", &format!("{hook}/deliveries?limit=1"), Value::Null)
                    .await;
                let newest = value(&listed)["items"][0].clone();
                if is_right(&newest) {
                    return newest;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, newest)
            .await
            .expect("it comes to that")
    }

    async fn finish(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.delivering)
            .await
            .unwrap()
            .unwrap();
    }
}

fn value(answer: &Answered) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn failed(delivery: &Value) -> bool {
    delivery["error"].is_string()
}

fn ip(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_not_followed_to_where_it_must_not_lead() {
    let mut receiver = Receiver::start(Answers::With(200)).await;
    // The first answer is one that may be connected to, the second one is not, and the third is mixed.
    let answers = |asked| match asked {
        0 => vec![ip(2)],
        1 => vec![ip(1)],
        _ => vec![ip(1), ip(2)],
    };
    let world = World::new("127.0.0.2/32", answers).await;
    let hook = world
        .hook("rebound", &format!("http://hooks.example.org:{}/", receiver.port))
        .await;
    world.upload("one").await;
    assert_eq!(receiver.next().await.body["data"]["name"], "one");
    world.newest(&hook, |newest| newest["state"] == "delivered").await;
    world.upload("two").await;
    let refused = world
        .newest(&hook, |newest| newest["event"].is_string() && failed(newest))
        .await;
    let error = refused["error"].as_str().unwrap();
    assert!(
        error.contains("`hooks.example.org` is not at a public address"),
        "{error}"
    );
    assert_eq!(refused["response_status"], Value::Null);
    assert!(receiver.is_unasked(), "nothing was connected to");
    // It is tried again, and reaches the one address that it may.
    let again = receiver.next().await;
    assert_eq!(again.body["data"]["name"], "two");
    world.finish().await;
}

#[tokio::test]
async fn urls_that_lead_inward_are_refused_and_so_is_what_was_accepted_before() {
    let mut inner = Receiver::start(Answers::With(200)).await;
    let world = World::new("127.0.0.2/32", |_| vec![ip(1)]).await;
    for url in [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://169.254.169.254/",
        "file:///etc/passwd",
    ] {
        let body = json!({"name": "x", "url": url, "events": ["package.uploaded"]});
        let refused = world.ask("POST", "/api/webhooks", body).await;
        assert_eq!(
            (refused.status.as_u16(), value(&refused)["code"].clone()),
            (422, json!("invalid_webhook_url")),
            "{url}"
        );
    }
    let hook = world.hook("x", "http://127.0.0.2/").await;
    let change = json!({"url": format!("http://127.0.0.1:{}/", inner.port)});
    assert_eq!(world.ask("PUT", &hook, change).await.status, 422);
    // As if the settings had allowed it once.
    let id = hook.rsplit('/').next().unwrap().parse().unwrap();
    let before = archive_catalog::webhooks::WebhookChange {
        url: Some(format!("http://127.0.0.1:{}/", inner.port)),
        ..Default::default()
    };
    let event = crate::temporary_server::event("webhook.change", "x");
    world
        .server
        .app
        .archive
        .webhooks()
        .change_webhook(&id, &before, &event)
        .unwrap();
    world.upload("one").await;
    let refused = world.newest(&hook, failed).await;
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("`127.0.0.1` is not at a public address"),
        "{refused}"
    );
    assert!(inner.is_unasked());
    world.finish().await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut inner = Receiver::start(Answers::With(200)).await;
    let outer = Receiver::start(Answers::Elsewhere(SocketAddr::new(ip(1), inner.port))).await;
    let world = World::new("127.0.0.0/8", |_| vec![ip(1)]).await;
    let hook = world
        .hook("redirected", &format!("http://127.0.0.1:{}/", outer.port))
        .await;
    world.upload("one").await;
    let refused = world.newest(&hook, failed).await;
    assert_eq!(refused["response_status"], 307);
    assert_eq!(
        refused["error"],
        "it answered with 307: redirects are not followed"
    );
    assert_eq!(refused["state"], "waiting");
    assert!(refused["next_attempt_at"].is_string());
    assert!(inner.is_unasked());
    world.finish().await;
}

#[tokio::test]
async fn a_receiver_that_never_answers_holds_up_no_other() {
    let mut slow = Receiver::start(Answers::Never).await;
    let mut swift = Receiver::start(Answers::With(204)).await;
    let world = World::new("127.0.0.0/8", |_| vec![ip(1)]).await;
    let waits = world
        .hook("slow", &format!("http://127.0.0.1:{}/", slow.port))
        .await;
    world
        .hook("swift", &format!("http://127.0.0.1:{}/", swift.port))
        .await;
    let packages: Vec<String> = (0..12).map(|number| format!("package{number}")).collect();
    for name in &packages {
        world.upload(name).await;
    }
    let mut names = Vec::new();
    while names.len() < packages.len() {
        names.push(
            swift.next().await.body["data"]["name"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), packages.len(), "each came once");
    let mut begun = 0;
    while slow.got.try_recv().is_ok() {
        begun += 1;
    }
    assert!(
        (1..packages.len()).contains(&begun),
        "{begun} of the slow ones were begun"
    );
    let late = world
        .ask("GET", &format!("{waits}/deliveries?limit=500"), Value::Null)
        .await;
    assert!(
        value(&late)["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|delivery| delivery["state"] == "waiting")
    );
    // What is given up after its time is told of.
    let oldest = |listed: &Value| listed["items"].as_array().unwrap().last().unwrap()["error"].clone();
    let told = async {
        loop {
            let listed = world
                .ask("GET", &format!("{waits}/deliveries?limit=500"), Value::Null)
                .await;
            if let Some(error) = oldest(&value(&listed)).as_str() {
                return error.to_owned();
            }
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert_eq!(told, "it did not answer within 2 s");
    world.finish().await;
}

#[tokio::test]
async fn of_an_answer_only_its_head_is_read() {
    let endless = Receiver::start(Answers::WithoutEnd).await;
    let world = World::new("127.0.0.0/8", |_| vec![ip(1)]).await;
    let hook = world
        .hook("endless", &format!("http://127.0.0.1:{}/", endless.port))
        .await;
    world.upload("one").await;
    let delivered = world.newest(&hook, |newest| newest["state"] == "delivered").await;
    assert_eq!(
        (
            delivered["response_status"].clone(),
            delivered["attempts"].clone()
        ),
        (json!(200), json!(1))
    );
    world.finish().await;
}

#[tokio::test]
async fn a_receiver_that_says_it_is_gone_is_paused_and_a_ping_reaches_it_all_the_same() {
    let mut gone = Receiver::start(Answers::With(410)).await;
    let world = World::new("127.0.0.0/8", |_| vec![ip(1)]).await;
    let hook = world
        .hook("gone", &format!("http://127.0.0.1:{}/", gone.port))
        .await;
    world.upload("one").await;
    assert_eq!(gone.next().await.body["type"], "package.uploaded");
    world.newest(&hook, |newest| newest["state"] == "given_up").await;
    let shown = value(&world.ask("GET", &hook, Value::Null).await);
    assert_eq!(
        (shown["paused"].clone(), shown["paused_reason"].clone()),
        (json!(true), json!("it answered with 410: it wants nothing more"))
    );
    world.upload("two").await;
    let sent = world.ask("POST", &format!("{hook}/ping"), Value::Null).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    assert_eq!(
        gone.next().await.body["type"],
        "ping",
        "what was uploaded meanwhile is not sent"
    );
    // It says again that it is gone: only what comes after that counts.
    let is_over = |newest: &Value| newest["event"] == "ping" && newest["state"] == "given_up";
    world.newest(&hook, is_over).await;
    let resumed = world.ask("PUT", &hook, json!({"paused": false})).await;
    assert_eq!(value(&resumed)["paused_reason"], Value::Null);
    world.upload("three").await;
    assert_eq!(gone.next().await.body["data"]["name"], "three");
    world.finish().await;
}

#[tokio::test]
async fn a_secret_is_told_once_and_the_old_one_signs_beside_the_new_one() {
    let mut receiver = Receiver::start(Answers::With(200)).await;
    let world = World::new("127.0.0.0/8", |_| vec![ip(1)]).await;
    let url = format!("http://127.0.0.1:{}/?key=value-of-the-query", receiver.port);
    let body = json!({"name": "chat", "url": url, "events": ["package.uploaded"], "suites": ["prod"]});
    let made = world.ask("POST", "/api/webhooks", body).await;
    assert_eq!(made.headers["cache-control"], "no-store");
    let secret = value(&made)["secret"].as_str().unwrap().to_owned();
    assert_eq!(value(&made)["suites"], json!(["stable"]), "by its codename");
    let hook = format!("/api/webhooks/{}", value(&made)["id"].as_str().unwrap());
    let rotated = value(&world.ask("POST", &format!("{hook}/rotation"), Value::Null).await);
    let new = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, secret);
    world.upload("one").await;
    let got = receiver.next().await;
    let header = |name: &str| got.headers[name].to_str().unwrap().to_owned();
    let text = world.newest(&hook, |newest| newest["state"] == "delivered").await;
    let one = format!("{hook}/deliveries/{}", text["id"].as_str().unwrap());
    let sent = value(&world.ask("GET", &one, Value::Null).await)["body"]
        .as_str()
        .unwrap()
        .to_owned();
    let timestamp = header("webhook-timestamp").parse().unwrap();
    let expected = super::secret::signatures(
        &[new.clone(), secret.clone()],
        &header("webhook-id"),
        timestamp,
        &sent,
    );
    assert_eq!(header("webhook-signature"), expected.unwrap());
    assert_eq!(header("content-type"), "application/json");
    for path in [
        "/api/webhooks",
        &hook,
        &format!("{hook}/deliveries"),
        &one,
        "/api/audit?limit=500",
        "/openapi.json",
    ] {
        let shown = world.ask("GET", path, Value::Null).await;
        assert_eq!(shown.status, 200, "{path}");
        assert!(
            !shown.body.contains(&secret) && !shown.body.contains(&new),
            "{path}"
        );
    }
    let log = world.ask("GET", "/api/audit?limit=500", Value::Null).await.body;
    assert!(
        log.contains("webhook.create")
            && log.contains("webhook.rotate")
            && !log.contains("value-of-the-query"),
        "{log}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_change_is_for_what_was_seen_and_leaves_the_rest() {
    let world = World::new("", |_| Vec::new()).await;
    let hook = world.hook("chat", "https://hooks.example.org/").await;
    let seen = world.ask("GET", &hook, Value::Null).await;
    let tag = seen.headers["etag"].to_str().unwrap().to_owned();
    let if_match = [JSON, ("if-match", tag.as_str())];
    let change = json!({"name": "talk"}).to_string();
    let ask = |body: String| {
        world
            .server
            .ask(("PUT", hook.as_str()), Some(&world.root), &if_match, body)
    };
    let changed = ask(change.clone()).await;
    assert_eq!(
        (changed.status.as_u16(), value(&changed)["name"].clone()),
        (200, json!("talk"))
    );
    assert_eq!(value(&changed)["events"], json!(["package.uploaded"]));
    assert_eq!(ask(change).await.status, 412);
    for body in [
        json!({"name": ""}),
        json!({"events": []}),
        json!({"events": ["ping"]}),
        json!({"events": ["package.lost"]}),
        json!({"suites": []}),
        json!({"suites": ["nowhere"]}),
    ] {
        assert_eq!(world.ask("PUT", &hook, body.clone()).await.status, 422, "{body}");
    }
    assert_eq!(
        value(&world.ask("PUT", &hook, json!({"suites": null})).await)["suites"],
        Value::Null
    );
    let missing = world
        .ask("GET", &format!("{hook}/deliveries/7"), Value::Null)
        .await;
    assert_eq!(value(&missing)["code"], "delivery_not_found");
    assert_eq!(world.ask("DELETE", &hook, Value::Null).await.status, 204);
    assert_eq!(
        value(&world.ask("GET", &hook, Value::Null).await)["code"],
        "webhook_not_found"
    );
    world.finish().await;
}

/// Two that send share nothing but the catalog.
#[tokio::test]
async fn two_that_send_from_one_catalog_send_each_delivery_once() {
    let mut receiver = Receiver::start(Answers::With(200)).await;
    let world = World::new("127.0.0.0/8", |_| vec![ip(1)]).await;
    let (stop, stopping) = watch::channel(false);
    let second = Deliverer::new(world.server.app.clone()).unwrap();
    let second = tokio::spawn(second.run(stopping));
    world
        .hook("once", &format!("http://127.0.0.1:{}/", receiver.port))
        .await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    for number in 0..30 {
        world.upload(&format!("package{number}")).await;
    }
    for _ in 0..30 {
        let got = receiver.next().await;
        seen.lock()
            .unwrap()
            .push(got.headers["webhook-id"].to_str().unwrap().to_owned());
    }
    world.finish().await;
    stop.send_replace(true);
    second.await.unwrap();
    assert!(receiver.is_unasked());
    let mut seen = seen.lock().unwrap().clone();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 30);
}
