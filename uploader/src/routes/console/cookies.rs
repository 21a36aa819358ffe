//! Cookies of the console: each of this host alone, on encrypted connections, out of reach of scripts.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

/// The cookie of somebody who has just proven at the provider who they are.
pub(super) const CONFIRMED: &str = "__Host-confirmed";

/// Returns the value of the one cookie of a name. Of two, which nobody but another host can have made, none counts.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(header::COOKIE).iter();
    let mut found = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// Has a browser keep a cookie for so many seconds; 0: has it forget the cookie.
pub(super) fn set_cookie(mut response: Response, name: &str, value: &str, seconds: i64) -> Response {
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    let cookie = HeaderValue::try_from(cookie).expect("a value is letters, digits, `-`, `_` and dots");
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_cookies_of_a_name_none_counts() {
        let headers = |pairs: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in pairs {
                headers.append(header::COOKIE, HeaderValue::from_static(value));
            }
            headers
        };
        let session = "__Host-session";
        assert_eq!(
            cookie(&headers(&["a=b; __Host-session=one"]), session),
            Some("one")
        );
        assert_eq!(cookie(&headers(&["session=one"]), session), None);
        for twice in [
            &["__Host-session=one; __Host-session=two"][..],
            &["__Host-session=one", "__Host-session=two"],
        ] {
            assert_eq!(cookie(&headers(twice), session), None);
        }
    }
}
