use super::*;

const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn text() -> String {
    format!(
        "Format: 1.8\nSource: hello\nBinary: hello\nArchitecture: all\nVersion: 1.0\nDistribution: unstable\nChanges:\n \
         hello (1.0) unstable; urgency=low\n .\n   * New.\nChecksums-Sha1:\n 0 5 hello_1.0_all.deb\nChecksums-Sha256:\n \
         {HASH} 5 hello_1.0_all.deb\n {HASH} 7 hello_1.0_amd64.buildinfo\nFiles:\n 0 5 misc optional hello_1.0_all.deb\n \
         0 7 misc optional hello_1.0_amd64.buildinfo\n"
    )
}

#[test]
fn files_are_read_with_their_sizes_and_digests() {
    let changes = Changes::parse(text().as_bytes()).unwrap();
    assert_eq!(changes.source.as_str(), "hello");
    let files: Vec<(&str, u64)> = changes
        .files
        .iter()
        .map(|file| (file.name.as_str(), file.size))
        .collect();
    assert_eq!(
        files,
        [("hello_1.0_all.deb", 5), ("hello_1.0_amd64.buildinfo", 7)]
    );
    assert_eq!(changes.files[0].sha256.to_string(), HASH);
}

#[test]
fn a_signature_is_taken_off_and_nothing_may_stand_beside_it() {
    let signed = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}\n-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n",
        text()
    );
    assert_eq!(
        Changes::parse(signed.as_bytes()).unwrap(),
        Changes::parse(text().as_bytes()).unwrap()
    );
    let beside = format!("{signed}Files:\n 0 1 a b other.deb\n");
    assert!(matches!(
        Changes::parse(beside.as_bytes()),
        Err(ChangesError::Envelope(_))
    ));
}

#[test]
fn what_two_readers_could_read_otherwise_is_refused() {
    for (from, to, expected) in [
        (
            "Checksums-Sha256",
            "Checksums-Sha512",
            "it has no field `Checksums-Sha256`",
        ),
        ("Source: hello\n", "", "it has no field `Source`"),
        ("Source: hello", "Source: ../hello", "invalid package name"),
        (" 0 5 misc", " 0 6 misc", "do not agree on `hello_1.0_all.deb`"),
        (
            "optional hello_1.0_all.deb",
            "optional other_1.0_all.deb",
            "do not agree on `hello_1.0_all.deb`",
        ),
        (
            " 0 7 misc optional hello_1.0_amd64.buildinfo\n",
            " 0 7 misc optional hello_1.0_amd64.buildinfo\n 0 1 misc optional more.deb\n",
            "do not agree on `more.deb`",
        ),
        (
            "5 hello_1.0_all.deb\n ",
            "5 ../x.deb\n ",
            "invalid file name `../x.deb`",
        ),
        (
            " 7 hello_1.0_amd64.buildinfo\nF",
            " 5 hello_1.0_all.deb\nF",
            "lists `hello_1.0_all.deb` twice",
        ),
        (
            " 7 hello_1.0_amd64.buildinfo\nF",
            " -7 hello_1.0_amd64.buildinfo\nF",
            "expected a size",
        ),
        (
            " 7 hello_1.0_amd64.buildinfo\nF",
            " 7 hello 1.0\nF",
            "expected a digest, a size and a name",
        ),
        (&HASH[1..], "", "expected 64 hexadecimal digits"),
    ] {
        let changed = text().replacen(from, to, 1);
        assert_ne!(changed, text(), "{from}");
        let error = Changes::parse(changed.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{from}: {error}");
    }
    let many: String = (0..600)
        .map(|number| format!(" {HASH} 1 f{number}.deb\n"))
        .collect();
    let many = format!("Source: hello\nChecksums-Sha256:\n{many}Files:\n 0 1 a b c\n");
    assert_eq!(Changes::parse(many.as_bytes()), Err(ChangesError::TooMany));
    assert_eq!(Changes::parse(b"Source: \xff\n"), Err(ChangesError::NotUtf8));
    assert!(Changes::parse(b"").is_err());
}

#[test]
fn file_names_lead_nowhere_else() {
    for name in ["hello_1.0-1+b1~rc_amd64.deb", "a"] {
        assert_eq!(name.parse::<FileName>().unwrap().as_str(), name);
    }
    for name in [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        ".hidden",
        "a b",
        "a%2f",
        "a\n",
        "ä",
        &"a".repeat(256),
    ] {
        assert!(name.parse::<FileName>().is_err(), "{name}");
    }
}
