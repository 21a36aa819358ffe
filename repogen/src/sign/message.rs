//! The two shapes of a signed Release file, made of its text and signature packets.

use pgp::armor::{self, BlockType};
use pgp::packet::{PacketTrait as _, Signature};
use pgp::ser::Serialize;

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
