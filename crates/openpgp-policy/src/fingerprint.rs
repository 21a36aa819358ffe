//! The name of a key: the digest of its public packet.

use std::{fmt, str::FromStr};

/// The fingerprint of a version 4 or version 6 OpenPGP key.
///
/// Printed as GnuPG and `Signed-By` print it: 40 (version 4) or 64 (version 6) upper case hex digits.
/// Source: RFC 9580 5.5.4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Bytes);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Bytes {
    V4([u8; 20]),
    V6([u8; 32]),
}

impl Fingerprint {
    /// Takes the 20 bytes of a version 4 or the 32 bytes of a version 6 fingerprint; `None` for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let v4 = || bytes.try_into().map(Bytes::V4).ok();
        let v6 = || bytes.try_into().map(Bytes::V6).ok();
        v4().or_else(v6).map(Self)
    }

    /// Returns the 20 or 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::V4(bytes) => bytes,
            Bytes::V6(bytes) => bytes,
        }
    }
}

/// Why a text is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// A short or long key id, which anybody can make a second key for.
    #[error(
        "`{0}` is a key id, which a stranger's key can share: give the whole fingerprint of 40 or 64 hex digits"
    )]
    KeyId(String),
    /// Some other text.
    #[error("invalid fingerprint `{0}`: expected 40 or 64 hex digits, spaces between them allowed")]
    Invalid(String),
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || FingerprintError::Invalid(text.chars().take(100).collect());
        let digits: String = text.chars().filter(|c| *c != ' ').take(67).collect();
        let digits = digits.strip_prefix("0x").unwrap_or(&digits);
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        if matches!(digits.len(), 8 | 16) {
            return Err(FingerprintError::KeyId(digits.to_owned()));
        }
        let bytes: Vec<u8> = digits.as_bytes().chunks_exact(2).filter_map(hex_byte).collect();
        let whole = bytes.len() * 2 == digits.len();
        Self::from_bytes(&bytes).filter(|_| whole).ok_or_else(invalid)
    }
}

fn hex_byte(pair: &[u8]) -> Option<u8> {
    std::str::from_utf8(pair)
        .ok()
        .and_then(|pair| u8::from_str_radix(pair, 16).ok())
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_spaces_prefix_and_any_case() {
        let plain: Fingerprint = "0123456789abcdef0123456789ABCDEF01234567".parse().unwrap();
        let spaced = "0x0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567"
            .parse()
            .unwrap();
        assert_eq!(plain, spaced);
        assert_eq!(plain.to_string(), "0123456789ABCDEF0123456789ABCDEF01234567");
        assert_eq!(
            "AB".repeat(32).parse::<Fingerprint>().unwrap().as_bytes(),
            [0xab; 32]
        );
    }

    #[test]
    fn a_key_id_does_not_pass_for_a_fingerprint() {
        for id in ["89ABCDEF", "0x0123456789ABCDEF"] {
            assert!(
                matches!(id.parse::<Fingerprint>(), Err(FingerprintError::KeyId(_))),
                "{id}"
            );
        }
    }

    #[test]
    fn other_lengths_and_letters_are_refused() {
        let long = "A".repeat(66);
        for text in [
            "",
            "0x",
            "xyz",
            &"A".repeat(39),
            &"A".repeat(41),
            &long,
            &"A".repeat(65),
            &"é".repeat(40),
        ] {
            assert!(
                matches!(text.parse::<Fingerprint>(), Err(FingerprintError::Invalid(_))),
                "{text}"
            );
        }
    }
}
