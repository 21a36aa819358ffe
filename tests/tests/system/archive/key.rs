//! Signing keys: those of other programs, those held elsewhere, and the change from one to the next.

use archive_tests::{Apt, DebBuilder, Gpg, Run, TestArchive, apt};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, &apt::native_architecture())
}

/// Says whether gpgv finds a good signature in `InRelease` and in `Release.gpg`, by a key of `keyring`.
///
/// Its exit code speaks of all signatures, and during a rotation a client knows one of two; apt asks as this does.
fn accepted_with(archive: &TestArchive, keyring: &Path) -> bool {
    let release = archive.root().join("dists/stable");
    let good = |files: &[PathBuf]| {
        let run = Run::of(
            Command::new("gpgv")
                .args(["--status-fd", "1", "--keyring"])
                .arg(keyring)
                .args(files),
        );
        assert!(!run.stdout.contains("] BADSIG "), "{}", run.report());
        run.stdout.contains("] GOODSIG ")
    };
    let inline = good(&[release.join("InRelease")]);
    assert_eq!(
        good(&[release.join("Release.gpg"), release.join("Release")]),
        inline,
        "the two forms differ"
    );
    inline
}

/// Keeps the keyring that is published now, as a client that will not hear of a later one.
fn keep_keyring(archive: &TestArchive, name: &str) -> PathBuf {
    fs::create_dir_all(archive.outside()).unwrap();
    let kept = archive.outside().join(name);
    fs::copy(archive.root().join("archive-keyring.pgp"), &kept).unwrap();
    kept
}

fn published() -> TestArchive {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    archive
}

