//! The outer `ar` archive of a package, walked as dpkg walks it.
//!
//! [`deb`](crate) reads packages through this; nothing else does. An [`ArArchive`] promises never to seek, never to
//! allocate by what a header says, and to hand out a member's bytes only up to the size its header gives. It knows
//! plain names of at most 15 or 16 characters and refuses the tables and inline names of other `ar` dialects, as dpkg
//! refuses them.
//!
//! Source: deb(5), and dpkg's `lib/dpkg/ar.c`.

mod error;
mod header;
mod name;

use std::io::{self, BufRead, BufReader, Read};

pub use self::error::ArError;
use self::header::{ArHeader, HEADER_BYTES};
pub use self::name::MemberName;
use debian_control::limits::Limits;

const MAGIC: &[u8; 8] = b"!<arch>\n";

/// Enough that a small package is read with one or two calls, little enough to be nothing beside a decoder.
const BUFFER_BYTES: usize = 32 * 1024;

/// An `ar` archive, read once from front to back.
pub struct ArArchive<R> {
    input: BufReader<Patient<R>>,
    members: usize,
    max_members: usize,
    /// The member whose bytes the input stands in.
    current: Option<Body>,
}

/// What is still to be read of a member.
struct Body {
    name: MemberName,
    size: u64,
    left: u64,
}

impl<R: Read> ArArchive<R> {
    /// Reads the archive's first eight bytes.
    ///
    /// # Errors
    ///
    /// [`ArError::Magic`] when they are not `ar`'s.
    pub fn new(reader: R, limits: &Limits) -> Result<Self, ArError> {
        let mut input = BufReader::with_capacity(BUFFER_BYTES, Patient(reader));
        let mut magic = [0; MAGIC.len()];
        let found = read_full(&mut input, &mut magic).map_err(ArError::Io)?;
        if magic != *MAGIC {
            let found = magic.get(..found).unwrap_or_default().escape_ascii().to_string();
            return Err(ArError::Magic { found });
        }
        Ok(Self {
            input,
            members: 0,
            max_members: limits.max_members,
            current: None,
        })
    }

    /// Goes to the next member, over whatever is unread of the one before; `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// When the member before is cut off, or the header is not one that dpkg reads.
    pub fn next_member(&mut self) -> Result<Option<Member<'_, R>>, ArError> {
        self.skip_body()?;
        let mut bytes = [0; HEADER_BYTES];
        let found = read_full(&mut self.input, &mut bytes).map_err(ArError::Io)?;
        if found == 0 {
            return Ok(None);
        }
        let number = self.members.saturating_add(1);
        if number > self.max_members {
            return Err(ArError::TooManyMembers {
                max: self.max_members,
            });
        }
        if found < HEADER_BYTES {
            return Err(ArError::HeaderTruncated { number, found });
        }
        let ArHeader { name, size } = ArHeader::parse(&bytes, number)?;
        self.members = number;
        self.current = Some(Body {
            name,
            size,
            left: size,
        });
        Ok(self.current())
    }

    /// Returns the member that [`ArArchive::next_member`] went to, as far as it is unread.
    pub fn current(&mut self) -> Option<Member<'_, R>> {
        let body = self.current.as_mut()?;
        Some(Member {
            input: &mut self.input,
            body,
        })
    }

    /// Walks over the rest of the current member and its padding byte.
    fn skip_body(&mut self) -> Result<(), ArError> {
        let Some(mut body) = self.current.take() else {
            return Ok(());
        };
        let mut member = Member {
            input: &mut self.input,
            body: &mut body,
        };
        loop {
            let count = member.fill_buf().map_err(ArError::from_io)?.len();
            if count == 0 {
                break;
            }
            member.consume(count);
        }
        // An odd member is padded to an even offset. What the byte is, no reader looks at.
        if body.size % 2 == 1 && read_full(&mut self.input, &mut [0]).map_err(ArError::Io)? == 0 {
            return Err(ArError::PaddingMissing {
                member: body.name,
                size: body.size,
            });
        }
        Ok(())
    }
}

/// One member: its name, its size, and a reader of its bytes.
///
/// The reader ends after exactly [`Member::size`] bytes, or fails with an [`ArError`] inside the [`io::Error`] when the
/// file is shorter.
pub struct Member<'a, R> {
    input: &'a mut BufReader<Patient<R>>,
    body: &'a mut Body,
}

impl<R> Member<'_, R> {
    /// Returns the name.
    pub fn name(&self) -> &MemberName {
        &self.body.name
    }

    /// Returns the size in bytes that the header gives.
    pub fn size(&self) -> u64 {
        self.body.size
    }
}

impl<R: Read> BufRead for Member<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.body.left == 0 {
            return Ok(&[]);
        }
        let bytes = self.input.fill_buf()?;
        if bytes.is_empty() {
            return Err(self.body.truncated().into());
        }
        let count = bytes
            .len()
            .min(usize::try_from(self.body.left).unwrap_or(usize::MAX));
        Ok(bytes.get(..count).unwrap_or(bytes))
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(usize::try_from(self.body.left).unwrap_or(usize::MAX));
        self.body.left -= amount as u64;
        self.input.consume(amount);
    }
}

impl<R: Read> Read for Member<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = buf
            .len()
            .min(usize::try_from(self.body.left).unwrap_or(usize::MAX));
        let Some(buf) = buf.get_mut(..count).filter(|buf| !buf.is_empty()) else {
            return Ok(0);
        };
        match self.input.read(buf)? {
            0 => Err(self.body.truncated().into()),
            read => {
                self.body.left -= read as u64;
                Ok(read)
            }
        }
    }
}

impl Body {
    fn truncated(&self) -> ArError {
        ArError::Truncated {
            member: self.name.clone(),
            size: self.size,
            found: self.size - self.left,
        }
    }
}

/// Tries again when a system call was interrupted: not every codec above does.
struct Patient<R>(R);

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                answer => return answer,
            }
        }
    }
}

/// Fills `buf` as far as there are bytes, and returns how far.
fn read_full(input: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
