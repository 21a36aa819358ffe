//! Queries of addresses, and forms, which are written alike.

use axum::extract::Query;
use axum::http::Uri;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};

/// Reads the query of an address.
pub(crate) fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    if let Some(name) = not_utf8(uri.query().unwrap_or_default()) {
        return Err(Problem::new(
            Code::InvalidQuery,
            format!("invalid UTF-8 in the query parameter `{name}`"),
        ));
    }
    let Query(query) = Query::try_from_uri(uri).map_err(|rejection| {
        let text = rejection.body_text();
        // The title says so already.
        let detail = text.trim_start_matches("Failed to deserialize query string: ");
        Problem::new(Code::InvalidQuery, detail)
    })?;
    Ok(query)
}

/// Returns the name of the first pair of a query, or of a form, that is no UTF-8: it would be read as another text.
pub(crate) fn not_utf8(pairs: &str) -> Option<String> {
    let mut pairs = pairs.split('&');
    let pair = pairs.find(|pair| percent_decode_str(pair).decode_utf8().is_err())?;
    let name = pair.split('=').next().unwrap_or_default();
    Some(name.chars().take(64).flat_map(char::escape_debug).collect())
}
