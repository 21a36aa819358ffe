//! The input of a codec: how much of it was used, and whether it failed by itself.

use std::io::{self, BufRead, Read};

/// Counts what a codec consumes, and remembers whether an error came from below it or from the codec.
pub(super) struct CountingReader<R> {
    inner: R,
    consumed: u64,
    failed: bool,
}

impl<R> CountingReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            consumed: 0,
            failed: false,
        }
    }

    /// Bytes the codec took.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Whether the input failed, so that the codec's error is the input's.
    pub(super) fn failed(&self) -> bool {
        self.failed
    }
}

impl<R: BufRead> BufRead for CountingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.inner.fill_buf() {
            Ok(bytes) => Ok(bytes),
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        }
    }

    fn consume(&mut self, amount: usize) {
        self.consumed = self.consumed.saturating_add(amount as u64);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for CountingReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf);
        match &read {
            Ok(count) => self.consumed = self.consumed.saturating_add(*count as u64),
            Err(_) => self.failed = true,
        }
        read
    }
}
