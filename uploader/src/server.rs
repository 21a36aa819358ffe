//! Connections: how many there may be, how long a client may take to ask, and how they end.

mod paced;

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

pub(crate) use self::paced::Pace;
use self::paced::Paced;
use crate::problem::{self, Code, Problem};
use crate::secrets;

/// How long accepting rests after it failed, as it does when there are too many open files.
const REST: Duration = Duration::from_millis(100);

/// What is said to a connection that is one too many of its address.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// What is answered also where all places are taken, to whoever watches over the process.
const HEALTH: &str = "/healthz";
/// Connections at once that wait for a place. Each is read as far as its request, which may be for [`HEALTH`].
const WAITING: usize = 32;
/// How long a request waits for a place.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a connection that waits for a place may take for its request's head.
const WAITING_HEAD: Duration = Duration::from_secs(5);
/// What a client takes of an answer at least: anything that calls itself a link is faster.
const PACE: Pace = Pace {
    bytes: 64 << 10,
    time: Duration::from_secs(300),
};

/// Files that stay for the catalog, for publishing and for the log, whoever connects.
const FILES_KEPT: u64 = 256;
/// Files that are asked for, where the system lets a process have them.
const FILES_WANTED: u64 = 16_384;
/// Connections at once, where there are files for them.
const CONNECTIONS: u64 = 4096;
/// Connections at once for one address, where there are few in all.
const LEAST_PER_ADDRESS: usize = 64;

/// Raises how many files this process may have open as far as it may; returns how many those are.
pub(crate) fn raise_open_files() -> std::io::Result<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let now = current.unwrap_or(u64::MAX);
    let wanted = FILES_WANTED.min(maximum.unwrap_or(u64::MAX));
    if now >= wanted {
        return Ok(now);
    }
    let current = Some(wanted);
    setrlimit(Resource::Nofile, Rlimit { current, maximum })?;
    Ok(wanted)
}

/// What clients may take.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Connections at once; more wait until others end, or have nothing to ask.
    pub(crate) connections: usize,
    /// Connections at once that wait so.
    pub(crate) waiting: usize,
    /// Connections at once of one address.
    pub(crate) per_address: usize,
    /// Addresses for which that does not count: each stands for many clients.
    pub(crate) trusted: Vec<IpAddr>,
    /// From a connection, or the request before, to the end of a request's head.
    pub(crate) head: Duration,
    /// How fast an answer is taken at least.
    pub(crate) pace: Pace,
}

impl Bounds {
    /// Returns the bounds for a process that may have so many files open: each connection takes one, and one for what it asks for.
    pub(crate) fn of(open_files: u64, trusted: Vec<IpAddr>) -> Self {
        let connections = (open_files.saturating_sub(FILES_KEPT) / 2).clamp(16, CONNECTIONS);
        let connections = usize::try_from(connections).unwrap_or(usize::MAX);
        Self {
            connections,
            per_address: (connections / 4).max(LEAST_PER_ADDRESS),
            waiting: WAITING,
            trusted,
            head: Duration::from_secs(30),
            pace: PACE,
        }
    }
}

/// The open connections.
#[derive(Default)]
struct Open {
    /// By their age.
    connections: Mutex<BTreeMap<u64, Arc<Connection>>>,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    next: AtomicU64,
}

/// An open connection.
#[derive(Default)]
struct Connection {
    /// Whether a request is being answered.
    is_busy: AtomicBool,
    /// Whether it waits for a place: it has none to make room with.
    is_waiting: AtomicBool,
    /// When it had its last answer, counted as connections are.
    last: AtomicU64,
    /// Told when another needs its place.
    make_room: Notify,
}

