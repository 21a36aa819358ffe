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
        Problem::new(Code::InvalidQuery, in_words(detail))
    })?;
    Ok(query)
}

/// Says what a parameter should be, where the text of the standard library says what a parser met.
fn in_words(detail: &str) -> String {
    match detail.split_once(": ") {
        Some((name, "invalid digit found in string" | "cannot parse integer from empty string")) => {
            format!("expected `{name}` to be a number such as `50`")
        }
        Some((name, "number too large to fit in target type")) => format!("`{name}` is too large"),
        Some((name, "provided string was not `true` or `false`")) => {
            format!("expected `{name}` to be `true` or `false`")
        }
        _ => detail.to_owned(),
    }
}

/// Returns the name of the first pair of a query, or of a form, that is no UTF-8: it would be read as another text.
pub(crate) fn not_utf8(pairs: &str) -> Option<String> {
    let mut pairs = pairs.split('&');
    let pair = pairs.find(|pair| percent_decode_str(pair).decode_utf8().is_err())?;
    let name = pair.split('=').next().unwrap_or_default();
    Some(name.chars().take(64).flat_map(char::escape_debug).collect())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Params {
        _limit: Option<usize>,
        _days: Option<u16>,
        _all: Option<bool>,
    }

    #[test]
    fn what_a_parameter_should_be_is_said_by_its_name() {
        for (query, words) in [
            ("_limit=x", "expected `_limit` to be a number such as `50`"),
            ("_limit=-1", "expected `_limit` to be a number such as `50`"),
            ("_limit=", "expected `_limit` to be a number such as `50`"),
            ("_days=70000", "`_days` is too large"),
            ("_all=yes", "expected `_all` to be `true` or `false`"),
        ] {
            let uri: Uri = format!("/x?{query}").parse().unwrap();
            assert_eq!(read_query::<Params>(&uri).unwrap_err().detail, words, "{query}");
        }
    }
}
