//! Files that are checked as they are read.

use std::io::{self, Read};

use debian_control::digest::{Digester, Sha256};

/// A file that ends with an error where its bytes are not those of a digest: a damaged one is copied nowhere.
pub(super) struct Checked<'a> {
    content: Box<dyn Read + Send>,
    digester: Option<Digester>,
    sha256: &'a Sha256,
}

impl<'a> Checked<'a> {
    pub(super) fn new(content: Box<dyn Read + Send>, sha256: &'a Sha256) -> Self {
        Self {
            content,
            digester: Some(Digester::sha256()),
            sha256,
        }
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        if let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) {
            if let Some(digester) = &mut self.digester {
                digester.update(bytes);
            }
            return Ok(read);
        }
        match self.digester.take().map(|digester| digester.finish().sha256) {
            Some(found) if found != *self.sha256 => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("its sha256 is {found}, and {} was published", self.sha256),
            )),
            _ => Ok(read),
        }
    }
}
