//! Keys that gpg made and exported.

use debian_archive::sign::keys::{self, KeyError, SecretKey};
use debian_archive::sign::{KeyFiles, SignError, Signer as _, sign_checked};

use crate::gpg::{Gpg, RELEASE, now};
use crate::ours::{assert_gpgv_accepts, assert_signs, generated, store};

/// Imports what gpg exports with `args`, and signs with it.
fn assert_import_signs(gpg: &Gpg, args: &[&str], passphrase: Option<&str>) {
    let exported = gpg.gpg(args, b"");
    let key = keys::import(&exported, passphrase, now()).unwrap();
    assert!(!key.is_locked());
    assert_signs(gpg, &[store(gpg, "imported.pgp", &key)], RELEASE);
}

#[test]
fn an_ed25519_key_is_imported_armoured_or_binary() {
    let gpg = Gpg::new();
    gpg.generate("plain", "ed25519", "sign", "0");
    assert_import_signs(&gpg, &["--armor", "--export-secret-keys", "plain"], None);
    assert_import_signs(&gpg, &["--export-secret-keys", "plain"], None);
}

#[test]
fn an_rsa_key_is_imported() {
    let gpg = Gpg::new();
    gpg.generate("rsa", "rsa3072", "sign", "0");
    assert_import_signs(&gpg, &["--armor", "--export-secret-keys", "rsa"], None);
}

#[test]
fn a_nist_key_is_imported() {
    let gpg = Gpg::new();
    for kind in ["nistp256", "nistp384", "nistp521"] {
        gpg.generate(kind, kind, "sign", "0");
        assert_import_signs(&gpg, &["--armor", "--export-secret-keys", kind], None);
    }
}

#[test]
fn a_locked_key_needs_its_passphrase_once() {
    let gpg = Gpg::new();
    for kind in ["ed25519", "rsa3072"] {
        gpg.gpg(
            &[
                "--passphrase",
                "open sesame",
                "--quick-generate-key",
                kind,
                kind,
                "sign",
                "0",
            ],
            b"",
        );
        let export = [
            "--passphrase",
            "open sesame",
            "--armor",
            "--export-secret-keys",
            kind,
        ];
        let exported = gpg.gpg(&export, b"");
        assert!(matches!(
            keys::import(&exported, None, now()),
            Err(KeyError::Locked)
        ));
        assert!(matches!(
            keys::import(&exported, Some("wrong"), now()),
            Err(KeyError::Passphrase)
        ));
        assert_import_signs(&gpg, &export, Some("open sesame"));
    }
}

#[test]
fn a_signing_subkey_signs_in_place_of_the_primary() {
    let gpg = Gpg::new();
    let fingerprint = gpg.generate("sub", "ed25519", "cert", "0");
    gpg.add_subkey(&fingerprint, "ed25519", "sign", "0");
    gpg.add_subkey(&fingerprint, "cv25519", "encr", "0");
    assert_import_signs(&gpg, &["--export-secret-keys", "sub"], None);
}

#[test]
fn an_offline_primary_key_does_not_matter_when_a_subkey_signs() {
    let gpg = Gpg::new();
    for (name, passphrase) in [("open", ""), ("locked", "secret")] {
        let pass = ["--passphrase", passphrase];
        let with = |args: &[&str]| gpg.gpg(&[&pass[..], args].concat(), b"");
        with(&["--quick-generate-key", name, "rsa3072", "cert", "0"]);
        let fingerprint = gpg.fingerprint(name);
        with(&["--quick-add-key", &fingerprint, "ed25519", "sign", "0"]);
        let export = [&pass[..], &["--armor", "--export-secret-subkeys", name]].concat();
        assert_import_signs(&gpg, &export, (!passphrase.is_empty()).then_some(passphrase));
    }
}

#[test]
fn a_key_without_any_secret_that_may_sign_is_refused() {
    let gpg = Gpg::new();
    let fingerprint = gpg.generate("encrypting", "ed25519", "sign", "0");
    gpg.add_subkey(&fingerprint, "cv25519", "encr", "0");
    let exported = gpg.gpg(&["--export-secret-subkeys", "encrypting"], b"");
    assert!(matches!(
        keys::import(&exported, None, now()),
        Err(KeyError::NoSecret)
    ));
    // Put there by hand, it is told of before anything is signed.
    let path = store(&gpg, "encrypting.pgp", &SecretKey::read(&exported).unwrap());
    let signer = KeyFiles::open(&store(&gpg, "main.pgp", &generated("main")), &[path]).unwrap();
    let problems = signer.problems(now());
    assert!(
        matches!(problems[..], [SignError::NoSecret { .. }]),
        "{problems:?}"
    );
}

