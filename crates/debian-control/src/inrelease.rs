//! The envelope of a clear-signed file, such as `InRelease`: which text was signed, and where the signatures are.
//!
//! Checks no signature. What it promises is that the text it returns is the text that a signature over the file
//! covers, and that nothing else is in the file: readers that looked further than that were fooled more than once
//! (CVE-2013-1051, CVE-2016-1252, CVE-2018-0501). Source: RFC 9580, section 7.

mod error;
mod lines;

pub use error::{EnvelopeError, EnvelopeFault};
use lines::EnvelopeLines;

const MESSAGE: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const END: &str = "-----END PGP SIGNATURE-----";

/// A clear-signed message, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The signed text: dash escapes undone, no blanks at the ends of lines, every line ended by a newline. What is not UTF-8 is U+FFFD
    /// here, as it may stand in a `Label` that nobody needs.
    ///
    /// Everything in it is covered by a signature that covers [`canonical`](Self::canonical).
    pub text: String,
    /// The same text as it was signed.
    bytes: Vec<u8>,
    /// The armoured signatures, from the first dash to the last.
    pub signature: &'a str,
}

impl Envelope<'_> {
    /// Returns the bytes that signatures are made over: lines ended by CR LF, the last one by nothing.
    ///
    /// Source: RFC 9580, 7.2: the line ending before the signature is not part of the text.
    pub fn canonical(&self) -> Vec<u8> {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        lines.join(&b"\r\n"[..])
    }
}

/// Takes a clear-signed message apart that is the whole of `bytes`, from the first byte to the last.
///
/// Lines end in LF or CR LF. Only `Hash` headers may stand before the text, one block of armour after it, and nothing
/// but one line end after that. Takes time and memory in proportion to the length of `bytes`.
///
/// # Errors
/// Everything else, with the number of the first line that is wrong.
pub fn split(bytes: &[u8]) -> Result<Envelope<'_>, EnvelopeError> {
    let mut lines = EnvelopeLines::new(bytes);
    skip_headers(&mut lines)?;
    let (text, start) = text(&mut lines)?;
    let end = signature(&mut lines)?;
    if let Some(line) = lines.next()? {
        return Err(line.error(EnvelopeFault::After(line.shown())));
    }
    let signature = bytes.get(start..end).expect("both are ends of lines");
    Ok(Envelope {
        text: String::from_utf8_lossy(&text).into_owned(),
        bytes: text,
        signature: std::str::from_utf8(signature).expect("each line was checked"),
    })
}

fn skip_headers(lines: &mut EnvelopeLines<'_>) -> Result<(), EnvelopeError> {
    let first = lines.expect(MESSAGE)?;
    if first.text != MESSAGE.as_bytes() {
        return Err(first.error(EnvelopeFault::NoMessage(first.shown())));
    }
    loop {
        let header = lines.expect(SIGNATURE)?;
        if header.text.is_empty() {
            return Ok(());
        }
        // Some readers took other headers for the text, some the text for headers.
        let digests = header.text.strip_prefix(b"Hash: ");
        let digests = digests.and_then(|digests| std::str::from_utf8(digests).ok());
        if !digests.is_some_and(is_list_of_digests) {
            return Err(header.error(EnvelopeFault::Header(header.shown())));
        }
    }
}

fn is_list_of_digests(value: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte))
    };
    value.split(',').all(|name| is_name(name.trim_matches(' ')))
}

/// Reads the text up to the first line of the signature, and returns where that begins.
fn text(lines: &mut EnvelopeLines<'_>) -> Result<(Vec<u8>, usize), EnvelopeError> {
    let mut text = Vec::new();
    loop {
        let line = lines.expect(SIGNATURE)?;
        if line.text == SIGNATURE.as_bytes() {
            return if text.is_empty() {
                Err(line.error(EnvelopeFault::NoText))
            } else {
                Ok((text, line.start))
            };
        }
        let unescaped = match line.text.strip_prefix(b"- ") {
            Some(rest) => rest,
            None if line.text.starts_with(b"-") => {
                return Err(line.error(EnvelopeFault::Dash(line.shown())));
            }
            None => line.text,
        };
        // Blanks at the ends of lines are not signed (RFC 9580, 7.2), so they are not part of what was said.
        let end = unescaped.iter().rposition(|byte| !b" \t".contains(byte));
        text.extend_from_slice(
            unescaped
                .get(..end.map_or(0, |last| last + 1))
                .unwrap_or_default(),
        );
        text.push(b'\n');
    }
}

/// Reads the rest of the armour, and returns where it ends.
fn signature(lines: &mut EnvelopeLines<'_>) -> Result<usize, EnvelopeError> {
    loop {
        let line = lines.expect(END)?;
        if line.text == END.as_bytes() {
            return Ok(line.start + line.text.len());
        }
        if line.text.starts_with(b"-") || std::str::from_utf8(line.text).is_err() {
            return Err(line.error(EnvelopeFault::Signature(line.shown())));
        }
    }
}

/// A text that would not come back from clear-signing as it went in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct UnfitError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub wrong: &'static str,
}

/// Checks that a text can be clear-signed: that [`split`] returns the same text from the signed message.
///
/// It ends in exactly one newline, no line ends in blanks, and there are no control characters: the format does not
/// carry those, and verifiers disagree on what a text with them hashes to.
pub fn check_fit(text: &str) -> Result<(), UnfitError> {
    let Some(body) = text.strip_suffix('\n') else {
        return Err(UnfitError {
            line: text.split('\n').count(),
            wrong: "it does not end in a newline",
        });
    };
    for (at, line) in body.split('\n').enumerate() {
        let wrong = match line {
            _ if line.ends_with([' ', '\t']) => "it ends in a blank",
            _ if lines::control_character(line.as_bytes()).is_some() => "it has a control character",
            _ => continue,
        };
        return Err(UnfitError { line: at + 1, wrong });
    }
    if body.is_empty() || body.ends_with('\n') {
        return Err(UnfitError {
            line: text.split('\n').count() - 1,
            wrong: "the text ends in an empty line",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
