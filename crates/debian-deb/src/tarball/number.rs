//! Numbers in tar headers, in the forms that dpkg and GNU tar read alike.

/// Reads an octal field (blanks, digits, then blanks or NULs), a base-256 one, or an all-NUL one as zero; none is
/// larger than a signed number of 64 bits.
///
/// GNU tar also reads digits behind a leading NUL, base 64 and negative octal; dpkg does not. Neither is read here.
pub(super) fn unsigned(field: &[u8]) -> Option<u64> {
    match field.split_first()? {
        (0x80, rest) => u64::try_from(base_256(0, rest)?).ok(),
        _ => octal(field),
    }
}

/// As [`unsigned`], with base-256 numbers below zero: a time may lie before 1970.
pub(super) fn signed(field: &[u8]) -> Option<i64> {
    match field.split_first()? {
        (0xff, rest) => base_256(-1, rest),
        _ => i64::try_from(unsigned(field)?).ok(),
    }
}

/// Reads a big-endian number in two's complement, `sign` (0 or -1) before it.
fn base_256(sign: i64, bytes: &[u8]) -> Option<i64> {
    bytes
        .iter()
        .try_fold(sign, |sum, &byte| Some(sum.checked_mul(256)? | i64::from(byte)))
}

fn octal(field: &[u8]) -> Option<u64> {
    if field.iter().all(|&byte| byte == 0) {
        return Some(0);
    }
    let start = field.iter().position(|&byte| byte != b' ')?;
    let field = field.get(start..)?;
    let end = field
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(field.len());
    let (digits, filler) = field.split_at_checked(end)?;
    if digits.is_empty() || !filler.iter().all(|byte| matches!(byte, b' ' | 0)) {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, byte| match byte {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_takes_blanks_before_and_blanks_or_nuls_after() {
        assert_eq!(unsigned(b"00000000017\0"), Some(15));
        assert_eq!(unsigned(b"   17 \0    "), Some(15));
        assert_eq!(unsigned(b"777777777777"), Some(0o777_777_777_777));
        assert_eq!(unsigned(&[0; 12]), Some(0));
    }

    #[test]
    fn octal_refuses_what_two_readers_take_differently() {
        for wrong in [
            &b"\x0017\0"[..],
            b"17\0junk",
            b"        ",
            b"18",
            b"+7",
            b"-7",
            b"\t17",
            b"0x1f",
            b"",
        ] {
            assert_eq!(unsigned(wrong), None, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn base_256_is_big_endian_and_bounded() {
        assert_eq!(unsigned(b"\x80\0\0\0\0\0\0\0\0\0\x01\x02"), Some(258));
        assert_eq!(
            unsigned(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"),
            Some(i64::MAX as u64)
        );
        assert_eq!(unsigned(b"\x80\0\0\0\x80\0\0\0\0\0\0\0"), None);
        assert_eq!(unsigned(b"\x80\0\0\x01\0\0\0\0\0\0\0\0"), None);
        assert_eq!(unsigned(b"\x81\0\0\0\0\0\0\0\0\0\0\x01"), None);
        assert_eq!(unsigned(&[0xff; 12]), None);
    }

    #[test]
    fn only_signed_numbers_lie_below_zero() {
        assert_eq!(signed(&[0xff; 12]), Some(-1));
        assert_eq!(
            signed(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0"),
            Some(-256)
        );
        assert_eq!(signed(b"\xff\0\0\0\0\0\0\0\0\0\0\0"), None);
        assert_eq!(signed(b"00000000017\0"), Some(15));
    }
}
