//! Digests that a client sends with a body: what was meant to arrive, held against what did.
//!
//! Read are `Content-MD5` (RFC 1864), `Digest` (RFC 3230), `Content-Digest` and `Repr-Digest` (RFC 9530), and `X-Checksum-MD5`, `X-Checksum-SHA1`,
//! `X-Checksum-SHA256` and `X-Checksum-SHA512` as artifact repositories take them; with a part of an upload `Upload-Checksum` (tus 1.0), too.

use std::io::{self, Read as _};

use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use debian_archive::ingest::ReceivedFile;

use crate::problem::{Code, Problem};

/// Headers that say in base64 what the content of the message has.
const OF_THE_CONTENT: [&str; 4] = ["content-md5", "digest", "content-digest", "repr-digest"];
/// Headers that say in hexadecimal digits what the file has.
const OF_THE_FILE: [(&str, DigestAlgorithm); 4] = [
    ("x-checksum-md5", DigestAlgorithm::Md5),
    ("x-checksum-sha1", DigestAlgorithm::Sha1),
    ("x-checksum-sha256", DigestAlgorithm::Sha256),
    ("x-checksum-sha512", DigestAlgorithm::Sha512),
];

/// The header of the checksum extension of tus 1.0.
const OF_TUS: &str = "upload-checksum";

/// Returns the names of all headers that are read, in lower case.
pub(crate) fn header_names() -> impl Iterator<Item = HeaderName> {
    let of_the_file = OF_THE_FILE.iter().map(|(name, _)| *name);
    let names = OF_THE_CONTENT.into_iter().chain(of_the_file).chain([OF_TUS]);
    names.map(HeaderName::from_static)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DigestAlgorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl DigestAlgorithm {
    /// Reads a name as in the registry of HTTP digest algorithms, in any case.
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "md5" => Some(Self::Md5),
            "sha-256" => Some(Self::Sha256),
            "sha-512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SentDigest {
    header: String,
    algorithm: DigestAlgorithm,
    digest: Vec<u8>,
}

/// What the digests of a body should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SentDigests(Vec<SentDigest>);

impl SentDigests {
    /// Reads the headers of a message whose content is the file.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut found = Self::of_form(headers)?.0;
        for header in OF_THE_CONTENT {
            for value in values(headers, header)? {
                found.extend(of_the_content(header, value)?);
            }
        }
        Ok(Self(found))
    }

    /// Reads the headers of a message that carries the file in a form.
    pub(crate) fn of_form(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut found = Vec::new();
        for (header, algorithm) in OF_THE_FILE {
            for value in values(headers, header)? {
                let digest = from_hex(value).filter(|digest| digest.len() == algorithm.bytes());
                let digest = digest.ok_or_else(|| {
                    unreadable(
                        header,
                        value,
                        &format!("{} hexadecimal digits", algorithm.bytes() * 2),
                    )
                })?;
                found.push(SentDigest {
                    header: header.to_owned(),
                    algorithm,
                    digest,
                });
            }
        }
        Ok(Self(found))
    }

    /// Reads the headers of a message whose content is a part of the file; `None`: it has none.
    pub(crate) fn of_part(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let of_the_file = OF_THE_FILE
            .iter()
            .map(|(header, _)| *header)
            .chain(["repr-digest"]);
        if let Some(header) = of_the_file
            .into_iter()
            .find(|header| headers.contains_key(*header))
        {
            return Err(Problem::new(
                Code::InvalidUpload,
                format!(
                    "`{header}` applies to the whole file: send `Content-Digest` or `Upload-Checksum` with a part"
                ),
            ));
        }
        let mut found = Vec::new();
        for header in OF_THE_CONTENT {
            for value in values(headers, header)? {
                found.extend(of_the_content(header, value)?);
            }
        }
        for value in values(headers, OF_TUS)? {
            found.push(of_tus(value)?);
        }
        Ok((!found.is_empty()).then_some(Self(found)))
    }

    /// Refuses headers that speak of the whole of a form, which nobody means.
    pub(crate) fn refuse_of_form(headers: &HeaderMap) -> Result<(), Problem> {
        match OF_THE_CONTENT
            .iter()
            .find(|header| headers.contains_key(**header))
        {
            None => Ok(()),
            Some(header) => Err(Problem::new(
                Code::InvalidUpload,
                format!(
                    "`{header}` applies to the whole form, which has no digest to compare: send it as a header of the field `file`, or send the .deb itself as the body"
                ),
            )),
        }
    }

    /// Joins what the message and a field of its form say.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Holds them against what came in. Blocking.
    pub(crate) fn check(&self, received: &ReceivedFile) -> Result<(), Problem> {
        for expected in &self.0 {
            let digest = match expected.algorithm {
                DigestAlgorithm::Sha256 => received.sha256().as_bytes().to_vec(),
                DigestAlgorithm::Md5 => digest_of::<md5::Md5>(received)?,
                DigestAlgorithm::Sha1 => sha1_of(received)?,
                DigestAlgorithm::Sha512 => digest_of::<sha2::Sha512>(received)?,
            };
            if digest != expected.digest {
                let code = if expected.header == OF_TUS {
                    Code::ChecksumMismatch
                } else {
                    Code::DigestMismatch
                };
                return Err(Problem::new(
                    code,
                    format!(
                        "`{}` promises {}, but the received file has {}",
                        expected.header,
                        hex(&expected.digest),
                        hex(&digest)
                    ),
                ));
            }
        }
        Ok(())
    }
}

