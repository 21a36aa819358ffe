//! Signing with a program.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, iter};

use debian_archive::sign::{CommandOptions, ExternalCommand, SignError, Signer as _, sign_checked};

use crate::gpg::{DASHES, Gpg, RELEASE, now};

/// A signing command that is gpg in a home of its own.
fn gpg_command(gpg: &Gpg, more: &[&str]) -> Vec<String> {
    let home = gpg.path("").display().to_string();
    ["gpg", "--homedir", &home, "--batch"]
        .iter()
        .chain(more)
        .map(|word| (*word).to_owned())
        .collect()
}

fn open(command: &[String], certificate: Option<&PathBuf>) -> Result<ExternalCommand, SignError> {
    let certificate = certificate.map(PathBuf::as_path);
    ExternalCommand::open(
        &CommandOptions {
            command,
            certificate,
            timeout: Duration::from_secs(20),
        },
        now(),
    )
}

/// A signing command that is a script; it gets its action as `$REPOGEN_SIGN`.
fn script(gpg: &Gpg, body: &str) -> Vec<String> {
    let path = gpg.write("signer", format!("#!/bin/sh\n{body}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    vec![path.display().to_string()]
}

#[test]
fn gpg_signs_as_it_is() {
    let gpg = Gpg::new();
    gpg.generate("key", "ed25519", "sign", "0");
    let signer = open(&gpg_command(&gpg, &["--local-user", "key"]), None).unwrap();
    for text in [RELEASE, DASHES] {
        sign_checked(&signer, text, now()).unwrap();
    }
}

#[test]
fn of_several_exported_keys_the_one_that_signs_is_kept() {
    let gpg = Gpg::new();
    let prints = ["one", "two", "three"].map(|name| gpg.generate(name, "ed25519", "sign", "0"));
    let signer = open(&gpg_command(&gpg, &["--local-user", "two"]), None).unwrap();
    let kept: Vec<String> = signer
        .keyring()
        .fingerprints()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(kept, prints[1..2]);
    sign_checked(&signer, RELEASE, now()).unwrap();
}

#[test]
fn a_certificate_file_is_taken_as_it_is() {
    let gpg = Gpg::new();
    gpg.generate("key", "ed25519", "sign", "0");
    gpg.generate("other", "ed25519", "sign", "0");
    let command = gpg_command(&gpg, &["--local-user", "key"]);
    let right = gpg.write("right.asc", gpg.gpg(&["--armor", "--export", "key"], b""));
    sign_checked(&open(&command, Some(&right)).unwrap(), RELEASE, now()).unwrap();
    let wrong = gpg.write("wrong.asc", gpg.gpg(&["--armor", "--export", "other"], b""));
    let error = sign_checked(&open(&command, Some(&wrong)).unwrap(), RELEASE, now()).unwrap_err();
    assert!(
        matches!(
            error,
            SignError::Unverified {
                file: "InRelease",
                ..
            }
        ),
        "{error}"
    );
    let missing = gpg.path("missing.asc");
    assert!(matches!(
        open(&command, Some(&missing)),
        Err(SignError::CertificateFile { .. })
    ));
}

#[test]
fn a_command_that_signs_another_text_is_caught() {
    let gpg = Gpg::new();
    gpg.generate("key", "ed25519", "sign", "0");
    let home = gpg.path("").display().to_string();
    let body = format!("sed s/stable/sid/ | gpg --homedir '{home}' --batch \"$@\"");
    let signer = open(&script(&gpg, &body), None).unwrap();
    assert!(matches!(
        sign_checked(&signer, RELEASE, now()),
        Err(SignError::OtherText)
    ));
}

#[test]
fn the_action_is_in_arguments_and_environment() {
    let gpg = Gpg::new();
    gpg.generate("key", "ed25519", "sign", "0");
    let home = gpg.path("").display().to_string();
    let body = format!(
        "[ \"$*\" = \"--armor --$REPOGEN_SIGN\" ] || exit 9\ncase $REPOGEN_SIGN in export|clearsign|detach-sign) ;; \
         *) exit 8;; esac\nexec gpg --homedir '{home}' --batch \"$@\""
    );
    sign_checked(&open(&script(&gpg, &body), None).unwrap(), RELEASE, now()).unwrap();
}

#[test]
fn a_failing_command_is_quoted() {
    let gpg = Gpg::new();
    let error = open(&script(&gpg, "echo 'card not\tpresent' >&2; exit 3"), None).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("exit status: 3") && text.contains("card not\u{fffd}present"),
        "{text}"
    );
    let error = open(&["/nonexistent/signer".to_owned()], None).unwrap_err();
    assert!(matches!(error, SignError::Command { .. }), "{error}");
    assert!(matches!(open(&[], None), Err(SignError::NoKey)));
}

#[test]
fn a_command_that_hangs_is_stopped_with_all_it_started() {
    let gpg = Gpg::new();
    let marker = gpg.path("still-there");
    let body = format!("echo waiting >&2; (sleep 3; touch '{}') & wait", marker.display());
    let command = script(&gpg, &body);
    let options = CommandOptions {
        command: &command,
        certificate: None,
        timeout: Duration::from_millis(300),
    };
    let begin = Instant::now();
    let error = ExternalCommand::open(&options, now()).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(2));
    assert!(
        matches!(&error, SignError::CommandTimeout { stderr, .. } if stderr == "waiting"),
        "{error}"
    );
    std::thread::sleep(Duration::from_secs(3).saturating_sub(begin.elapsed()) + Duration::from_millis(500));
    assert!(!marker.exists());
}

#[test]
fn endless_output_is_cut_off() {
    let gpg = Gpg::new();
    let begin = Instant::now();
    let error = open(&script(&gpg, "exec cat /dev/zero"), None).unwrap_err();
    assert!(matches!(error, SignError::CommandOutput { .. }), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_command_that_does_not_read_cannot_block_us() {
    let gpg = Gpg::new();
    gpg.generate("key", "ed25519", "sign", "0");
    let certificate = gpg.write("key.asc", gpg.gpg(&["--armor", "--export"], b""));
    let signer = open(&script(&gpg, "exit 0"), Some(&certificate)).unwrap();
    let long: String = iter::repeat_n(RELEASE, 2000).collect();
    let error = sign_checked(&signer, &long, now()).unwrap_err();
    assert!(matches!(error, SignError::Unverified { .. }), "{error}");
}
