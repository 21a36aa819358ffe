//! What is unpacked and what is refused.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use debian_control::digest::sha256;
use debian_deb::build::DebBuilder;

use super::*;

struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        Self { folder, store }
    }

    fn add_as(&self, builder: &DebBuilder, version: &str) -> Result<PathBuf, StoreError> {
        let bytes = builder.build();
        let expected = Expected {
            name: "hello".to_owned(),
            version: version.to_owned(),
            architecture: "amd64".to_owned(),
            sha256: sha256(&bytes),
        };
        self.add_bytes(&bytes, &expected)
    }

    fn add_bytes(&self, bytes: &[u8], expected: &Expected) -> Result<PathBuf, StoreError> {
        let deb = self.folder.path().join("a.deb");
        fs::write(&deb, bytes).unwrap();
        self.store.add(&[(deb, expected.clone())], &Listener::default())?;
        Ok(self.store.path(&Store::key(expected)))
    }

    fn refusal(&self, builder: &DebBuilder) -> String {
        let error = self.add_as(builder, "1.0").unwrap_err();
        assert!(error.is_verification(), "{error}");
        assert_eq!(fs::read_dir(self.folder.path().join("store")).unwrap().count(), 0);
        told(&error)
    }
}

/// An error with its causes, as the program prints it.
fn told(error: &dyn std::error::Error) -> String {
    let causes: Vec<String> = std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect();
    causes.join(": ")
}

fn hello() -> DebBuilder {
    DebBuilder::new("hello", "1.0", "amd64")
}

#[test]
fn a_package_is_unpacked_whole() {
    let fixture = Fixture::new();
    let deb = hello()
        .control_file("postinst", b"#!/bin/sh\n")
        .file("usr/bin/hello", b"#!/bin/sh\necho hello\n")
        .hardlink("usr/bin/hallo", "usr/bin/hello")
        .symlink("usr/bin/bonjour", "hello");
    let path = fixture.add_as(&deb, "1.0").unwrap();
    let tree = path.join("tree/usr/bin");
    assert_eq!(
        fs::read(tree.join("bonjour")).unwrap(),
        b"#!/bin/sh\necho hello\n"
    );
    let [one, other] = ["hello", "hallo"].map(|name| fs::metadata(tree.join(name)).unwrap().ino());
    assert_eq!(one, other);
    let mode = fs::metadata(tree.join("hello")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o555);
    assert!(path.join("control/postinst").exists());
    fixture.add_as(&deb, "1.0").unwrap();
}

#[test]
fn bits_that_give_rights_are_dropped_and_said() {
    let fixture = Fixture::new();
    let deb = hello().entry("usr/bin/su", tar::EntryType::Regular, 0o4755, "", b"x");
    let path = fixture.add_as(&deb, "1.0").unwrap();
    let mode = fs::metadata(path.join("tree/usr/bin/su"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o555);
    let key = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(
        fixture.store.read(key).unwrap().dropped,
        ["usr/bin/su: mode 4755"]
    );
}

#[test]
fn a_file_through_a_symbolic_link_is_refused() {
    let text = Fixture::new().refusal(&hello().symlink("usr/a", "/tmp").file("usr/a/evil", b"x"));
    assert!(text.contains("usr/a"), "{text}");
}

#[test]
fn a_path_that_climbs_is_refused() {
    let text = Fixture::new().refusal(&hello().entry("../evil", tar::EntryType::Regular, 0o644, "", b"x"));
    assert!(text.contains("cannot be read as a package"), "{text}");
}

#[test]
fn devices_and_pipes_are_refused() {
    for kind in [tar::EntryType::Char, tar::EntryType::Block, tar::EntryType::Fifo] {
        let text = Fixture::new().refusal(&hello().entry("dev/x", kind, 0o644, "", b""));
        assert!(text.contains("dev/x"), "{text}");
    }
}

#[test]
fn hard_links_lead_to_files_of_the_package_only() {
    let text = Fixture::new().refusal(&hello().hardlink("usr/a", "etc/passwd"));
    assert!(text.contains("in no entry before it"), "{text}");
    let text = Fixture::new().refusal(&hello().directory("etc").hardlink("usr/a", "etc"));
    assert!(text.contains("a directory"), "{text}");
}

#[test]
fn a_path_twice_is_refused() {
    let text = Fixture::new().refusal(&hello().file("usr/a", b"1").file("usr/a", b"2"));
    assert!(text.contains("twice"), "{text}");
}

#[test]
fn a_package_must_be_what_the_index_says() {
    let error = Fixture::new().add_as(&hello(), "1.1").unwrap_err();
    assert!(matches!(error, StoreError::Disagrees { field: "Version", .. }));
    let fixture = Fixture::new();
    let bytes = hello().build();
    let expected = Expected {
        name: "hello".to_owned(),
        version: "1.0".to_owned(),
        architecture: "amd64".to_owned(),
        sha256: sha256(b"another"),
    };
    let error = fixture.add_bytes(&bytes, &expected).unwrap_err();
    assert!(matches!(error, StoreError::Digest { .. }) && error.is_verification());
}

#[test]
fn a_package_that_is_cut_off_leaves_nothing() {
    let fixture = Fixture::new();
    let bytes = hello().file("usr/bin/hello", [7; 10_000]).build();
    for cut in [10, 200, bytes.len() / 2, bytes.len() - 1] {
        let bytes = &bytes[..cut];
        let expected = Expected {
            name: "hello".to_owned(),
            version: "1.0".to_owned(),
            architecture: "amd64".to_owned(),
            sha256: sha256(bytes),
        };
        let error = fixture.add_bytes(bytes, &expected).unwrap_err();
        assert!(error.is_verification(), "{error}");
        assert_eq!(
            fs::read_dir(fixture.folder.path().join("store")).unwrap().count(),
            0
        );
    }
}

#[test]
fn what_a_dead_process_left_is_swept() {
    let fixture = Fixture::new();
    fs::create_dir_all(fixture.folder.path().join("store/.unfinished-x/tree")).unwrap();
    assert_eq!(fixture.store.sweep().unwrap(), 1);
}
