//! Which members a package has, and in which order.

use std::io::Read;

use super::{DebError, Role};
use crate::ar::{ArArchive, ArError, Member};
use crate::compression::Compression;
use debian_control::limits::Limits;

/// Far more than the four bytes every package has there; deb(5) allows further lines.
const MAX_FORMAT_BYTES: u64 = 4096;

/// What compression can add to data that does not compress, generously.
const COMPRESSION_OVERHEAD: u64 = 1 << 20;

/// The members of a package, in the order of deb(5).
pub(super) struct Members<R> {
    archive: ArArchive<R>,
    max_control_tar_bytes: u64,
}

impl<R: Read> Members<R> {
    pub(super) fn new(reader: R, limits: &Limits) -> Result<Self, DebError> {
        Ok(Self {
            archive: ArArchive::new(reader, limits)?,
            max_control_tar_bytes: limits.max_control_tar_bytes,
        })
    }

    /// Reads `debian-binary`, which comes first and says `2.` and a minor version.
    pub(super) fn read_format(&mut self) -> Result<(), DebError> {
        let role = Role::Format;
        let Some(mut member) = self.archive.next_member()? else {
            return Err(DebError::Missing { role });
        };
        if member.name().as_str() != role.prefix() {
            return Err(DebError::Premature {
                found: member.name().clone(),
                role,
            });
        }
        let size = member.size();
        if size > MAX_FORMAT_BYTES {
            return Err(DebError::MemberTooLarge {
                member: member.name().clone(),
                size,
                max: MAX_FORMAT_BYTES,
            });
        }
        let mut text = Vec::new();
        member.read_to_end(&mut text).map_err(ArError::from_io)?;
        check_format(&text)
    }

    /// Goes to the tar archive of `role`, over members that packagers may add before it.
    pub(super) fn next_tar(&mut self, role: Role) -> Result<(Member<'_, R>, Compression), DebError> {
        let name = loop {
            let Some(member) = self.archive.next_member()? else {
                return Err(DebError::Missing { role });
            };
            if !member.name().as_str().starts_with('_') {
                break member.name().clone();
            }
        };
        let Some(extension) = name.as_str().strip_prefix(role.prefix()) else {
            return Err(DebError::Premature { found: name, role });
        };
        let compression =
            Compression::from_extension(extension).filter(|compression| role.allows(*compression));
        let Some(compression) = compression else {
            return Err(DebError::UnknownCompression { member: name, role });
        };
        let max = self.max_control_tar_bytes.saturating_add(COMPRESSION_OVERHEAD);
        let Some(member) = self.archive.current() else {
            return Err(DebError::Missing { role });
        };
        match member.size() {
            0 => Err(DebError::EmptyMember { member: name }),
            size if role == Role::Control && size > max => Err(DebError::MemberTooLarge {
                member: name,
                size,
                max,
            }),
            _ => Ok((member, compression)),
        }
    }

    /// Walks to the end of the file, past whatever packagers add behind the data.
    ///
    /// dpkg has stopped reading long before. A member here that looks like one of a package's own would be read by
    /// tools that look members up by name.
    pub(super) fn finish(mut self) -> Result<(), DebError> {
        while let Some(member) = self.archive.next_member()? {
            let name = member.name();
            if Role::ALL
                .iter()
                .any(|role| name.as_str().starts_with(role.prefix()))
            {
                return Err(DebError::AfterData { found: name.clone() });
            }
        }
        Ok(())
    }
}

/// Checks the text of `debian-binary`: the format version on a line of its own, then anything.
///
/// Major version 2 is all there is since 1995; minor versions promise that an older reader can go on.
fn check_format(text: &[u8]) -> Result<(), DebError> {
    let line = text
        .iter()
        .position(|&byte| byte == b'\n')
        .and_then(|end| text.get(..end));
    let parts = line.and_then(|line| {
        let dot = line.iter().position(|&byte| byte == b'.')?;
        let (major, minor) = (line.get(..dot)?, line.get(dot + 1..)?);
        Some((parse_int(major)?, parse_int(minor)?))
    });
    match parts {
        Some((2, _)) => Ok(()),
        _ => {
            let shown = line.or(text.get(..text.len().min(16))).unwrap_or(text);
            Err(DebError::Format {
                found: shown.escape_ascii().take(64).map(char::from).collect(),
            })
        }
    }
}

/// Decimal digits in the range of a C `int`, as dpkg has them.
fn parse_int(digits: &[u8]) -> Option<i32> {
    let digits = std::str::from_utf8(digits).ok()?;
    match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().ok(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_is_two_and_any_minor_then_anything() {
        for text in [&b"2.0\n"[..], b"2.0\nfurther\nlines", b"2.7\n", b"02.00\n"] {
            assert!(check_format(text).is_ok(), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn format_refuses_what_dpkg_refuses() {
        let cases: [&[u8]; 11] = [
            b"", b"\n", b"2\n", b"2.\n", b".0\n", b"2.0", b"2.0 \n", b"2.0\r\n", b"3.0\n", b"2.+1\n",
            b"2.0\0\n",
        ];
        for text in cases {
            let error = check_format(text).unwrap_err().to_string();
            assert!(
                error.contains("`debian-binary`") && error.contains("2.0"),
                "{error}"
            );
        }
        assert!(check_format(b"2.99999999999\n").is_err());
    }
}