impl Open {
    fn turn(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Enters a connection, unless its address has too many.
    fn enter(self: &Arc<Self>, address: IpAddr, bounds: &Bounds) -> Option<Entered> {
        let mut addresses = lock(&self.addresses);
        let count = addresses.entry(address).or_default();
        if *count >= bounds.per_address && !bounds.trusted.contains(&address) {
            return None;
        }
        *count += 1;
        drop(addresses);
        let connection = Arc::new(Connection::default());
        let number = self.turn();
        connection.last.store(number, Ordering::Relaxed);
        lock(&self.connections).insert(number, connection.clone());
        Some(Entered {
            open: self.clone(),
            connection,
            number,
            address,
        })
    }

    /// Has the connection end that has had nothing to answer for longest, where there is one besides `newest`.
    fn end_an_idle_one(&self, newest: &Entered) {
        let connections = lock(&self.connections);
        let idle = connections
            .iter()
            .filter(|(number, connection)| {
                let is_busy = connection.is_busy.load(Ordering::Relaxed);
                let is_waiting = connection.is_waiting.load(Ordering::Relaxed);
                **number != newest.number && !is_busy && !is_waiting
            })
            .min_by_key(|(_, connection)| connection.last.load(Ordering::Relaxed));
        if let Some((_, idle)) = idle {
            idle.make_room.notify_one();
        }
    }
}

/// A connection's entry; it goes with this.
struct Entered {
    open: Arc<Open>,
    connection: Arc<Connection>,
    number: u64,
    address: IpAddr,
}

impl Drop for Entered {
    fn drop(&mut self) {
        lock(&self.open.connections).remove(&self.number);
        let mut addresses = lock(&self.open.addresses);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What lets a connection ask for things.
struct Seat {
    places: Arc<Semaphore>,
    connection: Arc<Connection>,
    /// Requests of a connection come one after the other.
    held: tokio::sync::Mutex<Permit>,
}

enum Permit {
    /// One of the places.
    Place { _permit: OwnedSemaphorePermit },
    /// Only a turn to wait for a place.
    Turn { _permit: OwnedSemaphorePermit },
}

impl Seat {
    /// Waits for a place, where the connection has none yet, and says whether it has one then.
    async fn take_place(&self) -> bool {
        let mut held = self.held.lock().await;
        if matches!(*held, Permit::Place { .. }) {
            return true;
        }
        match tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned()).await {
            Ok(Ok(permit)) => {
                *held = Permit::Place { _permit: permit };
                self.connection.is_waiting.store(false, Ordering::Relaxed);
                true
            }
            _ => false,
        }
    }
}

/// What all connections share.
#[derive(Clone)]
struct Server {
    routers: watch::Receiver<Router>,
    bounds: Arc<Bounds>,
    stopping: watch::Receiver<bool>,
}

/// Serves until `stopping` says so, and then until the requests under way are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    routers: watch::Receiver<Router>,
    bounds: Bounds,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let turns = Arc::new(Semaphore::new(bounds.waiting));
    let open = Arc::new(Open::default());
    let mut connections = JoinSet::new();
    let server = Server {
        routers,
        bounds: Arc::new(bounds),
        stopping: stopping.clone(),
    };
    let accepting = async {
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(REST).await;
                    continue;
                }
            };
            let Some(entered) = open.enter(peer.ip().to_canonical(), &server.bounds) else {
                // It may not be read any more: nothing depends on it.
                let _ = stream.try_write(TOO_MANY);
                continue;
            };
            let connection = entered.connection.clone();
            let permit = match places.clone().try_acquire_owned() {
                Ok(permit) => Permit::Place { _permit: permit },
                Err(_) => {
                    connection.is_waiting.store(true, Ordering::Relaxed);
                    open.end_an_idle_one(&entered);
                    let turn = turns.clone().acquire_owned().await;
                    let turn = turn.expect("the semaphore is never closed");
                    Permit::Turn { _permit: turn }
                }
            };
            let seat = Seat {
                places: places.clone(),
                connection,
                held: permit.into(),
            };
            connections.spawn(answer(server.clone(), stream, peer, (seat, entered)));
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
async fn answer(server: Server, stream: TcpStream, peer: SocketAddr, (seat, entered): (Seat, Entered)) {
    let Server {
        routers,
        bounds,
        mut stopping,
    } = server;
    let state = entered.connection.clone();
    // An answer is written in one piece: waiting to join it to another only delays it.
    let _ = stream.set_nodelay(true);
    let head = if state.is_waiting.load(Ordering::Relaxed) {
        bounds.head.min(WAITING_HEAD)
    } else {
        bounds.head
    };
    let (open, asked, seat) = (entered.open.clone(), state.clone(), Arc::new(seat));
    let service = service_fn(move |request| {
        let answering = Answering::of(open.clone(), asked.clone());
        respond(routers.clone(), seat.clone(), (peer, answering), request)
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
        tracing::debug!(%error, %peer, "a connection broke off");
    }
}

async fn respond(
    routers: watch::Receiver<Router>,
    seat: Arc<Seat>,
    (peer, answering): (SocketAddr, Answering),
    mut request: axum::http::Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
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
        Body::new(Kept {
            body,
            _answering: answering,
        })
    }))
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

/// A body, and what is kept for as long as it is sent.
struct Kept {
    body: Body,
    _answering: Answering,
}

impl hyper::body::Body for Kept {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A request that is being answered.
struct Answering {
    open: Arc<Open>,
    connection: Arc<Connection>,
}

impl Answering {
    fn of(open: Arc<Open>, connection: Arc<Connection>) -> Self {
        connection.is_busy.store(true, Ordering::Relaxed);
        Self { open, connection }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.connection.last.store(self.open.turn(), Ordering::Relaxed);
        self.connection.is_busy.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn bounds() -> Bounds {
        Bounds::of(16_384, Vec::new())
    }

    /// Starts a server that says `hello`.
    async fn start(bounds: Bounds) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
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
        let bounds = Bounds {
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
        let bounds = Bounds {
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
        let bounds = Bounds {
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
        let bounds = Bounds {
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
        let bounds = Bounds {
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
        let few = Bounds {
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
        let trusted = Bounds {
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

    #[test]
    fn connections_leave_files_for_the_rest() {
        for (files, connections) in [(0, 16), (1024, 384), (16_384, 4096), (u64::MAX, 4096)] {
            assert_eq!(Bounds::of(files, Vec::new()).connections, connections);
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
}
