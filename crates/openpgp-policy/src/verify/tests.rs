//! Messages that a careless reader would accept.

use pgp::composed::KeyType;
use pgp::packet::{Notation, PacketHeader, SecretKey, SignatureConfig, Subpacket, SubpacketData};
use pgp::types::{KeyDetails as _, KeyId, SignatureBytes, SigningKey, Tag, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::testing::*;

const TEXT: &str = "Origin: x\nSuite: y\n";
const SIGNED: &str = "Origin: x\nSuite: y";

fn text_signature(key: &impl SigningKey, fields: Vec<SubpacketData>) -> Signature {
    sign(key, config(key, SignatureType::Text, fields), SIGNED)
}

fn refusal(signature: Signature, keyring: &Keyring) -> RefusalReason {
    match verify_inrelease(&message(TEXT, &[signature]), keyring, NOW) {
        Err(VerifyError::Untrusted(refusals)) if refusals.len() == 1 => refusals[0].reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_valid_signature_among_others_suffices() {
    let (key, stranger) = (rsa(), ed25519());
    let keyring = usual(&key);
    let good = text_signature(&key, vec![]);
    let weak_one = sign(&key, weak(config(&key, SignatureType::Text, vec![])), SIGNED);
    let wrong = sign(&key, config(&key, SignatureType::Text, vec![]), "other text");
    let others = vec![text_signature(&stranger, vec![]), weak_one, wrong];
    for place in 0..=others.len() {
        let mut signatures = others.clone();
        signatures.insert(place, good.clone());
        let verified = verify_inrelease(&message(TEXT, &signatures), &keyring, NOW).unwrap();
        assert_eq!(verified.signers, keyring.fingerprints());
        assert_eq!(verified.text, TEXT);
    }
    match verify_inrelease(&message(TEXT, &others), &keyring, NOW) {
        Err(VerifyError::Untrusted(refusals)) => assert_eq!(refusals.len(), 3),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_that_signs_twice_is_named_once() {
    let key = ed25519();
    let signatures = [
        text_signature(&key, vec![]),
        text_signature(&key, vec![at(BORN + 1)]),
    ];
    let verified = verify_inrelease(&message(TEXT, &signatures), &usual(&key), NOW).unwrap();
    assert_eq!(verified.signers.len(), 1);
    assert_eq!(verified.made, i64::from(BORN + 1));
}

#[test]
fn binary_signatures_are_accepted_in_a_clear_signed_message() {
    let key = ed25519();
    let canonical = SIGNED.replace('\n', "\r\n");
    let signature = sign(&key, config(&key, SignatureType::Binary, vec![]), &canonical);
    assert!(verify_inrelease(&message(TEXT, &[signature]), &usual(&key), NOW).is_ok());
}

#[test]
fn a_signature_over_a_key_is_none_over_a_text() {
    let key = ed25519();
    let over_key = direct(&key, SignatureType::Key, vec![]);
    assert_eq!(refusal(over_key, &usual(&key)), RefusalReason::Type(0x1f));
}

#[test]
fn version_3_is_refused() {
    let key = ed25519();
    let header = PacketHeader::new_fixed(Tag::Signature, 0);
    let bytes = SignatureBytes::Mpis(vec![
        pgp::types::Mpi::from_slice(&[1]),
        pgp::types::Mpi::from_slice(&[1]),
    ]);
    let (made, id) = (Timestamp::from_secs(BORN), key.legacy_key_id());
    let hash = pgp::crypto::hash::HashAlgorithm::Sha256;
    let old = Signature::v3(
        header,
        SignatureType::Text,
        key.algorithm(),
        hash,
        made,
        id,
        [0, 0],
        bytes,
    );
    assert_eq!(refusal(old, &usual(&key)), RefusalReason::Version(3));
}

#[test]
fn a_signature_without_date_is_refused() {
    let key = ed25519();
    let mut frame = config(&key, SignatureType::Text, vec![]);
    frame
        .hashed_subpackets
        .retain(|field| !matches!(field.data, SubpacketData::SignatureCreationTime(_)));
    frame
        .unhashed_subpackets
        .push(Subpacket::regular(at(BORN)).unwrap());
    assert_eq!(
        refusal(sign(&key, frame, SIGNED), &usual(&key)),
        RefusalReason::Undated
    );
}

#[test]
fn a_signature_older_than_its_key_is_refused() {
    let key = ed25519();
    let early = text_signature(&key, vec![at(BORN - 1)]);
    assert_eq!(refusal(early, &usual(&key)), RefusalReason::OlderThanKey);
}

#[test]
fn a_critical_field_that_is_not_known_is_respected() {
    let key = ed25519();
    let note = || Notation {
        readable: true,
        name: "only-on@example.org".into(),
        value: "sundays".into(),
    };
    let with = |field: Subpacket| {
        let mut frame = config(&key, SignatureType::Text, vec![]);
        frame.hashed_subpackets.push(field);
        sign(&key, frame, SIGNED)
    };
    let critical = with(Subpacket::critical(SubpacketData::Notation(note())).unwrap());
    assert_eq!(refusal(critical, &usual(&key)), RefusalReason::CriticalField);
    let plain = with(Subpacket::regular(SubpacketData::Notation(note())).unwrap());
    assert!(verify_inrelease(&message(TEXT, &[plain]), &usual(&key), NOW).is_ok());
}

/// A signature that names another maker, or none.
fn renamed(key: &SecretKey, issuer: Option<SubpacketData>) -> Signature {
    let mut frame: SignatureConfig = config(key, SignatureType::Text, vec![]);
    frame
        .hashed_subpackets
        .retain(|field| !matches!(field.data, SubpacketData::IssuerFingerprint(_)));
    frame
        .unhashed_subpackets
        .extend(issuer.map(|issuer| Subpacket::regular(issuer).unwrap()));
    sign(key, frame, SIGNED)
}

#[test]
fn the_maker_a_signature_names_is_the_key_it_is_checked_with() {
    let (key, other) = (ed25519(), ed25519());
    let mut keyring = usual(&key);
    keyring.extend(usual(&other));
    let by_id = renamed(&key, Some(SubpacketData::IssuerKeyId(key.legacy_key_id())));
    assert!(verify_inrelease(&message(TEXT, &[by_id]), &keyring, NOW).is_ok());
    assert_eq!(refusal(renamed(&key, None), &keyring), RefusalReason::UnknownKey);
    let unknown = SubpacketData::IssuerKeyId(KeyId::new([1; 8]));
    assert_eq!(
        refusal(renamed(&key, Some(unknown)), &keyring),
        RefusalReason::UnknownKey
    );
    let lying = SubpacketData::IssuerFingerprint(other.fingerprint());
    assert_eq!(
        refusal(renamed(&key, Some(lying)), &keyring),
        RefusalReason::Mismatch
    );
}

#[test]
fn an_encryption_subkey_cannot_sign_and_a_signing_one_can() {
    let (primary, subkey) = (ed25519(), new_subkey());
    let keyring = |fields| {
        let subkeys = vec![usual_bind(&primary, &subkey, fields)];
        KeyParts {
            subkeys,
            ..with_users(&primary, vec![user(&primary, vec![signs()])])
        }
        .keyring()
    };
    let signature = text_signature(&subkey, vec![]);
    let only_encrypts = keyring(vec![encrypts(), usual_back(&subkey, &primary)]);
    assert_eq!(
        refusal(signature.clone(), &only_encrypts),
        RefusalReason::Key(KeyProblem::NotForSigning)
    );
    let may_sign = keyring(vec![signs(), usual_back(&subkey, &primary)]);
    let verified = verify_inrelease(&message(TEXT, &[signature]), &may_sign, NOW).unwrap();
    assert_eq!(verified.signers, may_sign.fingerprints());
}

#[test]
fn version_6_is_verified() {
    let key = new_primary(&KeyType::Ed25519);
    let direct = vec![direct(&key, SignatureType::Key, vec![signs()])];
    let keyring = KeyParts {
        direct,
        ..with_users(&key, vec![])
    }
    .keyring();
    let good = text_signature(&key, vec![]);
    assert!(verify_inrelease(&message(TEXT, &[good]), &keyring, NOW).is_ok());
    let wrong = sign(&key, config(&key, SignatureType::Text, vec![]), "other");
    assert_eq!(refusal(wrong, &keyring), RefusalReason::Mismatch);
}

#[test]
fn the_number_of_signatures_is_bounded() {
    let key = ed25519();
    let many = vec![text_signature(&key, vec![]); MAX_SIGNATURES + 1];
    let keyring = usual(&key);
    assert_eq!(
        verify_inrelease(&message(TEXT, &many), &keyring, NOW),
        Err(VerifyError::TooMany {
            limit: MAX_SIGNATURES
        })
    );
    assert!(verify_inrelease(&message(TEXT, &many[1..]), &keyring, NOW).is_ok());
    let long = vec![b'x'; MAX_SIGNATURE_BYTES + 1];
    let error = verify_detached(b"", &long, &keyring, NOW).unwrap_err();
    assert!(
        matches!(error, VerifyError::Signatures(ReadError::TooLarge { .. })),
        "{error}"
    );
}

#[test]
fn every_refusal_names_the_maker_and_the_reason() {
    let (key, stranger) = (ed25519(), ed25519());
    let error = verify_inrelease(
        &message(TEXT, &[text_signature(&stranger, vec![])]),
        &usual(&key),
        NOW,
    );
    let name = format!("{:X}", stranger.fingerprint());
    assert_eq!(
        error.unwrap_err().to_string(),
        format!("no valid signature by a trusted key: signature by {name}: the key is not in the keyring")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn damage_is_refused_and_never_a_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        part in 0..3,
    ) {
        let key = ed25519();
        let keyring = usual(&key);
        let good = message(TEXT, &[text_signature(&key, vec![])]);
        let detached = sign(&key, config(&key, SignatureType::Binary, vec![]), TEXT);
        let damaged = |mut bytes: Vec<u8>| {
            for (place, value) in &changes {
                let place = place.index(bytes.len());
                bytes[place] = *value;
            }
            bytes
        };
        match part {
            0 => {
                if let Ok(verified) = verify_inrelease(&damaged(good), &keyring, NOW) {
                    prop_assert_eq!(verified.text, TEXT);
                }
            }
            1 => {
                // Binary, so that the damage reaches the packets.
                let mut bytes = Vec::new();
                pgp::packet::PacketTrait::to_writer_with_header(&detached, &mut bytes).unwrap();
                let _ = verify_detached(TEXT.as_bytes(), &damaged(bytes), &keyring, NOW);
            }
            _ => {
                if let Ok(keyring) = crate::Keyring::read(&damaged(keyring.to_binary())) {
                    if let Ok(verified) = verify_inrelease(&good, &keyring, NOW) {
                        prop_assert_eq!(verified.text, TEXT);
                    }
                    let _ = (keyring.to_binary(), keyring.to_armored());
                }
            }
        }
    }
}
