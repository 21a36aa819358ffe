//! What must never count as signed.

use openpgp_policy::{KeyProblem, Keyring, RefusalReason, VerifyError, verify_detached, verify_inrelease};

use crate::gpg::{Gpg, RELEASE, now};

/// The one reason for which the one signature does not count.
fn reason(inrelease: &[u8], keyring: &Keyring, at: i64) -> RefusalReason {
    match verify_inrelease(inrelease, keyring, at) {
        Err(VerifyError::Untrusted(refusals)) if refusals.len() == 1 => {
            refusals.into_iter().next().unwrap().reason
        }
        other => panic!("{other:?}"),
    }
}

struct Signed {
    gpg: Gpg,
    fingerprint: String,
    inrelease: Vec<u8>,
}

impl Signed {
    fn new(kind: &str, expire: &str) -> Self {
        let gpg = Gpg::new();
        let fingerprint = gpg.generate("key", kind, "sign", expire);
        let inrelease = gpg.gpg(&["--clearsign"], RELEASE.as_bytes());
        Self {
            gpg,
            fingerprint,
            inrelease,
        }
    }

    fn keyring(&self) -> Keyring {
        Keyring::read(&self.gpg.gpg(&["--export"], b"")).unwrap()
    }
}

#[test]
fn a_changed_text_does_not_count() {
    let signed = Signed::new("ed25519", "0");
    let text = String::from_utf8(signed.inrelease.clone())
        .unwrap()
        .replace("Suite: stable", "Suite: stabil");
    assert_eq!(
        reason(text.as_bytes(), &signed.keyring(), now()),
        RefusalReason::Mismatch
    );
    let detached = signed.gpg.gpg(&["--detach-sign"], RELEASE.as_bytes());
    assert!(verify_detached(RELEASE.as_bytes(), &detached, &signed.keyring(), now()).is_ok());
    assert!(verify_detached(&RELEASE.as_bytes()[1..], &detached, &signed.keyring(), now()).is_err());
}

#[test]
fn every_byte_of_the_text_counts() {
    let signed = Signed::new("ed25519", "0");
    let keyring = signed.keyring();
    let start = signed
        .inrelease
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .unwrap()
        + 2;
    for at in start..start + RELEASE.len() {
        let mut bytes = signed.inrelease.clone();
        bytes[at] ^= 1;
        if let Ok(verified) = verify_inrelease(&bytes, &keyring, now()) {
            panic!("byte {at} changed: {}", verified.text);
        }
    }
}

#[test]
fn nothing_may_stand_around_the_message() {
    let signed = Signed::new("ed25519", "0");
    let keyring = signed.keyring();
    let message = &signed.inrelease;
    let cases: [(&str, Vec<u8>); 5] = [
        ("before", [b"Origin: Evil\n", &message[..]].concat()),
        ("after", [message, &b"Origin: Evil\n"[..]].concat()),
        ("twice", [&message[..], message].concat()),
        ("empty", Vec::new()),
        ("plain", RELEASE.as_bytes().to_vec()),
    ];
    for (name, bytes) in cases {
        let error = verify_inrelease(&bytes, &keyring, now()).unwrap_err();
        assert!(matches!(error, VerifyError::Envelope(_)), "{name}: {error}");
    }
}

#[test]
fn a_weak_digest_does_not_count() {
    let signed = Signed::new("rsa2048", "0");
    for (digest, named) in [("SHA1", "SHA1"), ("SHA224", "SHA224"), ("RIPEMD160", "RIPEMD160")] {
        let args = [
            "--digest-algo",
            digest,
            "--weak-digest",
            "MD5",
            "--allow-weak-digest-algos",
            "--clearsign",
        ];
        let inrelease = signed.gpg.gpg(&args, RELEASE.as_bytes());
        assert_eq!(
            reason(&inrelease, &signed.keyring(), now()),
            RefusalReason::WeakHash(named.to_owned())
        );
    }
}

#[test]
fn a_short_rsa_key_does_not_count() {
    let signed = Signed::new("rsa1024", "0");
    let reason = reason(&signed.inrelease, &signed.keyring(), now());
    assert!(
        matches!(reason, RefusalReason::Key(KeyProblem::Weak(_))),
        "{reason}"
    );
}

#[test]
fn a_dsa_key_does_not_count() {
    let signed = Signed::new("dsa2048", "0");
    let reason = reason(&signed.inrelease, &signed.keyring(), now());
    assert!(
        matches!(reason, RefusalReason::Key(KeyProblem::Weak(_))),
        "{reason}"
    );
}

#[test]
fn a_key_bound_with_sha1_does_not_count() {
    let gpg = Gpg::new();
    gpg.gpg(
        &[
            "--passphrase",
            "",
            "--cert-digest-algo",
            "SHA1",
            "--quick-generate-key",
            "key",
            "rsa2048",
            "sign",
            "0",
        ],
        b"",
    );
    let inrelease = gpg.gpg(&["--clearsign"], RELEASE.as_bytes());
    let keyring = Keyring::read(&gpg.gpg(&["--export"], b"")).unwrap();
    let hash = "SHA1".to_owned();
    assert_eq!(
        reason(&inrelease, &keyring, now()),
        RefusalReason::Key(KeyProblem::WeakBinding { hash })
    );
}

