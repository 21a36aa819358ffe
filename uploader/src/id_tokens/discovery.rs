//! What an issuer says of itself. Source: OpenID Connect Discovery 1.0, sections 3 and 4.

use reqwest::Url;
use serde::Deserialize;

use super::address::{is_local, shown};
use super::fetch::{IssuerFetchError, IssuerFetcher};

/// Where the keys and the endpoints of an issuer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// On its own host.
    OwnHost,
    /// On any host, encrypted: some providers have one host for each endpoint.
    AnyHost,
}

/// A discovery document, as far as anything here reads it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Discovery {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    /// Left out: Basic alone.
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether answers have an `iss` (RFC 9207).
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

impl Discovery {
    /// Fetches the document of an issuer.
    pub(crate) async fn fetch(fetcher: &IssuerFetcher, issuer: &str) -> Result<Self, IssuerFetchError> {
        let base = issuer.trim_end_matches('/');
        let url = address(&format!("{base}/.well-known/openid-configuration"))?;
        let found: Self = fetcher.json(&url).await?;
        if found.issuer != issuer {
            return Err(IssuerFetchError::Json {
                url,
                what: format!("its `issuer` is `{}`", shown(&found.issuer)),
            });
        }
        Ok(found)
    }

    /// Returns where its keys are.
    pub(super) fn keys(&self, reach: Reach) -> Result<Url, IssuerFetchError> {
        self.within(&self.jwks_uri, reach)
    }

    /// Returns where people sign in.
    pub(crate) fn authorization(&self) -> Result<Url, IssuerFetchError> {
        self.endpoint("authorization_endpoint", self.authorization_endpoint.as_deref())
    }

    /// Returns where a code is exchanged.
    pub(crate) fn token(&self) -> Result<Url, IssuerFetchError> {
        self.endpoint("token_endpoint", self.token_endpoint.as_deref())
    }

    /// Returns where more is said of a person, when the issuer has such a place.
    pub(crate) fn userinfo(&self) -> Result<Option<Url>, IssuerFetchError> {
        let found = self.userinfo_endpoint.as_deref();
        found.map(|text| self.within(text, Reach::AnyHost)).transpose()
    }

    fn endpoint(&self, name: &'static str, text: Option<&str>) -> Result<Url, IssuerFetchError> {
        let text = text.ok_or_else(|| IssuerFetchError::Missing(self.issuer.clone(), name))?;
        self.within(text, Reach::AnyHost)
    }

    /// Returns an address that the document names, if it is where it may be.
    fn within(&self, text: &str, reach: Reach) -> Result<Url, IssuerFetchError> {
        let url = address(text)?;
        let home = address(&self.issuer)?;
        let is_own = url.origin() == home.origin();
        let is_allowed = match reach {
            Reach::OwnHost => is_own,
            Reach::AnyHost => is_own || url.scheme() == "https" || is_local(&home) && is_local(&url),
        };
        is_allowed
            .then_some(url.clone())
            .ok_or(IssuerFetchError::OtherHost(url))
    }
}

fn address(text: &str) -> Result<Url, IssuerFetchError> {
    Url::parse(text).map_err(|_| IssuerFetchError::Address(shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_encrypted_wherever_they_are() {
        let found = |endpoint: &str| {
            let text = format!(
                r#"{{"issuer": "https://id.example.org", "jwks_uri": "{endpoint}", "authorization_endpoint": "{endpoint}"}}"#
            );
            serde_json::from_str::<Discovery>(&text).unwrap()
        };
        for (endpoint, own, any) in [
            ("https://id.example.org/x", true, true),
            ("https://keys.example.net/x", false, true),
            ("http://id.example.org/x", false, false),
            ("http://127.0.0.1/x", false, false),
            ("javascript:alert(1)", false, false),
        ] {
            let found = found(endpoint);
            assert_eq!(found.keys(Reach::OwnHost).is_ok(), own, "{endpoint}");
            assert_eq!(found.keys(Reach::AnyHost).is_ok(), any, "{endpoint}");
            assert_eq!(found.authorization().is_ok(), any, "{endpoint}");
        }
    }
}
