//! What is said to a provider and what it answers.

use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::pending::{PendingSignIn, Purpose};
use super::person::Person;
use super::settings::Provider;
use super::{SingleSignOn, id_token, refused, unavailable};
use crate::id_tokens::{Discovery, KeyError, key_and_algorithm, shown};
use crate::problem::Problem;
use crate::session::Sessions;

/// The longest code and the longest token that are looked at, in bytes.
const MAX_CODE: usize = 4 * 1024;
const MAX_TOKEN: usize = 64 * 1024;

/// What a browser brings back from the provider.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ProviderAnswer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// What the token endpoint answers. Source: RFC 6749, sections 5.1 and 5.2.
#[derive(Deserialize)]
struct TokenAnswer {
    id_token: Option<String>,
    access_token: Option<String>,
    error: Option<String>,
}

impl SingleSignOn {
    /// Returns where a browser goes to sign in.
    pub(crate) async fn begin(
        &self,
        provider: &Provider,
        sessions: &Sessions,
        pending: &PendingSignIn,
    ) -> Result<Url, Problem> {
        let discovery = self.discovery(provider).await?;
        let mut url = discovery
            .authorization()
            .map_err(|error| unavailable(provider, &error))?;
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", &provider.redirect_uri())
            .append_pair("scope", &provider.scopes.join(" "))
            .append_pair("state", &pending.state(sessions)?)
            .append_pair("nonce", &pending.nonce(sessions)?)
            .append_pair("code_challenge", &pending.challenge(sessions)?)
            .append_pair("code_challenge_method", "S256");
        if !matches!(pending.purpose, Purpose::Enter) {
            // Whoever sits at the browser now, and not whoever signed in there today.
            query
                .append_pair("prompt", &provider.confirm_prompt)
                // Has the provider say when that was; with 0, some ask again without end.
                .append_pair("max_age", "60");
        }
        drop(query);
        Ok(url)
    }

    /// Checks that an answer is to a sign-in of this browser, and returns its code.
    pub(crate) async fn check_answer(
        &self,
        provider: &Provider,
        sessions: &Sessions,
        (pending, answer): (&PendingSignIn, ProviderAnswer),
    ) -> Result<String, Problem> {
        let state = answer.state.unwrap_or_default();
        if pending.issuer != provider.issuer || !pending.fits_state(sessions, &state) {
            return Err(refused(
                "the answer belongs to another sign-in than the one that this browser began last: try again",
            ));
        }
        let discovery = self.discovery(provider).await?;
        let is_missing = answer.iss.is_none() && discovery.authorization_response_iss_parameter_supported;
        if is_missing || answer.iss.is_some_and(|issuer| issuer != provider.issuer) {
            return Err(refused("the answer is from another provider"));
        }
        if let Some(error) = answer.error {
            let (name, error) = (&provider.name, shown(&error));
            return Err(refused(format!("`{name}` did not sign you in: {error}")));
        }
        let code = answer.code.filter(|code| (1..=MAX_CODE).contains(&code.len()));
        code.ok_or_else(|| refused("the answer has no code"))
    }

