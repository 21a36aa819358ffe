//! The credential that a request presents, as far as it can be checked without the catalog.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use debian_control::digest::Sha256;

use crate::origin::RequestOrigin;
use crate::secrets;
use crate::session::{SessionUse, Sessions, VerifiedSession};

/// A credential, as far as it can be checked without the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParsedCredential {
    /// Nothing.
    None,
    /// An access token that this server signed and that has not expired.
    Session(VerifiedSession),
    /// An API token, by its digest.
    Token(Sha256),
    /// One that is malformed, or not of this server.
    Bad,
}

/// A credential and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct PresentedCredential {
    pub(crate) credential: ParsedCredential,
    pub(crate) origin: RequestOrigin,
}

/// What an `Authorization` header may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schemes {
    Bearer,
    /// Basic with an API token as the password, too.
    BearerAndBasic,
}

impl PresentedCredential {
    /// Reads the headers of a request.
    pub(crate) fn read(
        headers: &HeaderMap,
        sessions: &Sessions,
        schemes: Schemes,
        origin: RequestOrigin,
    ) -> Self {
        let credential = match (authorization(headers), schemes) {
            (Authorization::None, _) => ParsedCredential::None,
            (Authorization::Bearer(token), _) => bearer(sessions, token),
            (Authorization::Basic(encoded), Schemes::BearerAndBasic) => basic(encoded),
            (Authorization::Basic(_), Schemes::Bearer) | (Authorization::Other, _) => ParsedCredential::Bad,
        };
        Self { credential, origin }
    }
}

impl PresentedCredential {
    /// Reads the access token of a page's cookie. An API token does not count as one.
    pub(crate) fn of_session(token: &str, sessions: &Sessions, origin: RequestOrigin) -> Self {
        let read = sessions.read(token, SessionUse::Console);
        Self {
            credential: read.map_or(ParsedCredential::Bad, ParsedCredential::Session),
            origin,
        }
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

fn bearer(sessions: &Sessions, token: &str) -> ParsedCredential {
    if token.starts_with(secrets::TOKEN_PREFIX) {
        return secrets::token_digest(token).map_or(ParsedCredential::Bad, ParsedCredential::Token);
    }
    sessions
        .read(token, SessionUse::Api)
        .map_or(ParsedCredential::Bad, ParsedCredential::Session)
}

/// Reads `NAME:TOKEN`; any name will do.
fn basic(encoded: &str) -> ParsedCredential {
    let token = || {
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        secrets::token_digest(decoded.split_once(':')?.1)
    };
    token().map_or(ParsedCredential::Bad, ParsedCredential::Token)
}
