//! Digests, made in one pass over the bytes.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use md5::Digest as _;

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {kind} `{text}`: expected {digits} hexadecimal digits")]
pub struct DigestError {
    kind: &'static str,
    text: String,
    digits: usize,
}

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Makes it of its bytes.
            pub fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// Returns its bytes.
            pub fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        /// Lower case hexadecimal digits.
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let parsed = from_hex(text).map(Self);
                parsed.ok_or_else(|| DigestError { kind: $kind, text: crate::name::shown(text), digits: $length * 2 })
            }
        }
    };
}

digest! {
    /// A SHA-256 digest.
    Sha256, "SHA256", 32
}

impl Sha256 {
    /// Returns the digest of bytes that are in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

digest! {
    /// An MD5 digest: for old readers and for `Description-md5`, never to trust.
    Md5, "MD5", 16
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != N {
        return None;
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// Size and digests of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// How many bytes there were.
    pub size: u64,
    /// SHA-256.
    pub sha256: Sha256,
    /// MD5, where it was wanted.
    pub md5: Option<Md5>,
}

/// Takes bytes, and returns size and digests of them all.
#[derive(Debug, Clone)]
pub struct Digester {
    size: u64,
    sha256: sha2::Sha256,
    md5: Option<md5::Md5>,
}

impl Digester {
    /// Makes SHA-256 only.
    pub fn sha256() -> Self {
        Self {
            size: 0,
            sha256: sha2::Sha256::default(),
            md5: None,
        }
    }

    /// Makes MD5 and SHA-256.
    pub fn md5_and_sha256() -> Self {
        Self {
            md5: Some(md5::Md5::default()),
            ..Self::sha256()
        }
    }

    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    /// Returns size and digests of what was taken.
    pub fn finish(self) -> Digests {
        Digests {
            size: self.size,
            sha256: Sha256(self.sha256.finalize().into()),
            md5: self.md5.map(|md5| Md5(md5.finalize().into())),
        }
    }
}

impl Write for Digester {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Digests what is read through it.
#[derive(Debug)]
pub struct DigestReader<R> {
    inner: R,
    digester: Digester,
}

impl<R: Read> DigestReader<R> {
    /// Makes SHA-256 only.
    pub fn sha256(inner: R) -> Self {
        Self {
            inner,
            digester: Digester::sha256(),
        }
    }

    /// Makes MD5 and SHA-256.
    pub fn md5_and_sha256(inner: R) -> Self {
        Self {
            inner,
            digester: Digester::md5_and_sha256(),
        }
    }

    /// Returns size and digests of what was read.
    pub fn finish(self) -> Digests {
        self.digester.finish()
    }
}

impl<R: Read> Read for DigestReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digester.update(
            buffer
                .get(..count)
                .expect("a reader fills no more than its buffer"),
        );
        Ok(count)
    }
}

/// Returns the SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Sha256 {
    Sha256(sha2::Sha256::digest(bytes).into())
}

/// Returns the MD5 of some bytes.
pub fn md5(bytes: &[u8]) -> Md5 {
    Md5(md5::Md5::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        let mut reader = DigestReader::md5_and_sha256(&b"abc"[..]);
        io::copy(&mut reader, &mut io::sink()).unwrap();
        let digests = reader.finish();
        assert_eq!(digests.size, 3);
        // FIPS 180-4 and RFC 1321, appendix A.5.
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digests.sha256.to_string(), sha256);
        assert_eq!(
            digests.md5.unwrap().to_string(),
            "900150983cd24fb0d6963f7d28e17f72"
        );
        assert_eq!(sha256.parse::<Sha256>().unwrap(), digests.sha256);
    }

    #[test]
    fn a_digest_has_all_its_digits_and_no_others() {
        for text in [
            "",
            "00",
            &"0".repeat(63),
            &"0".repeat(65),
            &"g".repeat(64),
            &"é".repeat(32),
        ] {
            assert!(text.parse::<Sha256>().is_err(), "{text}");
        }
    }
}
