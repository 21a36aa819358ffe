//! OpenPGP certificates: what `source add` and the signing settings read from strangers.

use openpgp_policy::Keyring;

use crate::target::{FuzzTarget, ParserVerdict, must};

/// A binary keyring, which has no checksum that would refuse most mutations before they are parsed.
pub(super) struct KeyringTarget {
    certificate: Vec<u8>,
}

const CORPUS: &[u8] = include_bytes!("../../fixtures/keyring.asc");

/// When the signatures of the corpus are judged, in Unix seconds.
const NOW: i64 = 1_900_000_000;

/// Packet headers, and subpackets that say what a key may do and until when.
const PACKETS: &[&[u8]] = &[
    b"\x98\x33\x04",
    b"\xb4\x04name",
    b"\x88\x75\x04\x13",
    b"\xc6\x33\x04",
    b"\xcd\x04name",
    b"\x02\x1b\x03",
    b"\x05\x09\x00\x00\x00\x01",
    b"\xff\xff\xff\xff",
    b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n",
];

impl KeyringTarget {
    pub(super) fn new() -> Self {
        let keyring = Keyring::read(CORPUS).expect("the corpus is a keyring");
        Self {
            certificate: keyring.to_binary(),
        }
    }
}

impl FuzzTarget for KeyringTarget {
    fn name(&self) -> &'static str {
        "keyring"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![self.certificate.clone(), CORPUS.to_vec()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        PACKETS
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(keyring) = Keyring::read(input) else {
            return Ok(ParserVerdict::Refused);
        };
        must(!keyring.certificates().is_empty(), || {
            "a keyring without a certificate".to_owned()
        })?;
        for written in [keyring.to_binary(), keyring.to_armored().into_bytes()] {
            let again =
                Keyring::read(&written).map_err(|error| format!("what it writes cannot be read: {error}"))?;
            must(again.fingerprints() == keyring.fingerprints(), || {
                "other keys when written and read again".to_owned()
            })?;
            for (certificate, same) in keyring.certificates().iter().zip(again.certificates()) {
                let (before, after) = (certificate.signing_keys(NOW), same.signing_keys(NOW));
                must(before.is_ok() == after.is_ok(), || {
                    "another key may sign when written and read again".to_owned()
                })?;
            }
        }
        Ok(ParserVerdict::Accepted)
    }
}
