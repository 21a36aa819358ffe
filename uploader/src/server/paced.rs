//! A connection whose client has to take what it asked for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// The least that a client takes of an answer while there is more of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) bytes: usize,
    /// Within this time.
    pub(crate) time: Duration,
}

/// A stream that fails with `TimedOut` when its writes are held up for longer than the pace allows.
///
/// A client that reads a byte a second would keep a connection and a file open for years. What counts is how fast the system accepts
/// bytes, which it does in steps: a slow link frees a large send buffer a third at a time. So a pace is measured over minutes.
pub(super) struct Paced<S> {
    stream: S,
    pace: Pace,
    /// Set while writes are held up.
    blocked: Option<BlockedWrite>,
}

struct BlockedWrite {
    timer: Pin<Box<Sleep>>,
    taken: usize,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, pace: Pace) -> Self {
        Self {
            stream,
            pace,
            blocked: None,
        }
    }

    /// Settles what became of a write.
    fn settle(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(count)) => {
                if let Some(blocked) = &mut self.blocked {
                    blocked.taken += count;
                    if blocked.taken >= self.pace.bytes {
                        self.blocked = None;
                    }
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let time = self.pace.time;
                let blocked = self.blocked.get_or_insert_with(|| BlockedWrite {
                    timer: Box::pin(tokio::time::sleep(time)),
                    taken: 0,
                });
                ready!(blocked.timer.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.settle(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.settle(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // All that there was to write is written: what comes next begins anew, however long after.
        self.blocked = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    fn paced(time: Duration) -> (Paced<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        // Room for 16 bytes.
        let (server, client) = duplex(16);
        (Paced::new(server, Pace { bytes: 32, time }), client)
    }

    #[tokio::test]
    async fn who_takes_nothing_is_given_up() {
        let (mut server, _client) = paced(Duration::from_millis(20));
        let ended = server.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_takes_too_little_has_no_more_time_and_who_takes_enough_has() {
        let (mut server, mut client) = paced(Duration::from_secs(3600));
        server.write_all(&[0; 16]).await.unwrap();
        assert!(
            server.write_all(&[0; 64]).now_or_never().is_none(),
            "it is held up"
        );
        let mut piece = [0; 16];
        for (taken, is_watched) in [(16, true), (32, false)] {
            client.read_exact(&mut piece).await.unwrap();
            server.write_all(&[0; 16]).await.unwrap();
            assert_eq!(server.blocked.is_some(), is_watched, "{taken} bytes were taken");
        }
    }

    #[tokio::test]
    async fn a_new_answer_begins_with_its_whole_time() {
        let (mut server, mut client) = paced(Duration::from_secs(3600));
        assert!(server.write_all(&[0; 17]).now_or_never().is_none());
        client.read_exact(&mut [0; 16]).await.unwrap();
        server.write_all(&[0; 1]).await.unwrap();
        assert!(server.blocked.is_some());
        server.flush().await.unwrap();
        assert!(server.blocked.is_none());
    }
}