#[test]
fn during_a_rotation_clients_with_either_key_are_served() {
    let archive = published();
    let old = keep_keyring(&archive, "old.pgp");
    archive.repogen(&["key", "rotate"]).ok();
    assert!(
        accepted_with(&archive, &old),
        "a client that has only the old key"
    );
    let both = keep_keyring(&archive, "both.pgp");
    assert_ne!(
        fs::read(&old).unwrap(),
        fs::read(&both).unwrap(),
        "the new key is published"
    );
    assert!(accepted_with(&archive, &both));

    archive.repogen(&["key", "rotate", "--finish"]).ok();
    assert!(accepted_with(&archive, &both), "a client that was told in time");
    assert!(!accepted_with(&archive, &old), "the old key no longer signs");
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_second_rotation_does_not_lead_back_to_the_key_that_the_first_led_away_from() {
    let archive = published();
    // The file and role of each key.
    let roles = || {
        let listed = archive.repogen(&["key", "list"]).ok();
        let rows = listed.rows();
        let main = rows.iter().find(|row| row[0] == "key").unwrap();
        (main[1].to_owned(), rows.len())
    };
    let (first, _) = roles();
    archive.repogen(&["key", "rotate"]).ok();
    let (second, count) = roles();
    assert_eq!(count, 2);
    archive.repogen(&["key", "rotate"]).ok();
    let (third, count) = roles();
    assert!(third != first && third != second && count == 3);
    // One that is named is another matter, and one that was made for it is taken.
    archive.repogen(&["key", "rotate", &first]).ok();
    assert_eq!(roles().0, first);
    archive.repogen(&["key", "rotate"]).ok();
    assert_eq!(roles(), (third, 3));
}

#[test]
fn apt_goes_on_in_silence_through_a_rotation() {
    let (archive, _nginx) = TestArchive::served(&["--architecture", &apt::native_architecture()]);
    let old = Apt::new(&archive.read("stable.sources"));
    old.update().silent();
    archive.repogen(&["key", "rotate"]).ok();
    old.update().silent();
    let told = Apt::new(&archive.read("stable.sources"));
    told.update().silent();
    archive.repogen(&["key", "rotate", "--finish"]).ok();
    told.update().silent();
    let left_behind = old.update();
    assert!(
        left_behind
            .complaints()
            .iter()
            .any(|line| line.contains("NO_PUBKEY")),
        "{}",
        left_behind.run.report()
    );
}

#[test]
fn a_locked_key_of_gpg_is_imported_and_signs_what_apt_accepts() {
    for algorithm in ["ed25519", "rsa3072", "nistp256"] {
        let gpg = Gpg::new();
        let fingerprint = gpg.key(algorithm, "open sesame");
        let secret = gpg.export_secret(&fingerprint, "open sesame");
        let (archive, _nginx) = TestArchive::served(&["--architecture", &apt::native_architecture()]);
        let passphrase = archive.root().join("passphrase");
        fs::write(&passphrase, "open sesame\n").unwrap();

        let import = [
            "key",
            "import",
            secret.to_str().unwrap(),
            "--passphrase-file",
            passphrase.to_str().unwrap(),
        ];
        archive.repogen(&import).ok();
        archive.repogen(&["key", "rotate", &fingerprint]).ok();
        archive.repogen(&["key", "rotate", "--finish"]).ok();
        assert!(
            archive.read("repository.json").contains(&fingerprint),
            "{algorithm}"
        );
        Apt::new(&archive.read("stable.sources")).update().silent();
    }
}

#[test]
fn a_wrong_passphrase_imports_nothing() {
    let gpg = Gpg::new();
    let secret = gpg.export_secret(&gpg.key("ed25519", "open sesame"), "open sesame");
    let archive = published();
    let before = archive.read("repogen.toml");
    let passphrase = archive.root().join("passphrase");
    fs::write(&passphrase, "open barley\n").unwrap();
    let run = archive.repogen(&[
        "key",
        "import",
        secret.to_str().unwrap(),
        "--passphrase-file",
        passphrase.to_str().unwrap(),
    ]);
    assert_eq!(run.code, 1, "{}", run.report());
    assert!(run.stderr.contains("passphrase"), "{}", run.report());
    assert!(!run.stderr.contains("barley"), "a secret is never printed");
    assert_eq!(archive.read("repogen.toml"), before);
    assert_eq!(fs::read_dir(archive.root().join("keys")).unwrap().count(), 1);
}

#[test]
fn a_command_signs_with_a_key_that_it_keeps() {
    let gpg = Gpg::new();
    let fingerprint = gpg.key("ed25519", "");
    let archive = published();
    let command = format!(
        "command = [\"gpg\", \"--homedir\", \"{}\", \"--batch\", \"--local-user\", \"{fingerprint}\"]",
        gpg.home().display()
    );
    archive.configure("key = \"keys/archive.pgp\"", &command);
    archive.repogen(&["publish", "--force"]).ok();
    let keyring = keep_keyring(&archive, "keyring.pgp");
    assert!(accepted_with(&archive, &keyring));
    assert!(archive.read("repository.json").contains(&fingerprint));
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_command_that_fails_is_a_signing_failure_with_what_it_said() {
    let archive = published();
    let before = archive.read("dists/stable/InRelease");
    let script = archive.root().join("signer");
    fs::write(
        &script,
        "#!/bin/sh\necho the card is not in its slot >&2\nexit 7\n",
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    archive.configure(
        "key = \"keys/archive.pgp\"",
        &format!("command = [\"{}\"]", script.display()),
    );
    let run = archive.repogen(&["publish", "--force"]).exits(4);
    assert!(
        run.stderr.contains("the card is not in its slot"),
        "{}",
        run.report()
    );
    assert_eq!(archive.read("dists/stable/InRelease"), before);
}

#[test]
fn a_key_whose_time_is_over_signs_nothing() {
    let gpg = Gpg::new();
    gpg.gpg(&[
        "--faked-system-time",
        "20240101T000000",
        "--passphrase",
        "",
        "--quick-generate-key",
        "Old <old@example.org>",
        "ed25519",
        "sign",
        "1d",
    ])
    .ok();
    let secret = gpg.export_secret("old@example.org", "");
    let archive = published();
    let before = archive.read("dists/stable/InRelease");
    let key = archive.root().join("keys/archive.pgp");
    fs::remove_file(&key).unwrap();
    fs::copy(secret, &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let run = archive.repogen(&["publish", "--force"]).exits(4);
    assert!(run.stderr.contains("expired"), "{}", run.report());
    assert_eq!(archive.read("dists/stable/InRelease"), before);
}

#[test]
fn a_key_that_others_may_read_signs_nothing() {
    let archive = published();
    let key = archive.root().join("keys/archive.pgp");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let run = archive.repogen(&["publish", "--force"]).exits(4);
    assert!(run.stderr.contains("keys/archive.pgp"), "{}", run.report());
}

#[test]
fn the_list_of_keys_has_what_gpg_shows_of_them() {
    let archive = published();
    let listed = archive.repogen(&["key", "list"]).ok();
    let rows = listed.rows();
    assert_eq!((rows.len(), rows[0][0]), (1, "key"), "{}", listed.report());
    let exported = archive.repogen(&["key", "export"]).ok().stdout;
    assert!(
        exported.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"),
        "{exported}"
    );
    let file = archive.root().join("exported.asc");
    fs::write(&file, exported).unwrap();
    let shown = Gpg::new()
        .gpg(&["--with-colons", "--show-keys", file.to_str().unwrap()])
        .ok()
        .stdout;
    assert!(
        shown.contains(&format!("fpr:::::::::{}:", rows[0][1])),
        "{shown}\n{}",
        listed.report()
    );
}

#[test]
fn a_main_key_that_is_gone_is_replaced_by_what_the_hint_says() {
    let lost = |extra: bool| {
        let archive = published();
        if extra {
            archive.repogen(&["key", "generate"]).ok();
            archive.publish();
        }
        fs::remove_file(archive.home().join("keys/archive.pgp")).unwrap();
        let refused = archive.repogen(&["publish", "--force"]).exits(4);
        assert!(
            refused.stderr.contains("`repogen key generate`"),
            "{}",
            refused.report()
        );
        archive
    };
    let archive = lost(false);
    let made = archive.repogen(&["key", "generate"]).ok();
    assert!(made.stderr.contains("the main key now"), "{}", made.report());
    // Clients know none of the keys: somebody has to bring them this one.
    let run = archive.repogen(&["publish"]).ok();
    let warning = "none of the keys that sign it signed what was served before";
    assert!(run.stderr.contains(warning), "{}", run.report());
    let again = archive.repogen(&["publish", "--force"]).ok();
    assert!(!again.stderr.contains(warning), "{}", again.report());
    archive.repogen(&["verify"]).ok();
    // The folder is lost with what was in it.
    let archive = published();
    let keys = archive.home().join("keys");
    fs::remove_dir_all(&keys).unwrap();
    archive.repogen(&["key", "generate"]).ok();
    assert_eq!(keys.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    archive.repogen(&["publish", "--force"]).ok();
    // A key that signed beside it becomes the main key, and clients that have it go on.
    let archive = lost(true);
    let kept = keep_keyring(&archive, "both.pgp");
    let rotated = archive.repogen(&["key", "rotate"]).ok();
    assert!(!rotated.stderr.contains(warning), "{}", rotated.report());
    assert!(accepted_with(&archive, &kept));
    archive.repogen(&["verify"]).ok();
}
