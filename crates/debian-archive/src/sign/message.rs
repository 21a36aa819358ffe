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
        &MessagePackets(signatures),
        BlockType::Signature,
        &mut armored,
        None,
        true,
    )?;
    Ok(armored)
}

/// Signatures as one run of packets.
struct MessagePackets<'a>(&'a [Signature]);

impl Serialize for MessagePackets<'_> {
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
    use debian_control::inrelease::check_fit;
    use openpgp_policy::verify_inrelease;
    use pgp::packet::SignatureType;
    use proptest::prelude::*;

    use super::*;
    use crate::sign::keys::{NewKey, OsRng, generate};

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn a_fit_text_comes_back_from_its_signed_message(
            lines in proptest::collection::vec("(-----|- |From |\\.)?[ -~äß]{0,12}", 1..8)
        ) {
            let text: String = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect();
            prop_assume!(check_fit(&text).is_ok());
            let now = 1_700_000_000;
            let key = generate(&NewKey { user_id: "key", created: now, expires: None }, OsRng).unwrap();
            let signature = key.sign(SignatureType::Text, signed_part(&text).as_bytes(), now).unwrap();
            let message = clear_signed(&text, &[signature]).unwrap();
            prop_assert_eq!(verify_inrelease(&message, &key.to_keyring(), now).unwrap().text, text);
        }
    }
}
