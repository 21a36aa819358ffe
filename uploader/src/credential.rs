//! What a request shows to say who it comes from.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use debian_control::digest::Sha256;

use crate::app::App;
use crate::origin::Origin;
use crate::problem::Problem;
use crate::secrets;
use crate::session::Proven;

/// What was shown, as far as it can be read without the catalog.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// Nothing.
    None,
    /// An access token that this server signed and that has not run out.
    Session(Proven),
    /// An API token, by its digest.
    Token(Sha256),
    /// Something that proves nothing.
    Bad,
}

/// A credential and where it came from; `Authorization: Bearer` only.
#[derive(Debug, Clone)]
pub(crate) struct Presented {
    pub(crate) credential: Credential,
    pub(crate) origin: Origin,
}

/// The same on routes for programs that know passwords only: Basic with an API token as the password is taken too.
#[derive(Debug, Clone)]
pub(crate) struct PresentedBasic(pub(crate) Presented);

impl FromRequestParts<Arc<App>> for Presented {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let credential = match authorization(&parts.headers) {
            Authorization::None => Credential::None,
            Authorization::Bearer(token) => bearer(app, token),
            Authorization::Basic(_) | Authorization::Other => Credential::Bad,
        };
        Ok(Self {
            credential,
            origin: origin(parts),
        })
    }
}

impl FromRequestParts<Arc<App>> for PresentedBasic {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let credential = match authorization(&parts.headers) {
            Authorization::None => Credential::None,
            Authorization::Bearer(token) => bearer(app, token),
            Authorization::Basic(encoded) => basic(encoded),
            Authorization::Other => Credential::Bad,
        };
        Ok(Self(Presented {
            credential,
            origin: origin(parts),
        }))
    }
}

enum Authorization<'a> {
    None,
    Bearer(&'a str),
    Basic(&'a str),
    Other,
}

fn authorization(headers: &HeaderMap) -> Authorization<'_> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if headers.contains_key(header::AUTHORIZATION) {
            Authorization::Other
        } else {
            Authorization::None
        };
    };
    match value.to_str().ok().and_then(|value| value.split_once(' ')) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Authorization::Bearer(rest.trim()),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => Authorization::Basic(rest.trim()),
        _ => Authorization::Other,
    }
}

fn bearer(app: &App, token: &str) -> Credential {
    if token.starts_with(secrets::TOKEN_PREFIX) {
        return secrets::token_digest(token).map_or(Credential::Bad, Credential::Token);
    }
    app.sessions
        .read(token)
        .map_or(Credential::Bad, Credential::Session)
}

/// Reads `NAME:TOKEN`; any name will do.
fn basic(encoded: &str) -> Credential {
    let token = || {
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        secrets::token_digest(decoded.split_once(':')?.1)
    };
    token().map_or(Credential::Bad, Credential::Token)
}

fn origin(parts: &Parts) -> Origin {
    let origin = parts.extensions.get::<Origin>();
    origin.cloned().expect("every route is behind `request::observe`")
}