    /// Exchanges a code for what the provider says of who signed in.
    pub(crate) async fn exchange(
        &self,
        (provider, secret): (&Provider, Option<&str>),
        sessions: &Sessions,
        pending: &PendingSignIn,
        code: &str,
        now: i64,
    ) -> Result<Person, Problem> {
        let discovery = self.discovery(provider).await?;
        let verifier = pending.verifier(sessions)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", &verifier),
        ];
        let redirect = provider.redirect_uri();
        form.push(("redirect_uri", &redirect));
        let credentials = authentication(&discovery, provider, secret, &mut form)?;
        let credentials = credentials
            .as_ref()
            .map(|(name, secret)| (name.as_str(), secret.as_str()));
        let form = serde_urlencoded::to_string(form).expect("pairs of texts are a form");
        let url = discovery.token().map_err(|error| unavailable(provider, &error))?;
        let answer: TokenAnswer = self
            .fetcher
            .post_form(&url, form, credentials)
            .await
            .map_err(|error| unavailable(provider, &error))?;
        if let Some(error) = answer.error {
            let (name, error) = (&provider.name, shown(&error));
            return Err(refused(format!("`{name}` did not accept the code: {error}")));
        }
        let token = answer.id_token.filter(|token| token.len() <= MAX_TOKEN);
        let token = token.ok_or_else(|| refused("the provider gave no ID token"))?;
        let verified = self.verify(provider, sessions, pending, &token, now).await?;
        if !matches!(pending.purpose, Purpose::Enter) && !verified.is_proven_since(pending.begun_at) {
            return Err(refused("the provider did not ask again who you are"));
        }
        let (subject, mut claims) = (verified.sub, verified.other);
        if lacks(provider, &claims)
            && let Some(access) = answer.access_token
        {
            self.add_userinfo(provider, &discovery, (&subject, &mut claims), &access)
                .await?;
        }
        let person = Person::read(provider, subject, &claims).map_err(refused)?;
        if !person.has_domain(&provider.email_domains) {
            let domains = provider.email_domains.join(", ");
            return Err(refused(format!(
                "expected a verified e-mail address of {domains}"
            )));
        }
        Ok(person)
    }

    async fn verify(
        &self,
        provider: &Provider,
        sessions: &Sessions,
        pending: &PendingSignIn,
        token: &str,
        now: i64,
    ) -> Result<id_token::IdToken, Problem> {
        if let Some(why) = crate::jwt::unclear(token) {
            return Err(refused(why));
        }
        let (id, algorithm) = key_and_algorithm(token).ok_or_else(|| {
            refused("expected an ID token whose header has a `kid` and the `alg` RS256 or ES256")
        })?;
        let keys = self.known(provider).keys;
        let key = keys.get(&self.fetcher, &id, algorithm).await;
        let key = key.map_err(|error| match error {
            KeyError::Unknown(why) => refused(why),
            KeyError::Unavailable(problem) => problem,
        })?;
        id_token::verify((provider, pending), sessions, token, (&key, algorithm), now).map_err(refused)
    }

    /// Adds what the provider says of somebody elsewhere only; what the ID token says counts. Source: OpenID Connect Core 1.0, section 5.3.
    async fn add_userinfo(
        &self,
        provider: &Provider,
        discovery: &Discovery,
        (subject, claims): (&str, &mut Map<String, Value>),
        access: &str,
    ) -> Result<(), Problem> {
        let failed = |error| unavailable(provider, &error);
        let Some(url) = discovery.userinfo().map_err(failed)? else {
            return Ok(());
        };
        let more: Map<String, Value> = self.fetcher.json_with_token(&url, access).await.map_err(failed)?;
        if more.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(refused("the provider's user information is about somebody else"));
        }
        for (name, value) in more {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }
}

/// Says whether an ID token lacks what the settings ask for.
fn lacks(provider: &Provider, claims: &Map<String, Value>) -> bool {
    [
        &provider.groups_claim,
        &provider.username_claim,
        &"email".to_owned(),
    ]
    .iter()
    .any(|claim| !claims.contains_key(claim.as_str()))
}

/// Has a request prove which client sends it: by name and password as a header, or in the form. Source: RFC 6749, section 2.3.1.
fn authentication<'a>(
    discovery: &Discovery,
    provider: &'a Provider,
    secret: Option<&'a str>,
    form: &mut Vec<(&'static str, &'a str)>,
) -> Result<Option<(String, String)>, Problem> {
    let supported = discovery.token_endpoint_auth_methods_supported.as_deref();
    let supports = |method: &str| supported.is_some_and(|all| all.iter().any(|one| one == method));
    let encoded = |text: &str| {
        serde_urlencoded::to_string([("", text)])
            .expect("a text is a form")
            .split_off(1)
    };
    match secret {
        None => {
            form.push(("client_id", &provider.client_id));
            Ok(None)
        }
        Some(secret) if supported.is_none() || supports("client_secret_basic") => {
            Ok(Some((encoded(&provider.client_id), encoded(secret))))
        }
        Some(secret) if supports("client_secret_post") => {
            form.extend([
                ("client_id", provider.client_id.as_str()),
                ("client_secret", secret),
            ]);
            Ok(None)
        }
        Some(_) => {
            tracing::error!("the sign-in provider takes a client secret neither by Basic nor in the form");
            Err(Problem::failed())
        }
    }
}