#[test]
fn what_is_no_single_secret_key_is_refused_with_its_name() {
    let gpg = Gpg::new();
    gpg.generate("one", "ed25519", "sign", "0");
    gpg.generate("two", "ed25519", "sign", "0");
    let import = |args: &[&str]| keys::import(&gpg.gpg(args, b""), None, now());
    assert!(matches!(import(&["--export", "one"]), Err(KeyError::Public)));
    assert!(matches!(
        import(&["--armor", "--export", "one"]),
        Err(KeyError::Public)
    ));
    assert!(matches!(
        import(&["--export-secret-keys"]),
        Err(KeyError::Several { .. })
    ));
    assert!(matches!(
        import(&["--armor", "--export-secret-keys"]),
        Err(KeyError::Several { .. })
    ));
    assert!(matches!(keys::import(b"", None, now()), Err(KeyError::NoKey)));
    assert!(matches!(
        keys::import(b"hello", None, now()),
        Err(KeyError::NoKey)
    ));
    let whole = gpg.gpg(&["--export-secret-keys", "one"], b"");
    assert!(matches!(
        keys::import(&whole[..whole.len() / 2], None, now()),
        Err(KeyError::Malformed(_))
    ));
}

#[test]
fn an_imported_and_a_generated_key_sign_together() {
    let gpg = Gpg::new();
    gpg.generate("rsa", "rsa2048", "sign", "0");
    let imported = keys::import(&gpg.gpg(&["--export-secret-keys", "rsa"], b""), None, now()).unwrap();
    let paths = [
        store(&gpg, "rsa.pgp", &imported),
        store(&gpg, "ed.pgp", &generated("ed")),
    ];
    let signer = KeyFiles::open(&paths[0], &paths[1..]).unwrap();
    let signatures = sign_checked(&signer, RELEASE, now()).unwrap();
    assert_eq!(signer.keyring().certificates().len(), 2);
    assert_gpgv_accepts(&gpg, &signer, RELEASE, &signatures);
}

#[test]
fn public_halves_come_out_as_gpg_has_them() {
    let gpg = Gpg::new();
    let fingerprint = gpg.generate("sub", "ed25519", "cert", "0");
    gpg.add_subkey(&fingerprint, "ed25519", "sign", "1y");
    let keyring = keys::export_public(&gpg.gpg(&["--export-secret-keys"], b"")).unwrap();
    assert_eq!(keyring.to_binary(), gpg.gpg(&["--export"], b""));
    let armored = openpgp_policy::Keyring::read(keyring.to_armored().as_bytes()).unwrap();
    assert_eq!(armored.to_binary(), keyring.to_binary());
}

#[test]
fn keys_that_gpgv_does_not_know_are_refused() {
    use pgp::composed::{ArmorOptions, KeyType, SecretKeyParamsBuilder};
    use pgp::types::KeyVersion;
    let import = |version, kind| {
        let mut key = SecretKeyParamsBuilder::default();
        key.version(version)
            .key_type(kind)
            .can_certify(true)
            .can_sign(true)
            .primary_user_id("new".to_owned());
        let key = key.build().unwrap().generate(keys::OsRng).unwrap();
        keys::import(
            key.to_armored_string(ArmorOptions::default()).unwrap().as_bytes(),
            None,
            now(),
        )
    };
    assert!(matches!(
        import(KeyVersion::V4, KeyType::Ed25519),
        Err(KeyError::Novel(27))
    ));
    assert!(matches!(
        import(KeyVersion::V4, KeyType::Ed448),
        Err(KeyError::Novel(28))
    ));
    assert!(matches!(
        import(KeyVersion::V6, KeyType::Ed25519),
        Err(KeyError::Version(6))
    ));
    assert!(import(KeyVersion::V4, KeyType::Ed25519Legacy).is_ok());
}