fn values<'a>(headers: &'a HeaderMap, header: &str) -> Result<Vec<&'a str>, Problem> {
    let name = HeaderName::from_bytes(header.as_bytes()).expect("the names above are header names");
    let values = headers.get_all(name).iter();
    values
        .map(|value| {
            value
                .to_str()
                .map(str::trim)
                .map_err(|_| unreadable(header, "", "ASCII text"))
        })
        .collect()
}

/// Reads `sha-256=:BASE64:` (RFC 9530), `SHA-256=BASE64` (RFC 3230) or `BASE64` (RFC 1864).
fn of_the_content(header: &str, value: &str) -> Result<Vec<SentDigest>, Problem> {
    let expected = |algorithm: DigestAlgorithm, text: &str| -> Result<SentDigest, Problem> {
        let digest = STANDARD.decode(text).ok();
        let digest = digest.filter(|digest| digest.len() == algorithm.bytes());
        let digest = digest
            .ok_or_else(|| unreadable(header, value, &format!("{} bytes in base64", algorithm.bytes())))?;
        Ok(SentDigest {
            header: header.to_owned(),
            algorithm,
            digest,
        })
    };
    if header == "content-md5" {
        return Ok(vec![expected(DigestAlgorithm::Md5, value)?]);
    }
    let mut found = Vec::new();
    for entry in value.split(',') {
        let (name, text) = entry
            .trim()
            .split_once('=')
            .ok_or_else(|| unreadable(header, value, "`sha-256=` and the digest in base64"))?;
        let text = match header {
            "digest" => text,
            // A byte sequence of structured fields stands between colons.
            _ => text
                .strip_prefix(':')
                .and_then(|text| text.strip_suffix(':'))
                .ok_or_else(|| unreadable(header, value, "the digest in base64 between colons"))?,
        };
        if let Some(algorithm) = DigestAlgorithm::named(name) {
            found.push(expected(algorithm, text)?);
        }
    }
    // A receiver may pass over an algorithm that it does not know, but a digest that nobody checks protects nothing.
    if found.is_empty() {
        return Err(unreadable(header, value, "`sha-256`, `sha-512` or `md5`"));
    }
    Ok(found)
}

