//! Connections: how many there may be, how long a client may take to ask, and how they end.

mod bounds;
mod connection;
mod in_progress;
mod open_connections;
mod paced;
mod seat;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub(crate) use self::bounds::{ConnectionBounds, raise_open_files};
use self::connection::Server;
pub(crate) use self::in_progress::BodyInProgress;
use self::open_connections::OpenConnections;
use self::seat::{Permit, Seat};

/// How long accepting rests after it failed, as it does when there are too many open files.
const REST: Duration = Duration::from_millis(100);

/// What is said to a connection that is one too many of its address.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Serves until `stopping` says so, and then until the requests under way are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    routers: watch::Receiver<Router>,
    bounds: ConnectionBounds,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let turns = Arc::new(Semaphore::new(bounds.waiting));
    let open = Arc::new(OpenConnections::default());
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
            let Some(entry) = open.enter(peer.ip().to_canonical(), &server.bounds) else {
                // It may not be read any more: nothing depends on it.
                let _ = stream.try_write(TOO_MANY);
                continue;
            };
            let connection = entry.connection.clone();
            let permit = match places.clone().try_acquire_owned() {
                Ok(permit) => Permit::Place { _permit: permit },
                Err(_) => {
                    connection.is_waiting.store(true, Ordering::Relaxed);
                    open.end_idle_one(&entry);
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
            connections.spawn(connection::answer(server.clone(), stream, peer, (seat, entry)));
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
