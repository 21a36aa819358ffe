//! The two shapes of a signed Release file, made of its text and signature packets.

use pgp::armor::{self, BlockType};
use pgp::packet::{PacketTrait as _, Signature};
use pgp::ser::Serialize;

use super::SignError;

/// Refuses a text that would not come back from clear-signing as it went in.
///
/// The format drops blanks and carriage returns at line ends before it hashes (RFC 9580 7.1), and text without a
/// final newline cannot be told from text with one.
pub(super) fn check_text(release: &str) -> Result<(), SignError> {
    let Some(body) = release.strip_suffix('\n') else {
        return Err(SignError::Text("it does not end in a newline".to_owned()));
    };
    for (index, line) in body.split('\n').enumerate() {
        if line.ends_with([' ', '\t']) || line.contains('\r') {
            return Err(SignError::Text(format!(
                "line {} ends in a blank or has a carriage return",
                index + 1
            )));
        }
    }
    if body.is_empty() || body.ends_with('\n') {
        return Err(SignError::Text("it is empty or ends in an empty line".to_owned()));
    }
    Ok(())
}

/// What is hashed for a clear-signed text: everything but the last newline (RFC 9580 7).
pub(super) fn signed_part(release: &str) -> &str {
    release.strip_suffix('\n').unwrap_or(release)
}

/// Puts a clear-signed message together.
pub(super) fn clear_signed(release: &str, signatures: &[Signature]) -> Result<Vec<u8>, pgp::errors::Error> {
    let mut hashes: Vec<String> = signatures
        .iter()
        .filter_map(Signature::hash_alg)
        .map(|hash| hash.to_string())
        .collect();
    hashes.sort();
    hashes.dedup();
    let mut message = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: {}\n\n",
        hashes.join(",")
    )
    .into_bytes();
    for line in release.split_inclusive('\n') {
        // A line that starts with a dash could end the message early (RFC 9580 7.2).
        if line.starts_with('-') {
            message.extend_from_slice(b"- ");
        }
        message.extend_from_slice(line.as_bytes());
    }
    message.append(&mut detached(signatures)?);
    Ok(message)
}

/// Armours signature packets.
pub(super) fn detached(signatures: &[Signature]) -> Result<Vec<u8>, pgp::errors::Error> {
    let mut armored = Vec::new();
    armor::write(
        &Packets(signatures),
        BlockType::Signature,
        &mut armored,
        None,
        true,
    )?;
    Ok(armored)
}

/// Signatures as one run of packets.
struct Packets<'a>(&'a [Signature]);

impl Serialize for Packets<'_> {
    fn to_writer<W: std::io::Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
        self.0
            .iter()
            .try_for_each(|signature| signature.to_writer_with_header(writer))
    }

    fn write_len(&self) -> usize {
        self.0
            .iter()
            .map(|signature| signature.write_len_with_header())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_clear_signing_would_change_is_refused() {
        for text in [
            "",
            "\n",
            "A: b",
            "A: b\n\n",
            "A: b \n",
            "A: b\t\nC: d\n",
            "A: b\r\n",
            "A: b\rc\n",
        ] {
            assert!(matches!(check_text(text), Err(SignError::Text(_))), "{text:?}");
        }
        for text in ["A: b\n", "A: b\n\nC: d\n", "-dash\n", " x\n"] {
            assert!(check_text(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn the_error_names_the_line() {
        let error = check_text("A: b\nC: d \n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the Release text cannot be clear-signed: line 2 ends in a blank or has a carriage return"
        );
    }
}
