//! Connections: how many there may be, how long a client may take to ask, and how they end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// How long accepting rests after it failed, as it does when there are too many open files.
const REST: Duration = Duration::from_millis(100);

/// What clients may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Connections at once; more wait to be accepted.
    pub(crate) connections: usize,
    /// From a connection, or the request before, to the end of a request's head.
    pub(crate) head: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 4096,
            head: Duration::from_secs(30),
        }
    }
}

/// Serves until `stopping` says so, and then until the requests under way are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    routers: watch::Receiver<Router>,
    bounds: Bounds,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut connections = JoinSet::new();
    let told = stopping.clone();
    let accepting = async {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(REST).await;
                    continue;
                }
            };
            let answering = answer(stream, peer, routers.clone(), bounds, told.clone());
            connections.spawn(async move {
                answering.await;
                drop(place);
            });
            while connections.try_join_next().is_some() {}
        }
    };
    tokio::select! {
        () = accepting => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Answers the requests of one connection.
async fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    routers: watch::Receiver<Router>,
    bounds: Bounds,
    mut stopping: watch::Receiver<bool>,
) {
    // An answer is written in one piece: waiting to join it to another only delays it.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| respond(routers.clone(), peer, request));
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.head)
            .serve_connection(TokioIo::new(stream), service)
    );
    let told = async {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = told => None,
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
        tracing::debug!(%error, %peer, "a connection broke off");
    }
}

async fn respond(
    routers: watch::Receiver<Router>,
    peer: SocketAddr,
    mut request: axum::http::Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    // The newest; a request that is under way stays with its own.
    let router = routers.borrow().clone();
    router.oneshot(request.map(Body::new)).await
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Starts a server that says `hello`.
    async fn start(bounds: Bounds) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", axum::routing::get(async || "hello"));
        let (stop, stopping) = watch::channel(false);
        (
            address,
            stop,
            tokio::spawn(serve(listener, watch::channel(router).1, bounds, stopping)),
        )
    }

    async fn all(mut stream: TcpStream) -> String {
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text).await;
        String::from_utf8(text).unwrap()
    }

    const WHOLE: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn who_does_not_end_his_question_is_hung_up_on() {
        let bounds = Bounds {
            head: Duration::from_millis(200),
            ..Bounds::default()
        };
        let (address, _stop, _server) = start(bounds).await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nHost").await.unwrap();
        assert!(!all(slow).await.contains("hello"));
        let mut quick = TcpStream::connect(address).await.unwrap();
        quick.write_all(WHOLE).await.unwrap();
        assert!(all(quick).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn more_connections_wait_until_others_end() {
        let bounds = Bounds {
            connections: 1,
            ..Bounds::default()
        };
        let (address, _stop, _server) = start(bounds).await;
        let first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(WHOLE).await.unwrap();
        let mut byte = [0];
        let early = tokio::time::timeout(Duration::from_millis(300), second.read(&mut byte)).await;
        assert!(early.is_err(), "the second was answered beside the first");
        drop(first);
        assert!(all(second).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn a_server_that_is_told_to_stop_ends_idle_connections() {
        let (address, stop, server) = start(Bounds::default()).await;
        let idle = TcpStream::connect(address).await.unwrap();
        stop.send(true).unwrap();
        server.await.unwrap();
        assert_eq!(all(idle).await, "");
        assert!(TcpStream::connect(address).await.is_err());
    }
}
