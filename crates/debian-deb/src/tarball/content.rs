//! The bytes of one entry.

use std::io::{self, Read};

use super::{EntryPlace, HeaderError, TarError};

/// Reads the content of one entry: exactly as many bytes as its header says.
///
/// When the archive is broken below, the reader fails; the cause is kept and comes out of the walk itself, whatever
/// the visitor makes of it.
pub struct EntryContent<'a> {
    inner: &'a mut dyn Read,
    size: u64,
    left: u64,
    failure: Option<ContentFailure>,
}

enum ContentFailure {
    Truncated,
    Read(io::Error),
}

impl<'a> EntryContent<'a> {
    pub(super) fn new(inner: &'a mut dyn Read, size: u64) -> Self {
        Self {
            inner,
            size,
            left: size,
            failure: None,
        }
    }

    /// Reads what is left, and tells what went wrong below.
    pub(super) fn finish(mut self, place: impl FnOnce() -> EntryPlace) -> Result<(), TarError> {
        if self.left > 0 && self.failure.is_none() {
            let mut buffer = [0; 16 * 1024];
            while let Ok(1..) = self.read(&mut buffer) {}
        }
        match self.failure {
            None => Ok(()),
            Some(ContentFailure::Read(error)) => Err(TarError::Read(error)),
            Some(ContentFailure::Truncated) => {
                let truncated = HeaderError::Truncated {
                    size: self.size,
                    found: self.size - self.left,
                };
                Err(truncated.at(place()))
            }
        }
    }
}

impl Read for EntryContent<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::Error::other("the package could not be read further"));
        }
        let count = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let Some(buf) = buf.get_mut(..count).filter(|buf| !buf.is_empty()) else {
            return Ok(0);
        };
        match self.inner.read(buf) {
            Ok(0) => {
                self.failure = Some(ContentFailure::Truncated);
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Ok(count) => {
                self.left -= count as u64;
                Ok(count)
            }
            Err(error) => {
                let shown = io::Error::new(error.kind(), error.to_string());
                self.failure = Some(ContentFailure::Read(error));
                Err(shown)
            }
        }
    }
}
