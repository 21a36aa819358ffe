//! The 60 bytes before each member.

use super::error::ArError;
use super::name::MemberName;

/// Length of a member's header.
pub(super) const HEADER_BYTES: usize = 60;

const END_MARK: &[u8] = b"`\n";

/// What matters of a header: dpkg looks at nothing else either, but apt refuses one whose other numbers cannot be parsed.
pub(super) struct ArHeader {
    pub(super) name: MemberName,
    pub(super) size: u64,
}

impl ArHeader {
    /// Parses the header of member `number`, counted from one.
    pub(super) fn parse(bytes: &[u8; HEADER_BYTES], number: usize) -> Result<Self, ArError> {
        let (name, rest) = bytes.split_at(16);
        let (date, rest) = rest.split_at(12);
        let (owner, rest) = rest.split_at(6);
        let (group, rest) = rest.split_at(6);
        let (mode, rest) = rest.split_at(8);
        let (size, mark) = rest.split_at(10);
        if mark != END_MARK {
            return Err(ArError::EndMark {
                number,
                found: mark.escape_ascii().to_string(),
            });
        }
        let name = parse_name(name, number)?;
        let invalid = |field, text| Err(ArError::number(&name, field, text));
        for (field, text) in [("date", date), ("owner", owner), ("group", group)] {
            if !trim_blanks(text).iter().all(u8::is_ascii_digit) {
                return invalid(field, text);
            }
        }
        if !trim_blanks(mode).iter().all(|byte| matches!(byte, b'0'..=b'7')) {
            return invalid("mode", mode);
        }
        match decimal(trim_blanks(size)) {
            Some(size) => Ok(Self { name, size }),
            None => invalid("size", size),
        }
    }
}

/// Strips what dpkg strips (blanks at the end, then one slash) and refuses names that readers take differently.
fn parse_name(field: &[u8], number: usize) -> Result<MemberName, ArError> {
    let padded = trim_end_blanks(field);
    let name = padded.strip_suffix(b"/").unwrap_or(padded);
    let invalid = |why| ArError::Name {
        number,
        found: padded.escape_ascii().to_string(),
        why,
    };
    if name.is_empty() {
        return Err(invalid("it is empty"));
    }
    if name.starts_with(b"#1/") {
        return Err(invalid("BSD inline names are not known to dpkg"));
    }
    if name.contains(&b'/') {
        return Err(invalid("GNU name tables are not known to dpkg"));
    }
    if !name.iter().all(u8::is_ascii_graphic) {
        return Err(invalid("only printable ASCII without blanks is allowed"));
    }
    Ok(MemberName(name.iter().copied().map(char::from).collect()))
}

fn trim_end_blanks(field: &[u8]) -> &[u8] {
    let end = field
        .iter()
        .rposition(|&byte| byte != b' ')
        .map_or(0, |last| last + 1);
    field.get(..end).unwrap_or_default()
}

fn trim_blanks(field: &[u8]) -> &[u8] {
    let start = field.iter().position(|&byte| byte != b' ').unwrap_or(0);
    trim_end_blanks(field.get(start..).unwrap_or_default())
}

/// Reads one or more decimal digits and nothing else.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, byte| match byte {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_takes_digits_among_blanks_only() {
        let size = |field: &[u8]| decimal(trim_blanks(field));
        assert_eq!(size(b"12        "), Some(12));
        assert_eq!(size(b"   12 "), Some(12));
        assert_eq!(size(b"9999999999"), Some(9_999_999_999));
        for wrong in [
            &b"      "[..],
            b"1 2   ",
            b"+12",
            b"-1",
            b"0x1f",
            b"12\n",
            b"12\0",
            b"1.5",
            b"\t12",
        ] {
            assert_eq!(size(wrong), None, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn name_loses_blanks_then_one_slash() {
        let name = |field: &[u8]| parse_name(field, 1).map(|name| name.0);
        assert_eq!(name(b"control.tar.zst/").unwrap(), "control.tar.zst");
        assert_eq!(name(b"data.tar/       ").unwrap(), "data.tar");
        assert_eq!(name(b"debian-binary   ").unwrap(), "debian-binary");
        for wrong in [
            &b"                "[..],
            b"/",
            b"//",
            b"data.tar//",
            b"#1/14",
            b"/123",
            b" data.tar",
            b"a\0",
        ] {
            assert!(name(wrong).is_err(), "{}", wrong.escape_ascii());
        }
    }
}
