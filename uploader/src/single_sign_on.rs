//! The sign-in of people at an OpenID Connect provider, by the authorization code flow with PKCE.
//!
//! The file `single-sign-on.toml` says which provider, and what its groups may do. Who somebody is there is the pair of issuer and
//! subject, and never a name or an address.
//!
//! Source: OpenID Connect Core 1.0, section 3.1; RFC 9700 (security of OAuth 2.0); RFC 7636 (PKCE); RFC 9207 (`iss` in answers).

mod client;
mod id_token;
mod pending;
mod person;
mod settings;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use debian_archive::archive::Archive;
use debian_archive::error_text::with_causes;

pub(crate) use self::client::ProviderAnswer;
pub(crate) use self::pending::{LIFE, PendingSignIn, Purpose, confirmation, is_confirmed};
pub(crate) use self::person::Person;
pub(crate) use self::settings::{Provider, SignInSettings};
use crate::id_tokens::{Discovery, IssuerFetchError, IssuerFetcher, Keys, Reach};
use crate::problem::{Code, Problem};
use crate::watched_file::WatchedFile;

/// The file below the root.
const FILE_NAME: &str = "single-sign-on.toml";
/// How long a discovery document is taken without being asked for again.
const FRESH: Duration = Duration::from_secs(300);

/// Signs people in at a provider.
pub(crate) struct SingleSignOn {
    file: WatchedFile<SignInSettings>,
    /// What the paths of the file are below.
    root: PathBuf,
    /// The client's secret, where the environment has it.
    secret: Option<String>,
    fetcher: IssuerFetcher,
    known: Mutex<Option<KnownProvider>>,
}

/// What was learned of a provider.
#[derive(Clone)]
struct KnownProvider {
    issuer: String,
    keys: Arc<Keys>,
    discovery: Option<(Instant, Arc<Discovery>)>,
}

impl SingleSignOn {
    /// Reads the file, when there is one; an error where it does not fit the archive.
    pub(crate) fn new(archive: &Archive, secret: Option<String>) -> anyhow::Result<Self> {
        let root = archive.home();
        let file: WatchedFile<SignInSettings> = WatchedFile::new(root.join(FILE_NAME))?;
        let fits = file.content().check_suites(archive.config());
        fits.map_err(|why| anyhow::anyhow!("`{FILE_NAME}` does not fit `repogen.toml`: {why}"))?;
        Ok(Self {
            file,
            root: root.to_owned(),
            secret,
            fetcher: IssuerFetcher::new()?,
            known: Mutex::default(),
        })
    }

    /// Returns what the file says now. Blocking.
    pub(crate) fn settings(&self) -> Arc<SignInSettings> {
        self.file.reload();
        self.file.content()
    }

    /// Returns the secret of the client; `None`: it has none. Blocking.
    pub(crate) fn client_secret(&self, provider: &Provider) -> Result<Option<String>, Problem> {
        let Some(path) = &provider.client_secret_file else {
            return Ok(self.secret.clone());
        };
        let text = std::fs::read_to_string(self.root.join(path)).map_err(|error| {
            tracing::error!(%error, "the client secret of the sign-in provider cannot be read");
            Problem::failed()
        })?;
        Ok(Some(text.trim().to_owned()))
    }

    /// Returns the discovery document of a provider.
    async fn discovery(&self, provider: &Provider) -> Result<Arc<Discovery>, Problem> {
        let known = self.known(provider);
        if let Some((at, found)) = known.discovery
            && at.elapsed() < FRESH
        {
            return Ok(found);
        }
        let found = Discovery::fetch(&self.fetcher, &provider.issuer).await;
        let found = Arc::new(found.map_err(|error| unavailable(provider, &error))?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_mut().filter(|known| known.issuer == provider.issuer) {
            known.discovery = Some((Instant::now(), found.clone()));
        }
        Ok(found)
    }

    fn known(&self, provider: &Provider) -> KnownProvider {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(known) if known.issuer == provider.issuer => known.clone(),
            // Another one is configured now.
            _ => known
                .insert(KnownProvider {
                    issuer: provider.issuer.clone(),
                    keys: Arc::new(Keys::new(&provider.issuer, Reach::AnyHost)),
                    discovery: None,
                })
                .clone(),
        }
    }
}

/// Says that a provider cannot be used at present, and logs why.
fn unavailable(provider: &Provider, error: &IssuerFetchError) -> Problem {
    tracing::warn!(error = %with_causes(error), issuer = provider.issuer, "the sign-in provider cannot be used");
    let mut problem = Problem::new(
        Code::IssuerUnavailable,
        format!("`{}` cannot be reached: see the server's log", provider.name),
    );
    problem.retry_after = Some(5);
    problem
}

/// Refuses a sign-in.
pub(crate) fn refused(why: impl Into<String>) -> Problem {
    Problem::new(Code::SignInRefused, why)
}
