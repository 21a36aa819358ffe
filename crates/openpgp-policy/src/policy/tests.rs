//! Certificates that a careless reader would trust.

use pgp::composed::KeyType;
use pgp::packet::{Subpacket, SubpacketData};
use pgp::types::{Password, RevocationKey, RevocationKeyClass, Tag};

use super::*;
use crate::testing::*;
use crate::{Certificate, Keyring};

fn problem(certificate: &Certificate) -> KeyProblem {
    certificate.signing_keys(NOW).unwrap_err()
}

#[test]
fn the_key_flags_decide_what_a_primary_key_may() {
    let key = ed25519();
    let with = |fields| with_users(&key, vec![user(&key, fields)]).certificate();
    assert_eq!(with(vec![signs()]).signing_keys(NOW).unwrap().len(), 1);
    for fields in [vec![certifies()], vec![encrypts()], vec![]] {
        let certificate = with(fields);
        assert_eq!(certificate.check(NOW), Ok(()));
        assert_eq!(problem(&certificate), KeyProblem::NotForSigning);
    }
}

#[test]
fn fields_outside_of_the_signed_area_say_nothing() {
    let key = ed25519();
    let mut frame = config(&key, SignatureType::CertPositive, vec![]);
    frame
        .unhashed_subpackets
        .push(Subpacket::regular(signs()).unwrap());
    let certificate = with_users(&key, vec![certify(&key, "user", frame)]).certificate();
    assert_eq!(problem(&certificate), KeyProblem::NotForSigning);
}

#[test]
fn a_key_without_a_self_signature_of_its_own_is_unbound() {
    let (key, stranger) = (ed25519(), ed25519());
    let bare = KeyParts {
        primary: &key,
        direct: vec![],
        users: vec![],
        subkeys: vec![],
    };
    assert_eq!(problem(&bare.certificate()), KeyProblem::Unbound);
    // Somebody else's signature over the user id, and one of our own over another user id.
    let foreign = user(&stranger, vec![signs()]);
    assert_eq!(
        problem(&with_users(&key, vec![foreign]).certificate()),
        KeyProblem::Unbound
    );
    let mut moved = user(&key, vec![signs()]);
    moved.id = certify(&key, "other", config(&key, SignatureType::CertPositive, vec![])).id;
    assert_eq!(
        problem(&with_users(&key, vec![moved]).certificate()),
        KeyProblem::Unbound
    );
}

#[test]
fn a_self_signature_with_sha1_binds_nothing() {
    let key = rsa();
    let frame = weak(config(&key, SignatureType::CertPositive, vec![signs()]));
    let certificate = with_users(&key, vec![certify(&key, "user", frame)]).certificate();
    assert_eq!(
        problem(&certificate),
        KeyProblem::WeakBinding {
            hash: "SHA1".to_owned()
        }
    );
}

#[test]
fn the_newest_self_signature_decides() {
    let key = ed25519();
    let mut both = user(&key, vec![at(BORN), key_lasts(50), signs()]);
    both.signatures
        .extend(user(&key, vec![at(BORN + 10), key_lasts(500), signs()]).signatures);
    let certificate = with_users(&key, vec![both.clone()]).certificate();
    assert_eq!(certificate.signs_until(NOW), Ok(Some(i64::from(BORN) + 500)));
    both.signatures.reverse();
    assert_eq!(
        with_users(&key, vec![both]).certificate().signs_until(NOW),
        Ok(Some(i64::from(BORN) + 500))
    );
    // Whichever user id it is on.
    let other = certify(
        &key,
        "other",
        config(
            &key,
            SignatureType::CertPositive,
            vec![at(BORN + 20), key_lasts(50), signs()],
        ),
    );
    let certificate = with_users(&key, vec![user(&key, vec![signs()]), other]).certificate();
    assert_eq!(
        problem(&certificate),
        KeyProblem::Expired {
            at: i64::from(BORN) + 50
        }
    );
}

#[test]
fn a_self_signature_from_the_future_or_over_does_not_count_yet() {
    let key = ed25519();
    let mut users = user(&key, vec![key_lasts(200), signs()]);
    users
        .signatures
        .extend(user(&key, vec![at(BORN + 500), signs()]).signatures);
    let brief = SubpacketData::SignatureExpirationTime(pgp::types::Duration::from_secs(40));
    users
        .signatures
        .extend(user(&key, vec![at(BORN + 50), brief, certifies()]).signatures);
    let certificate = with_users(&key, vec![users]).certificate();
    assert_eq!(certificate.signs_until(NOW), Ok(Some(i64::from(BORN) + 200)));
    assert_eq!(certificate.signs_until(NOW + 400), Ok(None));
}

