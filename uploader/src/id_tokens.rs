//! What is asked of an OpenID Connect issuer whose tokens are verified here: its documents and its keys.
//!
//! Trusted publishing (`oidc`) and the sign-in of people (`single_sign_on`) share it. Nothing is asked of an issuer that no file of
//! this archive names.

mod address;
mod discovery;
mod fetch;
mod header;
mod keys;

pub(crate) use self::address::{check_url, shown};
pub(crate) use self::discovery::{Discovery, Reach};
pub(crate) use self::fetch::{IssuerFetchError, IssuerFetcher};
pub(crate) use self::header::{LEEWAY, key_and_algorithm};
pub(crate) use self::keys::{KeyError, Keys};
