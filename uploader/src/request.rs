//! What is known of every request: its id, where it comes from, how long it took.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use crate::app::App;
use crate::clock::now;
use crate::origin::{RequestOrigin, Traffic};
use crate::problem::{self, Code, Problem};
use crate::requests_in_progress::RequestInProgress;
use crate::secrets;
use crate::server::BodyInProgress;

/// The header by which a request is named, both ways.
const HEADER: &str = "x-request-id";

/// Gives a request its id, logs and counts its answer, and notes it where it was refused.
pub(crate) async fn observe(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = given_id(request.headers()).unwrap_or_else(secrets::random_id);
    let method = request.method().clone();
    let label = method_label(&method);
    // The route and never the path: the number of labels stays small.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let uri = request.uri().clone();
    let address = client_address(&request, &app.settings.trusted_proxies);
    let origin = RequestOrigin::new(address, id.clone(), traffic(&method, uri.path()));
    let counted = app.limits.address(origin.traffic, origin.address);
    let begun = counted.and_then(|allowance| {
        origin.note_allowance(allowance);
        app.in_progress.begin(uri.path(), origin.address)
    });
    let span = tracing::info_span!("request", request_id = %id, method = label, route);
    request.extensions_mut().insert(origin.clone());
    let checked = begun.and_then(|begun| check_length(&uri).map(|()| begun));
    let answer = async {
        match checked {
            // Until its last byte is on the way.
            Ok(begun) => next.run(request).await.map(|body| held(body, begun)),
            Err(problem) => problem.into_response_to(&request),
        }
    };
    let mut response = answer.instrument(span.clone()).await;
    if let Some(problem) = problem::complete(&mut response, &id) {
        app.refusals
            .note((&method, &route, &uri), &origin, &problem, now());
    }
    let status = response.status().as_u16();
    let took = started.elapsed();
    span.in_scope(|| {
        tracing::info!(status, duration_ms = took.as_secs_f64() * 1000.0, "answered");
    });
    let labels = [
        ("method", label.to_owned()),
        ("route", route),
        ("status", status.to_string()),
    ];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels).record(took.as_secs_f64());
    let headers = response.headers_mut();
    tell_allowance(headers, &origin);
    headers.insert(
        HEADER,
        HeaderValue::from_str(&id).expect("an id is letters and digits of ASCII, `-` and `_`"),
    );
    // Whatever is not said to be kept is of this moment and this client.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// Says what may still be asked for.
///
/// Source: draft-ietf-httpapi-ratelimit-headers.
fn tell_allowance(headers: &mut HeaderMap, origin: &RequestOrigin) {
    let Some(allowance) = origin.allowance() else {
        return;
    };
    for (name, value) in [
        ("ratelimit-policy", allowance.policy()),
        ("ratelimit", allowance.limit()),
    ] {
        let value = HeaderValue::try_from(value).expect("quotes, letters and digits are a value");
        headers.insert(name, value);
    }
}

fn held(body: Body, begun: Option<RequestInProgress>) -> Body {
    match begun {
        Some(begun) => Body::new(BodyInProgress { body, _held: begun }),
        None => body,
    }
}

/// The longest path and query, in bytes. hyper itself answers more than 64 KiB with 414, without a body.
const MAX_ADDRESS: usize = 32 << 10;

fn check_length(uri: &Uri) -> Result<(), Problem> {
    let length = uri.path_and_query().map_or(0, |address| address.as_str().len());
    if length <= MAX_ADDRESS {
        return Ok(());
    }
    Err(Problem::new(
        Code::UriTooLong,
        format!("the path and the query have {length} bytes: expected at most {MAX_ADDRESS}"),
    ))
}

/// Returns a method as logs and metrics name it: whoever asks may make methods up, and each label costs memory for good.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Says as what a request is counted. Files of the tree are not: one `apt install` asks for hundreds of them, and each asks
/// `/api/auth/check` first where the suite is private.
fn traffic(method: &Method, path: &str) -> Traffic {
    let below = path
        .strip_prefix("/api/")
        .or_else(|| path.strip_prefix("/console"));
    match below {
        None | Some("auth/check") => Traffic::Free,
        // A page loads them, and they are not looked up.
        Some(below) if below.starts_with("/assets/") => Traffic::Free,
        Some(_) if method == Method::GET || method == Method::HEAD => Traffic::Read,
        Some(_) if method == Method::OPTIONS => Traffic::Free,
        Some(_) => Traffic::Write,
    }
}

/// Returns the id that a proxy gave the request, if it may stand in a log.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(HEADER)?.to_str().ok()?;
    let right = (8..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    right.then(|| id.to_owned())
}

/// Returns the address of the client: that of the connection, or what trusted proxies say it is.
fn client_address(request: &Request, trusted: &[IpAddr]) -> Option<IpAddr> {
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let forwarded: Vec<&str> = request
        .headers()
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    Some(nearest_untrusted(peer.ip(), &forwarded, trusted))
}

/// Returns the last address that no trusted proxy has.
///
/// Each proxy adds the address it was asked from at the end. What stands before an address that is not trusted was
/// written by that client and may be anything.
fn nearest_untrusted(peer: IpAddr, forwarded: &[&str], trusted: &[IpAddr]) -> IpAddr {
    let mut nearest = peer.to_canonical();
    for address in forwarded.iter().rev() {
        if !trusted.contains(&nearest) {
            break;
        }
        let Ok(address) = address.trim().parse::<IpAddr>() else {
            break;
        };
        nearest = address.to_canonical();
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_that_nobody_knows_share_one_label() {
        for known in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            assert_eq!(method_label(&known.parse().unwrap()), known);
        }
        for made_up in ["M1", "get", "CONNECT", &"M".repeat(8000)] {
            assert_eq!(method_label(&made_up.parse().unwrap()), "other");
        }
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_from_the_right() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        for (peer, forwarded, expected) in [
            ("192.0.2.9", vec!["1.1.1.1"], "192.0.2.9"),
            ("10.0.0.1", vec!["1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", vec!["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", vec!["6.6.6.6", " 1.1.1.1", "10.0.0.2"], "1.1.1.1"),
            ("10.0.0.1", vec!["1.1.1.1", "nonsense"], "10.0.0.1"),
            ("::ffff:10.0.0.1", vec!["1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
        ] {
            assert_eq!(
                nearest_untrusted(ip(peer), &forwarded, &trusted),
                ip(expected),
                "{peer} {forwarded:?}"
            );
        }
    }
}