#[test]
fn a_direct_signature_speaks_for_the_key_but_one_that_names_a_revoker_does_not() {
    let key = ed25519();
    let telling = direct(
        &key,
        SignatureType::Key,
        vec![at(BORN + 10), key_lasts(300), signs()],
    );
    let only_user = || vec![user(&key, vec![key_lasts(200), signs()])];
    let parts = KeyParts {
        direct: vec![telling],
        ..with_users(&key, only_user())
    };
    assert_eq!(
        parts.certificate().signs_until(NOW),
        Ok(Some(i64::from(BORN) + 300))
    );

    let revoker = RevocationKey::new(RevocationKeyClass::Default, key.algorithm(), &[7; 20]);
    let naming = direct(
        &key,
        SignatureType::Key,
        vec![at(BORN + 10), SubpacketData::RevocationKey(revoker)],
    );
    let parts = KeyParts {
        direct: vec![naming],
        ..with_users(&key, only_user())
    };
    assert_eq!(
        parts.certificate().signs_until(NOW),
        Ok(Some(i64::from(BORN) + 200))
    );
}

#[test]
fn zero_means_that_a_key_never_ends() {
    let key = ed25519();
    let certificate = with_users(&key, vec![user(&key, vec![key_lasts(0), signs()])]).certificate();
    assert_eq!(certificate.signs_until(NOW), Ok(None));
}

#[test]
fn a_key_from_the_future_does_not_count_beyond_the_grace() {
    let key = ed25519();
    let certificate = with_users(&key, vec![user(&key, vec![signs()])]).certificate();
    let born = i64::from(BORN);
    assert!(certificate.signing_keys(born - 10).is_ok());
    assert_eq!(
        certificate.signing_keys(born - 11),
        Err(KeyProblem::NotYetValid { from: born })
    );
}

#[test]
fn a_revoked_user_id_no_longer_speaks_for_the_key() {
    let key = ed25519();
    let mut revoked = user(&key, vec![signs()]);
    let frame = config(&key, SignatureType::CertRevocation, vec![at(BORN + 10)]);
    let revocation = frame
        .sign_certification(
            &key,
            key.public_key(),
            &Password::empty(),
            Tag::UserId,
            &revoked.id,
        )
        .unwrap();
    revoked.signatures.push(revocation);
    assert_eq!(
        problem(&with_users(&key, vec![revoked.clone()]).certificate()),
        KeyProblem::Unbound
    );
    // Certified anew, it may sign.
    revoked
        .signatures
        .extend(user(&key, vec![at(BORN + 20), signs()]).signatures);
    assert!(
        with_users(&key, vec![revoked])
            .certificate()
            .signing_keys(NOW)
            .is_ok()
    );
}

#[test]
fn only_its_own_revocation_revokes_a_key() {
    let (key, stranger) = (ed25519(), ed25519());
    let revocation = direct(&key, SignatureType::KeyRevocation, vec![at(BORN + 5000)]);
    let parts = |direct| KeyParts {
        direct,
        ..with_users(&key, vec![user(&key, vec![signs()])])
    };
    // Even one from the future.
    assert_eq!(
        problem(&parts(vec![revocation]).certificate()),
        KeyProblem::Revoked
    );
    let foreign = config(&stranger, SignatureType::KeyRevocation, vec![])
        .sign_key(&stranger, &Password::empty(), key.public_key())
        .unwrap();
    assert!(parts(vec![foreign]).certificate().signing_keys(NOW).is_ok());
    let mut posing = config(&stranger, SignatureType::KeyRevocation, vec![]);
    posing.hashed_subpackets =
        vec![Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint())).unwrap()];
    let posing = posing
        .sign_key(&stranger, &Password::empty(), key.public_key())
        .unwrap();
    assert!(parts(vec![posing]).certificate().signing_keys(NOW).is_ok());
}

/// A certify-only primary key with one subkey.
fn with_subkey(primary: &pgp::packet::SecretKey, bound: pgp::composed::SignedPublicSubKey) -> Certificate {
    let users = vec![user(primary, vec![certifies()])];
    KeyParts {
        subkeys: vec![bound],
        ..with_users(primary, users)
    }
    .certificate()
}

#[test]
fn a_signing_subkey_needs_binding_flag_and_back_signature() {
    let (primary, subkey, other) = (ed25519(), new_subkey(), new_subkey());
    let bound = |fields| with_subkey(&primary, usual_bind(&primary, &subkey, fields));
    let good = bound(vec![signs(), usual_back(&subkey, &primary)]);
    assert_eq!(good.signing_keys(NOW).unwrap().len(), 1);
    assert_eq!(problem(&bound(vec![encrypts()])), KeyProblem::NotForSigning);
    assert_eq!(problem(&bound(vec![signs()])), KeyProblem::NoBackSignature);
    assert_eq!(
        problem(&bound(vec![signs(), usual_back(&other, &primary)])),
        KeyProblem::NoBackSignature
    );
    assert_eq!(
        problem(&bound(vec![signs(), usual_back(&subkey, &ed25519())])),
        KeyProblem::NoBackSignature
    );
}

#[test]
fn a_back_signature_with_sha1_confirms_nothing() {
    let (primary, subkey) = (ed25519(), subkey_of(&KeyType::Rsa(2048)));
    let certificate = |back| with_subkey(&primary, usual_bind(&primary, &subkey, vec![signs(), back]));
    assert_eq!(
        certificate(usual_back(&subkey, &primary))
            .signing_keys(NOW)
            .unwrap()
            .len(),
        1
    );
    let sha1 = back(
        &subkey,
        weak(config(&subkey, SignatureType::KeyBinding, vec![])),
        &primary,
    );
    assert_eq!(problem(&certificate(sha1)), KeyProblem::NoBackSignature);
}