/// Reads `sha256 BASE64`, as the checksum extension of tus 1.0 has it.
fn of_tus(value: &str) -> Result<SentDigest, Problem> {
    let read = || {
        let (name, text) = value.split_once(' ')?;
        let algorithm = match name {
            "md5" => DigestAlgorithm::Md5,
            "sha1" => DigestAlgorithm::Sha1,
            "sha256" => DigestAlgorithm::Sha256,
            "sha512" => DigestAlgorithm::Sha512,
            _ => return None,
        };
        let digest = STANDARD.decode(text).ok()?;
        (digest.len() == algorithm.bytes()).then_some(SentDigest {
            header: OF_TUS.to_owned(),
            algorithm,
            digest,
        })
    };
    // Source: tus 1.0, "Checksum": 400 for an algorithm that is not supported.
    read().ok_or_else(|| {
        Problem::new(
            Code::InvalidUpload,
            "`upload-checksum`: expected `sha1`, `sha256`, `sha512` or `md5`, a space, and the digest in base64",
        )
    })
}

fn unreadable(header: &str, value: &str, expected: &str) -> Problem {
    let value: String = value.chars().take(200).collect();
    Problem::new(
        Code::DigestMismatch,
        format!("`{header}` is `{}`: expected {expected}", value.escape_debug()),
    )
}

fn digest_of<D: md5::Digest>(received: &ReceivedFile) -> Result<Vec<u8>, Problem> {
    let mut digest = D::new();
    each_piece(received, |piece| digest.update(piece))?;
    Ok(digest.finalize().to_vec())
}

fn sha1_of(received: &ReceivedFile) -> Result<Vec<u8>, Problem> {
    use sha1::Digest as _;
    let mut digest = sha1::Sha1::new();
    each_piece(received, |piece| digest.update(piece))?;
    Ok(digest.finalize().to_vec())
}

fn each_piece(received: &ReceivedFile, mut take: impl FnMut(&[u8])) -> Result<(), Problem> {
    let mut file = received.open()?;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => take(buffer.get(..read).expect("a read fills no more than the buffer")),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Problem::internal(&error)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|pair| {
            let digits = std::str::from_utf8(pair).ok()?;
            let is_hex = pair.iter().all(u8::is_ascii_hexdigit);
            u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(header: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(header), value.parse().unwrap())])
    }

    const SHA256: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    #[test]
    fn every_form_is_read() {
        for (header, value, count) in [
            ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==".to_owned(), 1),
            (
                "digest",
                format!("SHA-256={SHA256},MD5=1B2M2Y8AsgTpgAmY7PhCfg=="),
                2,
            ),
            ("content-digest", format!("sha-256=:{SHA256}:"), 1),
            ("repr-digest", format!("unknown=:AAAA:, sha-256=:{SHA256}:"), 1),
            ("x-checksum-sha1", "da".repeat(20), 1),
            ("x-checksum-sha256", "E3".repeat(32), 1),
            ("content-type", "text/plain".to_owned(), 0),
        ] {
            assert_eq!(
                SentDigests::of(&headers(header, &value)).unwrap().0.len(),
                count,
                "{header}"
            );
        }
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        for (header, value) in [
            ("content-md5", "1B2M2Y8AsgTpgAmY7PhC"),
            ("content-md5", "d41d8cd98f00b204e9800998ecf8427e"),
            ("digest", "SHA-256"),
            ("digest", "UNIXsum=30637"),
            (
                "content-digest",
                "sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            ),
            ("repr-digest", ""),
            ("x-checksum-sha1", "e3b0c442"),
            ("x-checksum-sha256", "e3b0c442"),
            ("x-checksum-sha256", "+1"),
        ] {
            let refused = SentDigests::of(&headers(header, value)).unwrap_err();
            assert_eq!(refused.code, Code::DigestMismatch, "{header}: {value}");
            assert!(refused.detail.contains(header), "{}", refused.detail);
        }
    }
}
