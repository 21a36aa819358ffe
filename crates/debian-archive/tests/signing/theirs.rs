//! What gpg signs, verified by us.

use std::fs;

use openpgp_policy::{Algorithm, KeyProblem, Keyring, verify_detached, verify_inrelease};

use crate::gpg::{DASHES, Gpg, RELEASE, now};

#[test]
fn messages_of_gpg_are_verified_and_give_their_text_back() {
    let gpg = Gpg::new();
    for kind in ["ed25519", "rsa3072", "nistp256"] {
        gpg.generate(kind, kind, "sign", "0");
        let keyring = Keyring::read(&gpg.gpg(&["--export", kind], b"")).unwrap();
        for text in [RELEASE, DASHES] {
            let inrelease = gpg.gpg(&["-u", kind, "--clearsign"], text.as_bytes());
            let verified = verify_inrelease(&inrelease, &keyring, now()).unwrap();
            assert_eq!(verified.text, text);
            assert_eq!(verified.signers, keyring.fingerprints());
            for armor in [&["--armor"][..], &[]] {
                let detached = gpg.gpg(&[armor, &["-u", kind, "--detach-sign"]].concat(), text.as_bytes());
                verify_detached(text.as_bytes(), &detached, &keyring, now()).unwrap();
            }
        }
    }
}

#[test]
fn a_signing_subkey_counts_for_its_certificate() {
    let gpg = Gpg::new();
    let fingerprint = gpg.generate("sub", "rsa3072", "cert", "0");
    gpg.add_subkey(&fingerprint, "ed25519", "sign", "0");
    let keyring = Keyring::read(&gpg.gpg(&["--armor", "--export"], b"")).unwrap();
    let verified = verify_inrelease(&gpg.gpg(&["--clearsign"], RELEASE.as_bytes()), &keyring, now()).unwrap();
    assert_eq!(verified.signers[0].to_string(), fingerprint);
    let keys = keyring.certificates()[0].signing_keys(now()).unwrap();
    assert_eq!(keys.len(), 1);
    assert_ne!(keys[0].fingerprint.to_string(), fingerprint);
}

#[test]
fn a_key_that_was_prolonged_counts_until_its_new_end() {
    let gpg = Gpg::new();
    let fingerprint = gpg.generate("short", "ed25519", "sign", "5d");
    let signed = gpg.gpg(&["--clearsign"], RELEASE.as_bytes());
    let short = Keyring::read(&gpg.gpg(&["--export"], b"")).unwrap();
    let in_a_week = now() + 7 * 86_400;
    assert!(verify_inrelease(&signed, &short, in_a_week).is_err());
    gpg.gpg(
        &[
            "--faked-system-time",
            &(now() + 86_400).to_string(),
            "--quick-set-expire",
            &fingerprint,
            "30d",
        ],
        b"",
    );
    let long = Keyring::read(&gpg.gpg(&["--export"], b"")).unwrap();
    assert!(verify_inrelease(&signed, &long, in_a_week).is_ok());
    assert!(verify_inrelease(&signed, &long, now() + 40 * 86_400).is_err());
    // An old copy beside the new one takes nothing away.
    let mut both = short;
    both.extend(long);
    assert_eq!(both.certificates().len(), 1);
    assert!(verify_inrelease(&signed, &both, in_a_week).is_ok());
}

#[test]
fn keyrings_are_read_armoured_binary_and_several_in_a_file() {
    let gpg = Gpg::new();
    for name in ["one", "two", "three"] {
        gpg.generate(name, "ed25519", "sign", "0");
    }
    let export = |args: &[&str]| gpg.gpg(args, b"");
    let all = Keyring::read(&export(&["--export"])).unwrap();
    assert_eq!(all.certificates().len(), 3);
    let blocks = ["one", "two", "three"].map(|name| export(&["--armor", "--export", name]));
    let joined = [
        &b"some notes\n"[..],
        &blocks[0],
        b"\n# between\n",
        &blocks[1],
        &blocks[2],
        &blocks[0],
    ]
    .concat();
    assert_eq!(Keyring::read(&joined).unwrap().fingerprints(), all.fingerprints());
    let crlf = String::from_utf8(blocks[0].clone())
        .unwrap()
        .replace('\n', "\r\n");
    assert_eq!(Keyring::read(crlf.as_bytes()).unwrap().certificates().len(), 1);
}

#[test]
fn debians_own_keyrings_are_read() {
    let gpg = Gpg::new();
    let mut read = 0;
    for entry in fs::read_dir("/usr/share/keyrings").unwrap() {
        let path = entry.unwrap().path();
        if !path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("debian-archive-")
        {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let keyring = Keyring::read(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let listing = gpg.gpg(&["--with-colons", "--show-keys", path.to_str().unwrap()], b"");
        let listing = String::from_utf8(listing).unwrap();
        let theirs: Vec<&str> = listing.lines().filter(|line| line.starts_with("fpr:")).collect();
        for certificate in keyring.certificates() {
            let ours = format!(":{}:", certificate.fingerprint());
            assert!(
                theirs.iter().any(|line| line.ends_with(&ours)),
                "{ours} in {}",
                path.display()
            );
        }
        let count = listing.lines().filter(|line| line.starts_with("pub:")).count();
        assert_eq!(keyring.certificates().len(), count, "{}", path.display());
        read += 1;
    }
    assert_ne!(read, 0, "the package debian-archive-keyring is missing");
}

#[test]
fn debians_keys_of_today_sign_and_its_first_ones_do_not() {
    // The first of June 2025.
    let at = 1_748_736_000;
    let bookworm = fs::read("/usr/share/keyrings/debian-archive-bookworm-automatic.gpg").unwrap();
    let keyring = Keyring::read(&bookworm).unwrap();
    let keys = keyring.certificates()[0].signing_keys(at).unwrap();
    let subkey = "4CB50190207B4758A3F73A796ED0E7B82643E131".parse().unwrap();
    assert!(
        keys.iter()
            .any(|key| key.fingerprint == subkey && key.expires == Some(1_926_589_461))
    );

    let removed =
        Keyring::read(&fs::read("/usr/share/keyrings/debian-archive-removed-keys.gpg").unwrap()).unwrap();
    let dsa_of_2006 = "084750FC01A6D388A643D869010908312D230C5F".parse().unwrap();
    let problem = removed.get(&dsa_of_2006).unwrap().check(at).unwrap_err();
    assert_eq!(problem, KeyProblem::Weak(Algorithm::Dsa));
    let lenny = "150C8614919D8446E01E83AF9AA38DCD55BE302B".parse().unwrap();
    let problem = removed.get(&lenny).unwrap().check(at).unwrap_err();
    assert_eq!(
        problem,
        KeyProblem::WeakBinding {
            hash: "SHA1".to_owned()
        }
    );
}
