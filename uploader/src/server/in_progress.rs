//! A request from its head to the last byte of its answer: meanwhile its connection is busy.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use axum::body::Body;
use hyper::body::{Frame, SizeHint};

use super::open_connections::{Connection, OpenConnections};

/// A body, and what is held for as long as it is sent.
pub(crate) struct BodyInProgress<T> {
    pub(crate) body: Body,
    pub(crate) _held: T,
}

impl<T: Unpin> hyper::body::Body for BodyInProgress<T> {
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
pub(super) struct RequestInProgress {
    open: Arc<OpenConnections>,
    connection: Arc<Connection>,
}

impl RequestInProgress {
    pub(super) fn begin(open: Arc<OpenConnections>, connection: Arc<Connection>) -> Self {
        connection.is_busy.store(true, Ordering::Relaxed);
        Self { open, connection }
    }
}

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        self.connection
            .last
            .store(self.open.next_turn(), Ordering::Relaxed);
        self.connection.is_busy.store(false, Ordering::Relaxed);
    }
}
