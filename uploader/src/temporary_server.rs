//! A server on an archive of its own, asked without a network, for tests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use archive_catalog::DatabaseUrl;
use archive_catalog::SqlCatalog;
use archive_catalog::accounts::{Account, ApiToken, NewAccount, Role, Suites};
use archive_catalog::audit::{Actor, AuditEvent};
use archive_catalog::security_reports::SuiteScan;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use debian_archive::archive::Archive;
use debian_control::digest;
use debian_control::name::SuiteName;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::app::{App, AppParts};
use crate::clock::now;
use crate::committer::Committer;
use crate::publication_tracker::PublicationTracker;
use crate::session::SessionUse;
use crate::settings::Settings;
use crate::threads::BlockingThreads;
use crate::{password, routes, secrets};

/// Requests at once of one client.
pub(crate) const REQUESTS_PER_ADDRESS: usize = 4;

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery";

const CONFIG: &str = "label = \"Example\"\n\
    [[suite]]\ncodename = \"stable\"\nsuite = \"prod\"\ncomponents = [\"main\", \"extra\"]\narchitectures = [\"amd64\"]\n\
    [[suite]]\ncodename = \"secret\"\nprivate = true\n";

/// A server with the suites `stable` and `secret`, gone when dropped.
pub(crate) struct TemporaryServer {
    pub(crate) app: Arc<App>,
    router: Router,
    _folder: tempfile::TempDir,
}

/// An answer, with its body as it is.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl TemporaryServer {
    pub(crate) fn new(variables: &[(&str, &str)]) -> Self {
        Self::configured("", variables)
    }

    /// The same with more tables in repogen.toml.
    pub(crate) fn configured(tables: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("repogen.toml"), format!("{CONFIG}{tables}")).unwrap();
        let settings = settings(root, variables);
        SqlCatalog::create(&DatabaseUrl::of_archive(root, None).unwrap()).unwrap();
        let archive = Arc::new(Archive::open(&settings.location).unwrap());
        let readers = BlockingThreads::new();
        let publications = PublicationTracker::start(&settings, &archive, readers.clone()).unwrap();
        let app = App::new(AppParts {
            committer: Committer::start(publications.clone()).unwrap(),
            settings,
            archive,
            secret: "a secret of thirty-two bytes or more".to_owned(),
            publications,
            metrics: PrometheusBuilder::new().build_recorder().handle(),
            readers,
            requests_per_address: REQUESTS_PER_ADDRESS,
        })
        .unwrap();
        Self {
            router: routes::router(app.clone()),
            app,
            _folder: folder,
        }
    }

    /// Makes an account whose id is its name.
    pub(crate) fn account(&self, name: &str, role: Role, suites: &[&str]) {
        let suites: Vec<SuiteName> = suites.iter().map(|suite| suite.parse().unwrap()).collect();
        let account = Account {
            id: name.parse().unwrap(),
            username: name.parse().unwrap(),
            email: Some(format!("{name}@example.org").parse().unwrap()),
            role,
            suites: match role {
                Role::Admin => Suites::All,
                Role::Maintainer | Role::User => Suites::Only(suites),
            },
            disabled: false,
            epoch: 0,
            created_at: now(),
        };
        let password = Some(password::hash(PASSWORD).unwrap());
        let new = NewAccount { account, password };
        let accounts = self.app.archive.accounts();
        accounts
            .create_account(&new, &event("user.create", name))
            .unwrap();
    }

    /// Makes a token and returns its secret.
    pub(crate) fn token(&self, owner: &str, scopes: &[&str]) -> String {
        self.token_ending(owner, scopes, None)
    }

    /// The same for a token that ends.
    pub(crate) fn token_until(&self, owner: &str, scopes: &[&str], expires_at: i64) -> String {
        self.token_ending(owner, scopes, Some(expires_at))
    }

    fn token_ending(&self, owner: &str, scopes: &[&str], expires_at: Option<i64>) -> String {
        let secret = secrets::new_token();
        let token = ApiToken {
            id: secrets::new_id(),
            account: owner.parse().unwrap(),
            name: "ci".into(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            created_at: now(),
            expires_at,
            last_used_at: None,
        };
        let accounts = self.app.archive.accounts();
        let hash = digest::sha256(secret.as_bytes());
        accounts
            .create_token(&token, &hash, &event("token.create", owner))
            .unwrap();
        secret
    }

    /// Returns what proves a session of the console that began so many seconds ago.
    pub(crate) fn session_since(&self, name: &str, seconds: i64) -> String {
        let accounts = self.app.archive.accounts();
        let account = accounts.account(&name.parse().unwrap()).unwrap().unwrap();
        let given = self
            .app
            .sessions
            .give(&account, now() - seconds, SessionUse::Console);
        given.unwrap().token
    }

    /// Keeps what a scan is to have found in a suite.
    pub(crate) fn keep_report(&self, suite: &str, report: &str) {
        let scan = SuiteScan {
            at: now(),
            report: report.to_owned(),
            ..SuiteScan::default()
        };
        let reports = self.app.archive.security_reports();
        reports.keep_scan(&suite.parse().unwrap(), &scan).unwrap();
    }

    /// Keeps what a scan is to have read of a source package.
    pub(crate) fn keep_advisory(&self, suite: &str, source: &str, rules: &Value) {
        let scan = SuiteScan {
            at: now(),
            report: "{}".to_owned(),
            advisories: BTreeMap::from([(source.to_owned(), rules.to_string())]),
            ..SuiteScan::default()
        };
        let reports = self.app.archive.security_reports();
        reports.keep_scan(&suite.parse().unwrap(), &scan).unwrap();
    }

    /// Asks for a path through a proxy on this machine, for a client with this address; the answer's body is not taken yet.
    pub(crate) async fn ask_through_proxy(&self, path: &str, client: &str) -> Response {
        let mut request = Request::builder().uri(path).header("x-forwarded-for", client);
        let peer: SocketAddr = ([127, 0, 0, 1], 1).into();
        request = request.extension(ConnectInfo(peer));
        let request = request.body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Asks for something, as a client whose requests are all called `request-1`.
    pub(crate) async fn ask(
        &self,
        (method, path): (&str, &str),
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answered {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-request-id", "request-1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 16 << 20).await.unwrap();
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

fn settings(root: &Path, variables: &[(&str, &str)]) -> Settings {
    let variable = |asked: &str| {
        let given = variables.iter().find(|(name, _)| *name == asked);
        let value = match asked {
            // Nothing is signed here.
            "PUBLISHER" => Some("off"),
            _ => given.map(|(_, value)| *value),
        };
        value.map(Into::into)
    };
    Settings::read(root, variable).unwrap()
}

pub(crate) fn event(action: &'static str, subject: &str) -> AuditEvent {
    AuditEvent {
        at: now(),
        actor: Actor::default(),
        action,
        subject: subject.to_owned(),
        detail: "{}".into(),
    }
}
