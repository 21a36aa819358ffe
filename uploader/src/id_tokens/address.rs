//! Where an issuer is.

use std::net::IpAddr;

use reqwest::Url;

/// Checks the address of an issuer: https, or http on this machine.
pub(crate) fn check_url(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("the issuer url `{}` {why}", shown(text)));
    let Ok(url) = Url::parse(text) else {
        return wrong("is not a URL");
    };
    if url.scheme() != "https" && !is_local(&url) {
        return wrong("should begin with https://");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return wrong("should be a host and a path");
    }
    Ok(())
}

/// Says whether a URL is plain http on this machine.
pub(super) fn is_local(url: &Url) -> bool {
    url.scheme() == "http"
        && url.host_str().is_some_and(|host| {
            host == "localhost"
                || host
                    .trim_matches(['[', ']'])
                    .parse::<IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        })
}

/// Returns the start of a text from outside, fit for a message.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in [
            "http://127.0.0.1:1",
            "http://localhost:1/x",
            "http://[::1]:1",
            "https://x.example",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in [
            "http://10.0.0.1",
            "http://localhost.example",
            "ftp://127.0.0.1",
            "x",
            "https://x.example?y",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
