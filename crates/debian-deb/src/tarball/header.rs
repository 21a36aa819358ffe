//! One header block, checked field by field.

use super::HeaderError;
use super::number::{signed, unsigned};

/// What one header says, before long names are applied.
pub(super) struct TarHeader {
    pub(super) name: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) meaning: Meaning,
    pub(super) mode: u32,
    pub(super) mtime: i64,
    pub(super) size: u64,
}

/// What a header stands for.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// GNU: the content is the name of the next entry.
    LongName,
    /// GNU: the content is the link target of the next entry.
    LongLink,
    /// An entry.
    Entry(Type),
}

/// The types of entries that dpkg knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    File,
    Hardlink,
    Symlink,
    CharDevice,
    BlockDevice,
    Directory,
    Fifo,
}

impl Type {
    /// The type with its article, for messages.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Hardlink => "a hard link",
            Self::Symlink => "a symbolic link",
            Self::CharDevice => "a character device",
            Self::BlockDevice => "a block device",
            Self::Directory => "a directory",
            Self::Fifo => "a named pipe",
        }
    }
}

impl TarHeader {
    /// Checks every field that dpkg or GNU tar looks at.
    pub(super) fn check(raw: &tar::Header) -> Result<Self, HeaderError> {
        let fields = raw.as_old();
        check_sum(raw)?;
        let dialect = HeaderDialect::of(raw)?;
        let [flag] = fields.linkflag;
        let meaning = Meaning::of(flag)?;
        if dialect == HeaderDialect::Old && matches!(meaning, Meaning::LongName | Meaning::LongLink) {
            return Err(HeaderError::Type {
                found: flag.escape_ascii().to_string(),
                meaning: "a GNU extension in a header that is not GNU's",
            });
        }
        let size = number("size", &fields.size)?;
        // The walk goes on by the size that the `tar` crate read: it must be the same.
        if raw.entry_size().ok() != Some(size) {
            return Err(invalid("size", &fields.size));
        }
        small("owner", &fields.uid)?;
        small("group", &fields.gid)?;
        if let Meaning::Entry(Type::CharDevice | Type::BlockDevice) = meaning {
            let (major, minor) = device_fields(raw);
            device("device major number", major, MAX_MAJOR)?;
            device("device minor number", minor, MAX_MINOR)?;
        }
        let name = dialect.name(raw);
        if name.is_empty() {
            return Err(HeaderError::NoName);
        }
        Ok(Self {
            name,
            link: text(&fields.linkname).to_vec(),
            meaning,
            mode: small("mode", &fields.mode)? & 0o7777,
            mtime: signed(&fields.mtime).ok_or_else(|| invalid("time", &fields.mtime))?,
            size,
        })
    }
}

impl Meaning {
    fn of(flag: u8) -> Result<Self, HeaderError> {
        let meaning = match flag {
            // Before POSIX a file had a NUL here.
            b'0' | 0 => return Ok(Self::Entry(Type::File)),
            b'1' => return Ok(Self::Entry(Type::Hardlink)),
            b'2' => return Ok(Self::Entry(Type::Symlink)),
            b'3' => return Ok(Self::Entry(Type::CharDevice)),
            b'4' => return Ok(Self::Entry(Type::BlockDevice)),
            b'5' => return Ok(Self::Entry(Type::Directory)),
            b'6' => return Ok(Self::Entry(Type::Fifo)),
            b'L' => return Ok(Self::LongName),
            b'K' => return Ok(Self::LongLink),
            b'x' => "a PAX header",
            b'g' => "a global PAX header",
            b'7' => "a contiguous file",
            b'S' => "a GNU sparse file",
            b'D' | b'M' | b'N' | b'V' => "a GNU extension",
            b'X' | b'A' => "a Solaris extension",
            _ => "unknown",
        };
        Err(HeaderError::Type {
            found: flag.escape_ascii().to_string(),
            meaning,
        })
    }
}

/// The tar formats deb(5) allows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HeaderDialect {
    /// POSIX: a prefix field goes before the name.
    Ustar,
    /// GNU: the name is all there is, and long ones come before it.
    Gnu,
    /// From before POSIX: the name is all there is.
    Old,
}

impl HeaderDialect {
    /// Tells them apart by their magic, as dpkg and GNU tar do.
    ///
    /// Some writers get the magic nearly right. dpkg and GNU tar do not mind, but do not agree with other readers on
    /// whether there is a prefix: without one there is nothing to agree on.
    fn of(raw: &tar::Header) -> Result<Self, HeaderError> {
        let magic = &raw.as_bytes()[257..265];
        match magic {
            b"ustar\x0000" => Ok(Self::Ustar),
            b"ustar  \0" => Ok(Self::Gnu),
            [b'u', b's', b't', b'a', b'r', 0 | b' ', ..] | [0, 0, 0, 0, 0, 0, 0, 0]
                if prefix(raw).is_empty() =>
            {
                Ok(Self::Old)
            }
            _ => Err(HeaderError::Magic {
                found: magic.escape_ascii().to_string(),
            }),
        }
    }

    /// The full name the header itself gives; empty when its name field is.
    fn name(self, raw: &tar::Header) -> Vec<u8> {
        let name = text(&raw.as_old().name);
        match (self, prefix(raw)) {
            (Self::Ustar, prefix) if !prefix.is_empty() && !name.is_empty() => [prefix, b"/", name].concat(),
            _ => name.to_vec(),
        }
    }
}

fn prefix(raw: &tar::Header) -> &[u8] {
    text(&raw.as_bytes()[345..500])
}

fn device_fields(raw: &tar::Header) -> (&[u8], &[u8]) {
    (&raw.as_bytes()[329..337], &raw.as_bytes()[337..345])
}

/// Bytes are summed unsigned, as POSIX wants it; sums over signed bytes, which GNU tar takes too, dpkg refuses.
fn check_sum(raw: &tar::Header) -> Result<(), HeaderError> {
    let field = &raw.as_old().cksum;
    let stated = number("checksum", field)?;
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    // The field itself counts as blanks.
    let actual = sum(raw.as_bytes()) - sum(field) + field.len() as u64 * u64::from(b' ');
    match stated == actual {
        true => Ok(()),
        false => Err(HeaderError::Checksum { stated, actual }),
    }
}

fn number(field: &'static str, bytes: &[u8]) -> Result<u64, HeaderError> {
    unsigned(bytes).ok_or_else(|| invalid(field, bytes))
}

/// A number that must fit into the 32 bits of the kernel's type for it.
fn small(field: &'static str, bytes: &[u8]) -> Result<u32, HeaderError> {
    u32::try_from(number(field, bytes)?).map_err(|_| invalid(field, bytes))
}

/// The largest numbers of a device that Linux can make: 12 and 20 bits.
const MAX_MAJOR: u32 = (1 << 12) - 1;
const MAX_MINOR: u32 = (1 << 20) - 1;

/// A number of a device; with a larger one dpkg cannot make it.
fn device(field: &'static str, bytes: &[u8], max: u32) -> Result<u32, HeaderError> {
    let number = small(field, bytes)?;
    match number <= max {
        true => Ok(number),
        false => Err(invalid(field, bytes)),
    }
}

fn invalid(field: &'static str, bytes: &[u8]) -> HeaderError {
    HeaderError::Number {
        field,
        found: bytes.escape_ascii().to_string(),
    }
}

/// A field up to its first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}
