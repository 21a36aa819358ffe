use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Body;
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::connection::HEALTH;
use super::paced::Pace;
use super::*;

fn bounds() -> ConnectionBounds {
    ConnectionBounds::of(16_384, Vec::new())
}

/// Starts a server that says `hello`.
async fn start(bounds: ConnectionBounds) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/", axum::routing::get(async || "hello"))
        .route(HEALTH, axum::routing::get(async || "ok"))
        .route(
            "/endless",
            axum::routing::get(async || {
                let piece = axum::body::Bytes::from(vec![b'x'; 64 << 10]);
                Body::from_stream(futures_util::stream::repeat(Ok::<_, Infallible>(piece)))
            }),
        )
        .route(
            "/slow",
            axum::routing::get(async || {
                let first = futures_util::stream::iter([Ok::<_, Infallible>("x")]);
                Body::from_stream(first.chain(futures_util::stream::pending()))
            }),
        );
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
    let bounds = ConnectionBounds {
        head: Duration::from_millis(200),
        ..bounds()
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
    let bounds = ConnectionBounds {
        connections: 1,
        ..bounds()
    };
    let (address, _stop, _server) = start(bounds).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first
        .write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    // Its answer has begun, and has no end.
    let mut head = [0; 12];
    first.read_exact(&mut head).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(WHOLE).await.unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(300), second.read(&mut byte)).await;
    assert!(early.is_err(), "the second was answered beside the first");
    drop(first);
    assert!(all(second).await.ends_with("hello"));
}

#[tokio::test]
async fn health_is_answered_where_all_places_are_taken() {
    let bounds = ConnectionBounds {
        connections: 1,
        waiting: 2,
        ..bounds()
    };
    let (address, _stop, _server) = start(bounds).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first
        .write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    first.read_exact(&mut [0; 12]).await.unwrap();
    let mut waits = TcpStream::connect(address).await.unwrap();
    waits.write_all(WHOLE).await.unwrap();
    for _ in 0..3 {
        let mut watcher = TcpStream::connect(address).await.unwrap();
        watcher
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let answer = all(watcher).await;
        assert!(answer.ends_with("ok"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
    drop(first);
    assert!(all(waits).await.ends_with("hello"));
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_loses_the_place_to_others() {
    let bounds = ConnectionBounds {
        connections: 1,
        pace: Pace {
            bytes: 1,
            time: Duration::from_millis(100),
        },
        ..bounds()
    };
    let (address, _stop, _server) = start(bounds).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first
        .write_all(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    first.read_exact(&mut [0; 12]).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(WHOLE).await.unwrap();
    assert!(all(second).await.ends_with("hello"));
}

#[tokio::test]
async fn who_has_asked_nothing_for_longest_makes_room_for_who_asks() {
    let bounds = ConnectionBounds {
        connections: 2,
        ..bounds()
    };
    let (address, _stop, _server) = start(bounds).await;
    let oldest = TcpStream::connect(address).await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 15];
    idle.read_exact(&mut first).await.unwrap();
    for _ in 0..3 {
        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(WHOLE).await.unwrap();
        assert!(all(asking).await.ends_with("hello"));
    }
    assert_eq!(all(oldest).await, "", "it was ended");
    idle.write_all(WHOLE).await.unwrap();
    assert!(all(idle).await.ends_with("hello"), "the other one was not");
}

#[tokio::test]
async fn one_address_does_not_take_all_places() {
    let few = ConnectionBounds {
        per_address: 2,
        ..bounds()
    };
    let (address, _stop, _server) = start(few.clone()).await;
    let kept = [
        TcpStream::connect(address).await.unwrap(),
        TcpStream::connect(address).await.unwrap(),
    ];
    let one_more = TcpStream::connect(address).await.unwrap();
    assert!(all(one_more).await.starts_with("HTTP/1.1 503 "));
    drop(kept);
    let trusted = ConnectionBounds {
        trusted: vec![address.ip()],
        ..few
    };
    let (address, _stop, _server) = start(trusted).await;
    let mut kept = Vec::new();
    for _ in 0..8 {
        let mut asking = TcpStream::connect(address).await.unwrap();
        asking
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0; 12];
        asking.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        kept.push(asking);
    }
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_idle_connections() {
    let (address, stop, server) = start(bounds()).await;
    let idle = TcpStream::connect(address).await.unwrap();
    stop.send(true).unwrap();
    server.await.unwrap();
    assert_eq!(all(idle).await, "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_names_one_host() {
    let (address, _stop, _server) = start(bounds()).await;
    for (head, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"),
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"),
        ("GET / HTTP/1.0\r\n\r\n", "200"),
    ] {
        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(head.as_bytes()).await.unwrap();
        let answer = all(asking).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{head}: {answer}");
    }
}
