//! The header of a token: which key, and which algorithm.

use jsonwebtoken::{Algorithm, decode_header};

/// How far the clocks of two machines may be apart, in seconds.
pub(crate) const LEEWAY: i64 = 60;

/// Returns the name of the key and the algorithm, which is one of two; `None` for all other tokens.
pub(crate) fn key_and_algorithm(token: &str) -> Option<(String, Algorithm)> {
    let header = decode_header(token).ok()?;
    match header.alg {
        Algorithm::RS256 | Algorithm::ES256 => Some((header.kid?, header.alg)),
        _ => None,
    }
}
