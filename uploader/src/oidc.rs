//! Trusted publishing: a CI job's identity, proven by a token of its own server, for an upload token that lives minutes.
//!
//! The file `publishers.toml` says whose jobs those are. Nothing is asked of an issuer that it does not name, and nothing
//! that a token says counts before its signature was verified. Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725.

mod claims;
mod error;
mod identity;
mod issuer;
mod publishers;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use archive_catalog::accounts::Assertion;
use debian_control::digest;

use self::claims::JobClaims;
use self::error::refused;
use self::issuer::Issuer;
use self::publishers::TrustedPublishers;
pub(crate) use self::publishers::{Grant, TrustedPublisher, owner_id};
use crate::id_tokens::{IssuerFetcher, KeyError, Keys, LEEWAY, Reach, shown};
use crate::problem::Problem;
use crate::watched_file::WatchedFile;

/// The file below the root.
const FILE_NAME: &str = "publishers.toml";
/// The longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// Knows whom to trust.
pub(crate) struct Oidc {
    publishers: WatchedFile<TrustedPublishers>,
    fetcher: IssuerFetcher,
    keys: Mutex<HashMap<String, Arc<Keys>>>,
}

/// An identity that was proven.
pub(crate) struct VerifiedJob {
    pub(crate) assertion: Assertion,
    pub(crate) grant: Grant,
}

impl Oidc {
    /// Reads the file, when there is one.
    pub(crate) fn new(root: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            publishers: WatchedFile::new(root.join(FILE_NAME))?,
            fetcher: IssuerFetcher::new()?,
            keys: Mutex::default(),
        })
    }

    /// Reads the file again when it was changed. Blocking.
    pub(crate) fn reload(&self) {
        self.publishers.reload();
    }

    /// Returns the publishers of the file, and the names of its issuers.
    pub(crate) fn of_file(&self) -> (Vec<TrustedPublisher>, Vec<String>) {
        let publishers = self.publishers.content();
        (publishers.of_file().to_vec(), publishers.issuer_names())
    }

    /// Checks a publisher that is to be made.
    pub(crate) fn check(&self, publisher: &TrustedPublisher) -> Result<(), String> {
        self.publishers.content().check_publisher(publisher)
    }

    /// Verifies a token and says what its bearer may have, by the publishers of the file and those of the catalog.
    pub(crate) async fn verify_job(
        &self,
        token: &str,
        of_catalog: &[TrustedPublisher],
        now: i64,
    ) -> Result<VerifiedJob, Problem> {
        if token.len() > MAX_TOKEN {
            return Err(refused(format!("the token is longer than {MAX_TOKEN} bytes")));
        }
        if let Some(why) = crate::jwt::unclear(token) {
            return Err(refused(why));
        }
        let publishers = self.publishers.content();
        let named =
            claims::issuer(token).ok_or_else(|| refused("the token is not a JWT with an `iss` claim"))?;
        let issuer = publishers
            .issuer(&named)
            .ok_or_else(|| refused(format!("issuer `{}` is not trusted", shown(&named))))?;
        let claims = self.verify(issuer, token, now).await?;
        let grant = publishers.grant(issuer, &claims, of_catalog)?;
        // Without an id of its own, a token is known by the bytes that were signed.
        let (signed, _) = token
            .rsplit_once('.')
            .expect("a token that was verified has three parts");
        let id = claims
            .jti
            .unwrap_or_else(|| digest::sha256(signed.as_bytes()).to_string());
        Ok(VerifiedJob {
            assertion: Assertion {
                issuer: issuer.url.clone(),
                id,
                expires_at: claims.exp + LEEWAY,
                job: grant.job.clone(),
                publishers: grant.publishers.clone(),
            },
            grant,
        })
    }

    async fn verify(&self, issuer: &Issuer, token: &str, now: i64) -> Result<JobClaims, Problem> {
        let (kid, algorithm) = claims::header(token)?;
        let keys = self.keys(&issuer.url);
        let key = keys.get(&self.fetcher, &kid, algorithm).await;
        let key = key.map_err(|error| match error {
            KeyError::Unknown(why) => refused(why),
            KeyError::Unavailable(problem) => problem,
        })?;
        claims::verify(issuer, token, (&key, algorithm), now)
    }

    /// Returns the keys of an issuer that the file names: so there are few.
    fn keys(&self, issuer: &str) -> Arc<Keys> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.entry(issuer.to_owned())
            .or_insert_with(|| Arc::new(Keys::new(issuer, Reach::OwnHost)))
            .clone()
    }
}