#[test]
fn an_adopted_subkey_stays_with_its_owner() {
    let (owner, thief, subkey) = (ed25519(), ed25519(), new_subkey());
    let fields = || vec![signs(), usual_back(&subkey, &owner)];
    // The thief binds it with his own key, having only the owner's back signature.
    assert_eq!(
        problem(&with_subkey(&thief, usual_bind(&thief, &subkey, fields()))),
        KeyProblem::NoBackSignature
    );
    // Or copies the owner's binding.
    assert_eq!(
        problem(&with_subkey(&thief, usual_bind(&owner, &subkey, fields()))),
        KeyProblem::Unbound
    );
}

#[test]
fn a_subkey_bound_with_sha1_is_not_bound() {
    let (primary, subkey) = (rsa(), new_subkey());
    let fields = vec![signs(), usual_back(&subkey, &primary)];
    let frame = weak(config(&primary, SignatureType::SubkeyBinding, fields));
    let certificate = with_subkey(&primary, bind(&primary, &subkey, frame));
    assert_eq!(
        problem(&certificate),
        KeyProblem::WeakBinding {
            hash: "SHA1".to_owned()
        }
    );
}

#[test]
fn a_subkey_ends_with_its_primary_key() {
    let (primary, subkey) = (ed25519(), new_subkey());
    let certificate = |primary_lasts, subkey_lasts| {
        let fields = vec![signs(), key_lasts(subkey_lasts), usual_back(&subkey, &primary)];
        let users = vec![user(&primary, vec![certifies(), key_lasts(primary_lasts)])];
        let subkeys = vec![usual_bind(&primary, &subkey, fields)];
        KeyParts {
            subkeys,
            ..with_users(&primary, users)
        }
        .certificate()
    };
    let born = i64::from(BORN);
    assert_eq!(certificate(500, 900).signs_until(NOW), Ok(Some(born + 500)));
    assert_eq!(certificate(900, 500).signs_until(NOW), Ok(Some(born + 500)));
    assert_eq!(certificate(0, 500).signs_until(NOW), Ok(Some(born + 500)));
    assert_eq!(
        problem(&certificate(50, 500)),
        KeyProblem::Expired { at: born + 50 }
    );
    assert_eq!(
        problem(&certificate(500, 50)),
        KeyProblem::Expired { at: born + 50 }
    );
}

#[test]
fn a_key_of_version_6_counts() {
    let key = new_primary(&KeyType::Ed25519);
    let direct = vec![direct(&key, SignatureType::Key, vec![signs()])];
    let certificate = KeyParts {
        direct,
        ..with_users(&key, vec![])
    }
    .certificate();
    let keys = certificate.signing_keys(NOW).unwrap();
    assert_eq!(keys[0].fingerprint.to_string().len(), 64);
}

#[test]
fn algorithms_beyond_the_list_are_refused() {
    use pgp::crypto::ecc_curve::ECCCurve::Secp256k1;
    let key = new_primary(&KeyType::ECDSA(Secp256k1));
    let certificate = with_users(&key, vec![user(&key, vec![signs()])]).certificate();
    assert_eq!(problem(&certificate), KeyProblem::Weak(Algorithm::Other(19)));
}

#[test]
fn copies_of_a_certificate_are_joined() {
    let (key, subkey) = (ed25519(), new_subkey());
    let users = || vec![user(&key, vec![signs()])];
    let plain = with_users(&key, users()).keyring();
    let fields = vec![signs(), usual_back(&subkey, &key)];
    let longer = KeyParts {
        subkeys: vec![usual_bind(&key, &subkey, fields)],
        ..with_users(&key, vec![])
    }
    .keyring();
    let both = Keyring::read(&[plain.to_binary(), longer.to_binary(), plain.to_binary()].concat()).unwrap();
    assert_eq!(both.certificates().len(), 1);
    assert_eq!(both.certificates()[0].signing_keys(NOW).unwrap().len(), 2);
    assert_eq!(both.certificates()[0].user_ids(), ["user"]);
    let again = Keyring::read(&[both.to_binary(), plain.to_binary()].concat()).unwrap();
    assert_eq!(again.to_binary(), both.to_binary());
}

#[test]
fn a_revocation_of_another_key_is_left_alone() {
    let (one, two) = (ed25519(), ed25519());
    let revocation = direct(&one, SignatureType::KeyRevocation, vec![]);
    let revoked = KeyParts {
        direct: vec![revocation],
        ..with_users(&one, vec![user(&one, vec![signs()])])
    };
    let keyring = Keyring::read(&[revoked.keyring().to_binary(), usual(&two).to_binary()].concat()).unwrap();
    assert_eq!(problem(&keyring.certificates()[0]), KeyProblem::Revoked);
    assert!(keyring.certificates()[1].signing_keys(NOW).is_ok());
}
