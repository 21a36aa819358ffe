//! What we sign, verified by gpgv.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use repogen::sign::keys::{self, NewKey, OsRng, SecretKey};
use repogen::sign::{KeyFiles, Signatures, Signer as _, sign_checked};

use crate::gpg::{DASHES, Gpg, RELEASE, now};

/// Stores a secret key the way the archive does.
pub(crate) fn store(gpg: &Gpg, name: &str, key: &SecretKey) -> PathBuf {
    let path = gpg.write(name, key.to_armored().unwrap());
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

pub(crate) fn generated(name: &str) -> SecretKey {
    keys::generate(
        &NewKey {
            user_id: name,
            created: now(),
            expires: None,
        },
        OsRng,
    )
    .unwrap()
}

/// gpgv must accept both forms, with one good signature for each key.
fn assert_gpgv_accepts(gpg: &Gpg, signer: &KeyFiles, release: &str, signatures: &Signatures) {
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

#[test]
fn gpgv_accepts_what_a_generated_key_signs() {
    let gpg = Gpg::new();
    let key = store(
        &gpg,
        "archive.pgp",
        &generated("Example archive signing key <archive@example.org>"),
    );
    let signer = KeyFiles::open(&key, &[]).unwrap();
    for release in [RELEASE, DASHES] {
        let signatures = sign_checked(&signer, release, now()).unwrap();
        assert_gpgv_accepts(&gpg, &signer, release, &signatures);
    }
}
