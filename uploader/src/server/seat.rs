//! The place of a connection among those that are answered at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::open_connections::Connection;

/// How long a request waits for a place.
const PATIENCE: Duration = Duration::from_secs(20);

/// What lets a connection ask for things.
pub(super) struct Seat {
    pub(super) places: Arc<Semaphore>,
    pub(super) connection: Arc<Connection>,
    /// Requests of a connection come one after the other.
    pub(super) held: tokio::sync::Mutex<Permit>,
}

pub(super) enum Permit {
    /// One of the places.
    Place { _permit: OwnedSemaphorePermit },
    /// Only a turn to wait for a place.
    Turn { _permit: OwnedSemaphorePermit },
}

impl Seat {
    /// Waits for a place, where the connection has none yet, and says whether it has one then.
    pub(super) async fn take_place(&self) -> bool {
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