#[test]
fn an_expired_key_does_not_count() {
    let signed = Signed::new("ed25519", "5d");
    let keyring = signed.keyring();
    assert!(verify_inrelease(&signed.inrelease, &keyring, now() + 4 * 86_400).is_ok());
    let reason = reason(&signed.inrelease, &keyring, now() + 6 * 86_400);
    assert!(
        matches!(reason, RefusalReason::Key(KeyProblem::Expired { .. })),
        "{reason}"
    );
}

#[test]
fn an_expired_signature_does_not_count() {
    let signed = Signed::new("ed25519", "0");
    let inrelease = signed
        .gpg
        .gpg(&["--default-sig-expire", "2d", "--clearsign"], RELEASE.as_bytes());
    let keyring = signed.keyring();
    assert!(verify_inrelease(&inrelease, &keyring, now() + 86_400).is_ok());
    let reason = reason(&inrelease, &keyring, now() + 3 * 86_400);
    assert!(matches!(reason, RefusalReason::Expired { .. }), "{reason}");
}

#[test]
fn a_signature_from_the_future_does_not_count_beyond_the_grace() {
    let signed = Signed::new("ed25519", "0");
    let made = now();
    assert!(verify_inrelease(&signed.inrelease, &signed.keyring(), made - 8).is_ok());
    let reason = reason(&signed.inrelease, &signed.keyring(), made - 60);
    assert!(matches!(reason, RefusalReason::Future { .. }), "{reason}");
}

#[test]
fn a_revoked_key_does_not_count() {
    let signed = Signed::new("ed25519", "0");
    let revocations = signed
        .gpg
        .path(&format!("openpgp-revocs.d/{}.rev", signed.fingerprint));
    let revocation = std::fs::read_to_string(revocations)
        .unwrap()
        .replace(":-----BEGIN", "-----BEGIN");
    let before = signed.keyring();
    signed.gpg.gpg(&["--import"], revocation.as_bytes());
    let revoked = signed.keyring();
    assert_eq!(
        reason(&signed.inrelease, &revoked, now()),
        RefusalReason::Key(KeyProblem::Revoked)
    );
    // Nor where the revocation was only appended, as its own block ...
    let appended = [&before.to_armored().into_bytes(), revocation.as_bytes()].concat();
    let appended = Keyring::read(&appended).unwrap();
    assert_eq!(
        reason(&signed.inrelease, &appended, now()),
        RefusalReason::Key(KeyProblem::Revoked)
    );
    // ... and a copy from before the revocation, in the same keyring, does not bring the key back.
    let mut both = before;
    both.extend(revoked);
    assert_eq!(
        reason(&signed.inrelease, &both, now()),
        RefusalReason::Key(KeyProblem::Revoked)
    );
}

#[test]
fn a_revoked_or_expired_subkey_does_not_count() {
    let gpg = Gpg::new();
    let fingerprint = gpg.generate("key", "ed25519", "cert", "0");
    gpg.add_subkey(&fingerprint, "ed25519", "sign", "5d");
    let inrelease = gpg.gpg(&["--clearsign"], RELEASE.as_bytes());
    let keyring = || Keyring::read(&gpg.gpg(&["--export"], b"")).unwrap();
    assert!(verify_inrelease(&inrelease, &keyring(), now()).is_ok());
    let expired = reason(&inrelease, &keyring(), now() + 6 * 86_400);
    assert!(
        matches!(expired, RefusalReason::Key(KeyProblem::Expired { .. })),
        "{expired}"
    );
    let script = b"key 1\nrevkey\ny\n0\n\ny\nsave\n";
    gpg.gpg(
        &[
            "--no-batch",
            "--no-tty",
            "--command-fd",
            "0",
            "--edit-key",
            &fingerprint,
        ],
        script,
    );
    assert_eq!(
        reason(&inrelease, &keyring(), now()),
        RefusalReason::Key(KeyProblem::Revoked)
    );
}

#[test]
fn a_key_that_is_not_in_the_keyring_does_not_count() {
    let (signed, other) = (Signed::new("ed25519", "0"), Signed::new("ed25519", "0"));
    assert_eq!(
        reason(&signed.inrelease, &other.keyring(), now()),
        RefusalReason::UnknownKey
    );
    let detached = signed.gpg.gpg(&["--detach-sign"], RELEASE.as_bytes());
    assert!(verify_detached(RELEASE.as_bytes(), &detached, &other.keyring(), now()).is_err());
}

#[test]
fn a_text_signature_is_no_detached_signature() {
    let signed = Signed::new("ed25519", "0");
    let detached = signed
        .gpg
        .gpg(&["--textmode", "--detach-sign"], RELEASE.as_bytes());
    assert!(matches!(
        verify_detached(RELEASE.as_bytes(), &detached, &signed.keyring(), now()),
        Err(VerifyError::Untrusted(refusals)) if refusals[0].reason == RefusalReason::Type(1)
    ));
}

#[test]
fn other_messages_are_no_signatures() {
    let signed = Signed::new("ed25519", "0");
    let keyring = signed.keyring();
    let message = signed.gpg.gpg(&["--armor", "--sign"], RELEASE.as_bytes());
    assert!(matches!(
        verify_detached(b"", &message, &keyring, now()),
        Err(VerifyError::Signatures(_))
    ));
    assert!(matches!(
        verify_detached(b"", b"", &keyring, now()),
        Err(VerifyError::Signatures(_))
    ));
    let key = signed.gpg.gpg(&["--export"], b"");
    assert!(matches!(
        verify_detached(b"", &key, &keyring, now()),
        Err(VerifyError::Untrusted(_))
    ));
}
