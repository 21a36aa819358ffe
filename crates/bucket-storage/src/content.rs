//! Bytes on their way: from a reader to an object, and from an object to a reader.

use std::io::{self, Read};

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use tokio::runtime::Handle;

/// The bytes of an object, asked for as they are read.
pub(crate) struct ObjectReader {
    runtime: Handle,
    pieces: BoxStream<'static, object_store::Result<bytes::Bytes>>,
    piece: bytes::Bytes,
}

impl ObjectReader {
    pub(crate) fn new(
        runtime: Handle,
        pieces: BoxStream<'static, object_store::Result<bytes::Bytes>>,
    ) -> Self {
        Self {
            runtime,
            pieces,
            piece: bytes::Bytes::new(),
        }
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.pieces.try_next()) {
                Ok(Some(piece)) => self.piece = piece,
                Ok(None) => return Ok(0),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        let count = buffer.len().min(self.piece.len());
        let part = self.piece.split_to(count);
        buffer
            .get_mut(..count)
            .expect("a part is no longer than the buffer")
            .copy_from_slice(&part);
        Ok(count)
    }
}

/// Reads exactly `size` bytes.
pub(crate) fn take(content: &mut dyn Read, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(size).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("{} of {size} bytes came", bytes.len()),
        ));
    }
    Ok(bytes)
}

/// Reads the end: what checks a content says only there whether it is right.
pub(crate) fn expect_end(content: &mut dyn Read) -> io::Result<()> {
    match content.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "more bytes came than were announced",
        )),
    }
}
