//! Signatures: an InRelease and a detached signature that strangers have changed.

use openpgp_policy::{Keyring, verify_detached, verify_inrelease};

use crate::target::{FuzzTarget, ParserVerdict, must};

const KEYRING: &[u8] = include_bytes!("../../fixtures/keyring.asc");
const RELEASE: &str = include_str!("../../fixtures/Release");
const INRELEASE: &[u8] = include_bytes!("../../fixtures/InRelease");
const DETACHED: &[u8] = include_bytes!("../../fixtures/Release.gpg");

/// When the signatures are judged, in Unix seconds.
const NOW: i64 = 1_900_000_000;

/// Packet headers, subpackets, and marks of armour.
const PACKETS: &[&[u8]] = &[
    b"\x88\x75\x04\x00",
    b"\x88\x75\x04\x01",
    b"\x88\x75\x06\x01",
    b"\xc2\x75\x04\x01",
    b"\x16\x08\x00\x1d",
    b"\x05\x83\x00\x00\x00\x01",
    b"\xff\xff\xff\xff",
    b"-----BEGIN PGP SIGNED MESSAGE-----\n",
    b"-----BEGIN PGP SIGNATURE-----\n\n",
    b"-----END PGP SIGNATURE-----\n",
    b"Hash: SHA512\n",
    b"\n- -",
    b"\r\n",
];

/// The verification of a clear-signed message.
pub(super) struct SignedReleaseTarget(Keyring);

/// The verification of a signature that is in a file of its own.
pub(super) struct DetachedSignatureTarget(Keyring);

impl SignedReleaseTarget {
    pub(super) fn new() -> Self {
        Self(Keyring::read(KEYRING).expect("the fixture is a keyring"))
    }
}

impl DetachedSignatureTarget {
    pub(super) fn new() -> Self {
        Self(Keyring::read(KEYRING).expect("the fixture is a keyring"))
    }
}

impl FuzzTarget for SignedReleaseTarget {
    fn name(&self) -> &'static str {
        "signed-release"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![INRELEASE.to_vec()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        PACKETS
    }

    /// The key has signed one text only, so no other may ever be taken.
    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(verified) = verify_inrelease(input, &self.0, NOW) else {
            return Ok(ParserVerdict::Refused);
        };
        // White space at the ends of lines is not signed. Source: RFC 9580, 7.2.
        let lines = |text: &str| -> Vec<String> {
            let lines = text.lines().map(|line| line.trim_end().to_owned());
            lines.collect()
        };
        must(lines(&verified.text) == lines(RELEASE), || {
            format!("another text is taken: {}", verified.text)
        })?;
        must(!verified.signers.is_empty(), || "nobody signed it".to_owned())?;
        Ok(ParserVerdict::Accepted)
    }
}

impl FuzzTarget for DetachedSignatureTarget {
    fn name(&self) -> &'static str {
        "detached-signature"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![DETACHED.to_vec()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        PACKETS
    }

    /// Whatever is taken for the text that was signed is refused for any other.
    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let other = RELEASE.replacen("stable", "sid", 1);
        must(
            verify_detached(other.as_bytes(), input, &self.0, NOW).is_err(),
            || "it is taken for another text".to_owned(),
        )?;
        Ok(match verify_detached(RELEASE.as_bytes(), input, &self.0, NOW) {
            Ok(_) => ParserVerdict::Accepted,
            Err(_) => ParserVerdict::Refused,
        })
    }
}
