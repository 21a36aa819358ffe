//! Index text and Release files against those that apt-ftparchive makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use debian_control::digest::{md5, sha256};
use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;
use debian_control::packages::{DescriptionForm, Placement, TranslationStanza, render};
use debian_control::release::Release;
use debian_control::stanza::{Stanza, StanzaReader};
use debian_deb::build::DebBuilder;

/// Runs apt-ftparchive in a folder and returns what it prints.
fn ftparchive(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("apt-ftparchive")
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .expect("apt-ftparchive runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Descriptions as they stand after the colon.
const DESCRIPTIONS: &[&str] = &[
    " short",
    "short",
    " short\n long",
    " short  \n long \n .\n  verbatim\n\ttab",
    "\tshort\n long",
    "   short\n long",
    "\n short\n long",
    " é ü\n \u{a0}ß",
    " short\n long\n .",
    " short  ",
    " short\n long \t",
];

#[test]
fn descriptions_have_the_digest_that_apt_gives_them() {
    let folder = tempfile::tempdir().unwrap();
    for (at, description) in DESCRIPTIONS.iter().enumerate() {
        let control = format!(
            "Package: hello-{at}\nVersion: 1\nArchitecture: all\nDescription:{description}\nX-End: x\n"
        );
        let deb = crate::control::package_with(&control);
        fs::write(folder.path().join(format!("hello-{at}.deb")), deb).unwrap();
        let package = BinaryPackage::parse(control.as_bytes(), &Limits::default()).unwrap();
        let digest = package.description_md5().unwrap();
        assert_eq!(TranslationStanza::of_control(&control).unwrap().md5, digest);
    }
    let index = ftparchive(
        folder.path(),
        &["-o", "APT::FTPArchive::LongDescription=false", "packages", "."],
    );
    let stanzas: Vec<Stanza<'_>> = StanzaReader::new(&index).map(Result::unwrap).collect();
    assert_eq!(stanzas.len(), DESCRIPTIONS.len());
    for theirs in stanzas {
        let path = folder.path().join(theirs.line("Filename").unwrap());
        let deb = fs::read(&path).unwrap();
        let read = debian_deb::read(deb.as_slice(), &Limits::default(), debian_deb::Data::Skip).unwrap();
        let ours = render(
            read.package.control(),
            &Placement {
                filename: theirs.line("Filename").unwrap(),
                size: deb.len() as u64,
                md5: Some(md5(&deb)),
                sha256: Some(sha256(&deb)),
                section: None,
                priority: None,
                description: DescriptionForm::Synopsis,
            },
        )
        .unwrap();
        let ours = Stanza::parse(&ours).unwrap();
        for field in ours.fields() {
            assert_eq!(
                Some(field.value()),
                theirs.get(field.name()).map(|field| field.value()),
                "{path:?}"
            );
        }
    }
}

#[test]
fn the_release_of_apt_ftparchive_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("main/binary-amd64");
    fs::create_dir_all(&index).unwrap();
    fs::write(index.join("Packages"), "Package: hello\n").unwrap();
    fs::write(folder.path().join("main/Contents-amd64"), "").unwrap();
    let option = |name: &str, value: &str| format!("APT::FTPArchive::Release::{name}={value}");
    let text = ftparchive(
        folder.path(),
        &[
            "-o",
            &option("Origin", "Example"),
            "-o",
            &option("Codename", "bookworm"),
            "-o",
            &option("Architectures", "all amd64"),
            "release",
            ".",
        ],
    );
    let release = Release::parse(&text).unwrap();
    assert_eq!(
        (release.origin.as_deref(), release.codename.as_deref()),
        (Some("Example"), Some("bookworm"))
    );
    assert_eq!(release.architectures, ["all", "amd64"]);
    assert!(release.date.is_some_and(|date| date > 1_700_000_000), "{text}");
    let find = |path: &str| release.sha256.iter().find(|file| file.path == path).unwrap();
    assert_eq!(
        find("main/binary-amd64/Packages").sha256,
        sha256(b"Package: hello\n")
    );
    assert_eq!(find("main/binary-amd64/Packages").size, 15);
    assert_eq!(find("main/Contents-amd64").size, 0);
}

/// The fields that apt-ftparchive prints for a package, in the values that it sees.
#[test]
fn a_plain_package_is_indexed_as_apt_ftparchive_does() {
    let folder = tempfile::tempdir().unwrap();
    let deb = DebBuilder::new("hello", "1:1.0-1", "amd64")
        .depends("libc6 (>= 2.36), a | b")
        .field("Source", "greet (1:0.9)")
        .build();
    fs::write(folder.path().join("hello.deb"), &deb).unwrap();
    let theirs = ftparchive(folder.path(), &["packages", "."]);
    let theirs = StanzaReader::new(&theirs).next().unwrap().unwrap();
    let read = debian_deb::read(deb.as_slice(), &Limits::default(), debian_deb::Data::Skip).unwrap();
    for field in read.package.stanza().fields() {
        assert_eq!(
            Some(field.value()),
            theirs.get(field.name()).map(|field| field.value())
        );
    }
}
