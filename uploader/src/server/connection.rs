//! One connection: its requests, one after the other, and how it ends.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::bounds::ConnectionBounds;
use super::in_progress::{BodyInProgress, RequestInProgress};
use super::open_connections::ConnectionEntry;
use super::paced::Paced;
use super::seat::Seat;
use crate::problem::{self, Code, Problem};
use crate::secrets;

/// What is answered also where all places are taken, to whoever watches over the process.
pub(super) const HEALTH: &str = "/healthz";
/// How long a connection that waits for a place may take for its request's head.
const WAITING_HEAD: Duration = Duration::from_secs(5);

/// What all connections share.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) routers: watch::Receiver<Router>,
    pub(super) bounds: Arc<ConnectionBounds>,
    pub(super) stopping: watch::Receiver<bool>,
}

/// Answers the requests of one connection.
pub(super) async fn answer(
    server: Server,
    stream: TcpStream,
    peer: SocketAddr,
    (seat, entry): (Seat, ConnectionEntry),
) {
    let Server {
        routers,
        bounds,
        mut stopping,
    } = server;
    let state = entry.connection.clone();
    // An answer is written in one piece: waiting to join it to another only delays it.
    let _ = stream.set_nodelay(true);
    let head = if state.is_waiting.load(Ordering::Relaxed) {
        bounds.head.min(WAITING_HEAD)
    } else {
        bounds.head
    };
    let (open, asked, seat) = (entry.open.clone(), state.clone(), Arc::new(seat));
    let service = service_fn(move |request| {
        let in_progress = RequestInProgress::begin(open.clone(), asked.clone());
        respond(routers.clone(), seat.clone(), (peer, in_progress), request)
    });
    let stream = Paced::new(stream, bounds.pace);
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head)
            .serve_connection(TokioIo::new(stream), service)
    );
    let told = async {
        // An error says that whoever would tell has gone, which is the end as well.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let room_made = async {
        loop {
            state.make_room.notified().await;
            if !state.is_busy.load(Ordering::Relaxed) {
                return;
            }
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = told => None,
        () = room_made => return,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            // After the request under way.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The client's doing: it broke off, or was too slow.
        tracing::debug!(%error, %peer, "a connection was closed early");
    }
}

async fn respond(
    routers: watch::Receiver<Router>,
    seat: Arc<Seat>,
    (peer, in_progress): (SocketAddr, RequestInProgress),
    mut request: axum::http::Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    if !has_one_host(&request) {
        return Ok(bad_request());
    }
    let is_health = request.uri().path() == HEALTH;
    if !is_health && !seat.take_place().await {
        return Ok(no_place());
    }
    // The newest; a request that is under way stays with its own.
    let router = routers.borrow().clone();
    let mut response = router.oneshot(request.map(Body::new)).await?;
    if seat.connection.is_waiting.load(Ordering::Relaxed) {
        // Others wait for the turn.
        close_after(&mut response);
    }
    // Until its last byte is on the way.
    Ok(response.map(|body| {
        Body::new(BodyInProgress {
            body,
            _held: in_progress,
        })
    }))
}

/// Says whether a request names one host, as it has to since HTTP/1.1: one that names several means another to each who reads it.
///
/// Source: RFC 9112, section 3.2.
fn has_one_host(request: &axum::http::Request<Incoming>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || hosts == 0 && request.version() < Version::HTTP_11
}

/// Returns the answer to a head that is not valid HTTP, like hyper's own.
fn bad_request() -> Response {
    let mut response = StatusCode::BAD_REQUEST.into_response();
    close_after(&mut response);
    response
}

/// Returns the answer to a request that waited for a place and got none.
fn no_place() -> Response {
    let problem = Problem::new(Code::Unavailable, "all connections are in use: try again");
    let mut response = problem.into_response();
    problem::complete(&mut response, &secrets::random_id());
    close_after(&mut response);
    response
}

fn close_after(response: &mut Response) {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
}
