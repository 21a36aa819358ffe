//! Key files that must be refused, each for its own reason.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use debian_archive::sign::keys::KeyError;
use debian_archive::sign::{KeyFiles, KeyNoticeKind, SignError, Signer as _, key_notices, sign_checked};
use openpgp_policy::{Algorithm, Keyring};

use crate::gpg::{Gpg, RELEASE, now};
use crate::ours::{generated, generated_until, store};

#[test]
fn a_missing_key_file_is_named() {
    let gpg = Gpg::new();
    let error = KeyFiles::open(&gpg.path("none.pgp"), &[]).unwrap_err();
    assert!(matches!(error, SignError::Missing { .. }), "{error}");
    assert!(error.hint().unwrap().contains("repogen key generate"));
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let gpg = Gpg::new();
    let path = store(&gpg, "a.pgp", &generated("a"));
    for mode in [0o640, 0o604, 0o620, 0o644, 0o666] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let error = KeyFiles::open(&path, &[]).unwrap_err();
        assert!(
            matches!(error, SignError::Permissions { mode: found, .. } if found == mode),
            "{error}"
        );
        assert_eq!(
            error.hint().unwrap(),
            format!("run `chmod 600 {}`", path.display())
        );
    }
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    assert!(KeyFiles::open(&path, &[]).is_ok());
}

#[test]
fn what_is_no_secret_key_is_refused() {
    let gpg = Gpg::new();
    let public = generated("a").to_keyring().to_armored();
    for (name, bytes) in [("empty", ""), ("words", "words\n"), ("public", public.as_str())] {
        let path = gpg.write(name, bytes);
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let error = KeyFiles::open(&path, &[]).unwrap_err();
        assert!(matches!(error, SignError::Key { .. }), "{name}: {error}");
    }
    let error = KeyFiles::open(gpg.path("").as_path(), &[]).unwrap_err();
    assert!(matches!(error, SignError::Unreadable { .. }), "{error}");
}

#[test]
fn a_locked_key_file_is_refused() {
    let gpg = Gpg::new();
    gpg.gpg(
        &[
            "--passphrase",
            "p",
            "--quick-generate-key",
            "key",
            "ed25519",
            "sign",
            "0",
        ],
        b"",
    );
    let path = gpg.write(
        "locked.pgp",
        gpg.gpg(&["--passphrase", "p", "--export-secret-keys"], b""),
    );
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let error = KeyFiles::open(&path, &[]).unwrap_err();
    assert!(matches!(error, SignError::Locked { .. }), "{error}");
    assert!(error.hint().unwrap().contains("repogen key import"));
}

#[test]
fn one_key_twice_is_refused() {
    let gpg = Gpg::new();
    let key = generated("a");
    let paths = [store(&gpg, "a.pgp", &key), store(&gpg, "b.pgp", &key)];
    assert!(matches!(
        KeyFiles::open(&paths[0], &paths[1..]),
        Err(SignError::Twice { .. })
    ));
}

#[test]
fn the_main_key_must_not_have_expired() {
    let gpg = Gpg::new();
    let path = store(&gpg, "a.pgp", &generated_until("a", Some(now() + 86_400)));
    let signer = KeyFiles::open(&path, &[]).unwrap();
    assert!(sign_checked(&signer, RELEASE, now()).is_ok());
    let error = sign_checked(&signer, RELEASE, now() + 2 * 86_400).unwrap_err();
    assert!(matches!(error, SignError::Unusable { .. }), "{error}");
    assert!(error.hint().unwrap().contains("rotate"));
}

#[test]
fn a_further_key_that_expires_does_not_stop_the_archive() {
    let gpg = Gpg::new();
    let (main, old) = (generated("main"), generated_until("old", Some(now() + 86_400)));
    let signer = KeyFiles::open(&store(&gpg, "main.pgp", &main), &[store(&gpg, "old.pgp", &old)]).unwrap();
    assert_eq!(signer.sign(RELEASE, now()).unwrap().signers.len(), 2);
    let later = now() + 2 * 86_400;
    assert_eq!(
        sign_checked(&signer, RELEASE, later).unwrap().signers,
        [main.fingerprint()]
    );
    let notices = key_notices(signer.keyring(), later, 30);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].fingerprint, old.fingerprint());
    assert!(matches!(notices[0].kind, KeyNoticeKind::Unusable(_)));
}

#[test]
fn the_end_of_a_key_is_announced_thirty_days_ahead() {
    let at = now();
    let keyring = generated_until("a", Some(at + 40 * 86_400)).to_keyring();
    assert_eq!(key_notices(&keyring, at, 30), []);
    assert_eq!(
        key_notices(&keyring, at + 11 * 86_400, 30)[0].kind,
        KeyNoticeKind::EndsIn { days: 29 }
    );
    assert_eq!(key_notices(&generated("b").to_keyring(), at, 30), []);
}

#[test]
fn short_rsa_keys_are_announced_and_long_ones_are_not() {
    let gpg = Gpg::new();
    let notices = |kind: &str| {
        gpg.generate(kind, kind, "sign", "0");
        let keyring = Keyring::read(&gpg.gpg(&["--export", kind], b"")).unwrap();
        key_notices(&keyring, now(), 30)
            .into_iter()
            .map(|notice| notice.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        notices("rsa2048"),
        [KeyNoticeKind::Ending(Algorithm::Rsa { bits: 2048 })]
    );
    assert_eq!(notices("rsa3072"), []);
}

#[test]
fn no_secret_shows_in_debug_output() {
    let gpg = Gpg::new();
    let key = generated("a");
    let signer = KeyFiles::open(&store(&gpg, "a.pgp", &key), &[]).unwrap();
    assert_eq!(format!("{key:?}"), format!("SecretKey({})", key.fingerprint()));
    let shown = format!("{signer:?}");
    assert!(
        shown.contains(&format!("SecretKey({})", key.fingerprint())) && !shown.contains("secret_params"),
        "{shown}"
    );
}

#[test]
fn keys_that_cannot_be_written_are_refused() {
    use debian_archive::sign::keys::{NewKey, OsRng, generate};
    let make = |user_id: &str, created: i64, expires: Option<i64>| {
        generate(
            &NewKey {
                user_id,
                created,
                expires,
            },
            OsRng,
        )
    };
    for user_id in ["", " a", "a\nb", "a\0", &"x".repeat(201)] {
        assert!(
            matches!(make(user_id, 1, None), Err(KeyError::UserId(_))),
            "{user_id:?}"
        );
    }
    assert!(matches!(make("a", -1, None), Err(KeyError::Time(-1))));
    assert!(matches!(make("a", 1 << 32, None), Err(KeyError::Time(_))));
    assert!(matches!(make("a", 10, Some(10)), Err(KeyError::Lifetime { .. })));
    assert!(matches!(make("a", 10, Some(1 << 32)), Err(KeyError::Time(_))));
}
