//! What we sign, verified by gpgv.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use debian_archive::sign::keys::{self, NewKey, OsRng, SecretKey};
use debian_archive::sign::{KeyFiles, Signatures, Signer as _, sign_checked};

use crate::gpg::{DASHES, Gpg, RELEASE, now};

/// Stores a secret key the way the archive does.
pub(crate) fn store(gpg: &Gpg, name: &str, key: &SecretKey) -> PathBuf {
    let path = gpg.write(name, key.to_armored().unwrap());
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

pub(crate) fn generated(name: &str) -> SecretKey {
    generated_until(name, None)
}

pub(crate) fn generated_until(name: &str, expires: Option<i64>) -> SecretKey {
    keys::generate(
        &NewKey {
            user_id: name,
            created: now(),
            expires,
        },
        OsRng,
    )
    .unwrap()
}

/// gpgv must accept both forms, with one good signature for each key.
pub(crate) fn assert_gpgv_accepts(gpg: &Gpg, signer: &KeyFiles, release: &str, signatures: &Signatures) {
    let keyring = gpg.write("keyring.gpg", signer.keyring().to_binary());
    let inrelease = gpg.write("InRelease", &signatures.inrelease);
    let (detached, data) = (
        gpg.write("Release.gpg", &signatures.detached),
        gpg.write("Release", release),
    );
    for files in [
        vec![inrelease.as_path()],
        vec![detached.as_path(), data.as_path()],
    ] {
        let output = gpg.gpgv(&keyring, &files);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{files:?}: {said}");
        assert_eq!(
            said.matches("Good signature").count(),
            signatures.signers.len(),
            "{said}"
        );
    }
}

/// Signs with key files, checks with ourselves and with gpgv.
pub(crate) fn assert_signs(gpg: &Gpg, keys: &[PathBuf], release: &str) {
    let (first, also) = keys.split_first().unwrap();
    let signer = KeyFiles::open(first, also).unwrap();
    let signatures = sign_checked(&signer, release, now()).unwrap();
    assert_eq!(signatures.signers.len(), keys.len());
    assert_gpgv_accepts(gpg, &signer, release, &signatures);
}

#[test]
fn gpgv_accepts_what_a_generated_key_signs() {
    let gpg = Gpg::new();
    let key = generated("Example archive signing key <archive@example.org>");
    let key = store(&gpg, "archive.pgp", &key);
    for release in [RELEASE, DASHES] {
        assert_signs(&gpg, std::slice::from_ref(&key), release);
    }
}

#[test]
fn gpg_reads_back_exactly_the_text_of_our_inrelease() {
    let gpg = Gpg::new();
    let key = generated("a");
    gpg.gpg(&["--import"], &key.to_keyring().to_binary());
    let signer = KeyFiles::open(&store(&gpg, "a.pgp", &key), &[]).unwrap();
    for release in [RELEASE, DASHES] {
        let inrelease = sign_checked(&signer, release, now()).unwrap().inrelease;
        assert_eq!(
            String::from_utf8(gpg.gpg(&["--decrypt"], &inrelease)).unwrap(),
            release
        );
    }
}

#[test]
fn two_keys_sign_one_message_together() {
    let gpg = Gpg::new();
    let keys = [
        store(&gpg, "old.pgp", &generated("old")),
        store(&gpg, "new.pgp", &generated("new")),
    ];
    assert_signs(&gpg, &keys, RELEASE);
}

#[test]
fn a_client_that_trusts_only_one_of_two_keys_is_content() {
    let gpg = Gpg::new();
    let keys = [generated("old"), generated("new")];
    let paths = [store(&gpg, "old.pgp", &keys[0]), store(&gpg, "new.pgp", &keys[1])];
    let signer = KeyFiles::open(&paths[0], &paths[1..]).unwrap();
    let signatures = sign_checked(&signer, RELEASE, now()).unwrap();
    let inrelease = gpg.write("InRelease", &signatures.inrelease);
    for key in &keys {
        let trusted = key.to_keyring();
        let verified = openpgp_policy::verify_inrelease(&signatures.inrelease, &trusted, now()).unwrap();
        assert_eq!(verified.signers, [key.fingerprint()]);
        // gpgv exits with 2 for the unknown signature, but calls the other one good; apt goes by that.
        let output = gpg.gpgv(&gpg.write("one.gpg", trusted.to_binary()), &[&inrelease]);
        assert_eq!(
            String::from_utf8_lossy(&output.stderr)
                .matches("Good signature")
                .count(),
            1
        );
    }
}

#[test]
fn gpgv_accepts_two_hundred_of_our_signatures() {
    let gpg = Gpg::new();
    let key = generated("many");
    let signer = KeyFiles::open(&store(&gpg, "many.pgp", &key), &[]).unwrap();
    let keyring = gpg.write("keyring.gpg", signer.keyring().to_binary());
    for round in 0..200 {
        let release = format!("{RELEASE}Round: {round}\n");
        let signatures = sign_checked(&signer, &release, now()).unwrap();
        let file = if round % 2 == 0 {
            &signatures.inrelease
        } else {
            &signatures.detached
        };
        let file = gpg.write(&format!("signed-{round}"), file);
        let data = gpg.write(&format!("data-{round}"), &release);
        let files = if round % 2 == 0 {
            vec![file.as_path()]
        } else {
            vec![file.as_path(), data.as_path()]
        };
        let output = gpg.gpgv(&keyring, &files);
        assert!(
            output.status.success(),
            "round {round}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_same_text_time_and_key_give_the_same_bytes() {
    let gpg = Gpg::new();
    let signer = KeyFiles::open(&store(&gpg, "a.pgp", &generated("a")), &[]).unwrap();
    let at = now();
    let first = signer.sign(RELEASE, at).unwrap();
    assert_eq!(first, signer.sign(RELEASE, at).unwrap());
    assert_ne!(first, signer.sign(RELEASE, at + 1).unwrap());
}

#[test]
fn gpg_agrees_with_what_a_generated_key_says_of_itself() {
    let gpg = Gpg::new();
    let expires = now() + 90 * 86_400;
    let key = generated_until("Example archive signing key <archive@example.org>", Some(expires));
    gpg.gpg(&["--import"], &key.to_keyring().to_binary());
    let listing = gpg.gpg(&["--with-colons", "--list-keys"], b"");
    let listing = String::from_utf8(listing).unwrap();
    let fields = |kind: &str| -> Vec<String> {
        let line = listing.lines().find(|line| line.starts_with(kind)).unwrap();
        line.split(':').map(str::to_owned).collect()
    };
    assert_eq!(fields("pub:")[3], "22", "the algorithm number that gpg 2.2 knows");
    assert_eq!(fields("pub:")[6], expires.to_string());
    assert_eq!(fields("pub:")[11], "scSC");
    assert_eq!(fields("fpr:")[9], key.fingerprint().to_string());
    assert_eq!(
        fields("uid:")[9],
        "Example archive signing key <archive@example.org>"
    );

    let info = keys::describe(key.to_armored().unwrap().as_bytes(), now())
        .unwrap()
        .remove(0);
    assert_eq!(info.expires, Some(expires));
    assert_eq!(info.fingerprint, key.fingerprint());
    assert_eq!(info.algorithm.to_string(), "ed25519");
}

#[test]
fn gpg_can_take_over_a_generated_secret_key() {
    let gpg = Gpg::new();
    let key = generated("archive");
    gpg.gpg(&["--import"], key.to_armored().unwrap().as_bytes());
    let inrelease = gpg.gpg(&["--clearsign"], RELEASE.as_bytes());
    let verified = openpgp_policy::verify_inrelease(&inrelease, &key.to_keyring(), now()).unwrap();
    assert_eq!(verified.text, RELEASE);
}
