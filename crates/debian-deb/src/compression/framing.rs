//! What formats have around their streams: members of gzip, and padding.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::format::Compression;

/// The first byte of a gzip member. Source: RFC 1952, section 2.3.1.
const GZIP: u8 = 0x1f;
/// xz is padded by whole words. Source: The .xz File Format, section 2.2.
const XZ_PADDING: u64 = 4;

/// Reads gzip members, as many as there are, one after the other.
pub(super) struct GzipMembers<R> {
    /// `None` only while one member takes the place of another.
    member: Option<Box<GzDecoder<R>>>,
}

impl<R: BufRead> GzipMembers<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            member: Some(Box::new(GzDecoder::new(input))),
        }
    }

    pub(super) fn get_ref(&self) -> &R {
        self.member.as_ref().expect("a member is there").get_ref()
    }

    pub(super) fn get_mut(&mut self) -> &mut R {
        self.member.as_mut().expect("a member is there").get_mut()
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let member = self.member.as_mut().expect("a member is there");
            let count = member.read(buf)?;
            if count > 0 || member.get_mut().fill_buf()?.first() != Some(&GZIP) {
                return Ok(count);
            }
            let input = self.member.take().expect("a member is there").into_inner();
            self.member = Some(Box::new(GzDecoder::new(input)));
        }
    }
}

/// Says whether what is left after a stream is nothing, or zeros that pad it; reads it up to what is not.
pub(super) fn is_padding(compression: Compression, input: &mut impl BufRead) -> io::Result<bool> {
    let unit = match compression {
        Compression::Gzip => 1,
        Compression::Xz => XZ_PADDING,
        _ => return Ok(input.fill_buf()?.is_empty()),
    };
    let mut padding = 0;
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(padding % unit == 0);
        }
        if bytes.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        let count = bytes.len();
        padding += count as u64;
        input.consume(count);
    }
}
