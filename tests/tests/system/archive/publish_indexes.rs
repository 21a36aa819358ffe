//! The indexes of a suite: what they list, where it is, and how they name it.

use archive_tests::WriteDeb as _;
use archive_tests::index::{self, listed, sha256, stanza};
use archive_tests::{Compression, DebBuilder, TestArchive};
use std::fs;

fn package(name: &str, version: &str, architecture: &str) -> DebBuilder {
    DebBuilder::new(name, version, architecture).file(&format!("usr/share/{name}/text"), name)
}

/// The names in an index, sorted: it lists them as they were placed, and files that are added together are placed as they come.
fn names(archive: &TestArchive, architecture: &str) -> Vec<String> {
    let stanzas = archive.packages("stable", "main", architecture);
    let mut names: Vec<String> = stanzas.iter().map(|stanza| stanza["package"].clone()).collect();
    names.sort();
    names
}

#[test]
fn every_listed_file_is_served_by_its_hash() {
    let archive = TestArchive::new();
    archive.configure_last_suite("translations = true\ncontents = \"always\"");
    archive.add(&[
        package("aa", "1", "amd64"),
        package("bb", "1", "all"),
        package("cc", "1", "arm64"),
    ]);
    archive.publish();
    let suite = archive.root().join("dists/stable");
    let release = archive.read("dists/stable/Release");
    let listed = listed(&release);
    for file in &listed {
        let (folder, name) = file.path.rsplit_once('/').unwrap();
        // The plain form is listed, since clients check what they have decompressed; it need not be served.
        let plain = listed
            .iter()
            .any(|other| other.path.starts_with(&format!("{}.", file.path)));
        let by_hash = suite.join(folder).join("by-hash/SHA256").join(&file.sha256);
        if plain && !suite.join(&file.path).exists() {
            continue;
        }
        let bytes = fs::read(&by_hash).unwrap_or_else(|error| panic!("{}: {error}", by_hash.display()));
        assert_eq!(
            (sha256(&bytes), bytes.len()),
            (file.sha256.clone(), file.size),
            "{}",
            file.path
        );
        assert_eq!(
            bytes,
            fs::read(suite.join(&file.path)).unwrap(),
            "{folder}/{name}"
        );
    }
    for wanted in [
        "main/binary-amd64/Packages",
        "main/binary-amd64/Packages.gz",
        "main/binary-amd64/Packages.xz",
        "main/binary-amd64/Packages.zst",
        "main/binary-amd64/Release",
        "main/binary-arm64/Packages.xz",
        "main/Contents-amd64.gz",
        "main/Contents-amd64",
        "main/i18n/Translation-en",
    ] {
        assert!(
            listed.iter().any(|file| file.path == wanted),
            "{wanted} is not listed:\n{release}"
        );
    }
}

#[test]
fn the_listed_hash_of_the_plain_index_is_that_of_what_the_compressed_ones_hold() {
    let archive = TestArchive::new();
    archive.add(&[package("aa", "1", "amd64")]);
    archive.publish();
    let text = archive.index("dists/stable/main/binary-amd64/Packages");
    let listed = listed(&archive.read("dists/stable/Release"));
    let plain = listed
        .iter()
        .find(|file| file.path == "main/binary-amd64/Packages")
        .unwrap();
    assert_eq!(
        (plain.sha256.clone(), plain.size),
        (sha256(text.as_bytes()), text.len())
    );
}

#[test]
fn what_stands_in_the_folder_and_is_no_signature_is_listed() {
    let archive = TestArchive::new();
    archive.add(&[package("aa", "1", "amd64")]);
    archive.publish();
    let suite = archive.root().join("dists/stable");
    let listed = listed(&archive.read("dists/stable/Release"));
    let mut folders = vec![suite.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&suite).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !name.ends_with("by-hash") {
                folders.push(path);
            } else if path.is_file() && !["InRelease", "Release", "Release.gpg"].contains(&name.as_str()) {
                assert!(
                    listed.iter().any(|file| file.path == name),
                    "{name} is served and not listed"
                );
            }
        }
    }
}

#[test]
fn inrelease_and_release_say_the_same() {
    let archive = TestArchive::new();
    let release = archive.read("dists/stable/Release");
    let inrelease = archive.read("dists/stable/InRelease");
    assert!(inrelease.starts_with("-----BEGIN PGP SIGNED MESSAGE-----\n"));
    assert!(inrelease.contains(&release), "{inrelease}");
    assert!(inrelease.trim_end().ends_with("-----END PGP SIGNATURE-----"));
}

#[test]
fn packages_for_all_stand_in_the_index_of_every_architecture() {
    let archive = TestArchive::new();
    archive.add(&[package("everywhere", "1", "all"), package("here", "1", "amd64")]);
    archive.publish();
    assert_eq!(names(&archive, "amd64"), ["everywhere", "here"]);
    assert_eq!(names(&archive, "arm64"), ["everywhere"]);
    let release = stanza(&archive.read("dists/stable/Release"));
    assert_eq!(release["no-support-for-architecture-all"], "Packages");
}

#[test]
fn several_versions_of_a_name_stand_side_by_side() {
    let archive = TestArchive::new();
    archive.add(&[
        package("aa", "1.0", "amd64"),
        package("aa", "2:0.1", "amd64"),
        package("aa", "1.0+b1", "amd64"),
    ]);
    archive.publish();
    assert_eq!(names(&archive, "amd64"), ["aa", "aa", "aa"]);
}

#[test]
fn a_pool_file_lies_by_component_prefix_and_source_without_its_epoch() {
    let archive = TestArchive::init(&["--component", "main", "--component", "extra"]);
    let table = [
        (
            package("hello", "1:2.0-1", "amd64"),
            "main",
            "pool/main/h/hello/hello_2.0-1_amd64.deb",
        ),
        (
            package("libx11-6", "1", "amd64").field("Source", "libx11"),
            "main",
            "pool/main/libx/libx11/libx11-6_1_amd64.deb",
        ),
        (
            package("libc6", "1", "amd64").field("Source", "glibc (2)"),
            "main",
            "pool/main/g/glibc/libc6_1_amd64.deb",
        ),
        (
            package("lib", "1", "all"),
            "main",
            "pool/main/l/lib/lib_1_all.deb",
        ),
        (
            package("g++", "4:12~rc1", "amd64"),
            "extra",
            "pool/extra/g/g++/g++_12~rc1_amd64.deb",
        ),
    ];
    for (package, component, path) in table {
        let deb = package.write_into(&archive.outside());
        archive
            .repogen(&["add", "--component", component, &deb.display().to_string()])
            .ok();
        assert_eq!(
            fs::read(archive.root().join(path)).unwrap(),
            fs::read(deb).unwrap(),
            "{path}"
        );
    }
    archive.publish();
    let filenames: Vec<String> = archive
        .packages("stable", "extra", "amd64")
        .iter()
        .map(|stanza| stanza["filename"].clone())
        .collect();
    assert_eq!(filenames, ["pool/extra/g/g++/g++_12~rc1_amd64.deb"]);
}

#[test]
fn two_suites_may_hold_different_builds_of_one_version() {
    let archive = TestArchive::init(&["--suite", "bookworm", "--suite", "trixie"]);
    let mut filenames = Vec::new();
    for suite in ["bookworm", "trixie"] {
        let deb = package("aa", "1", "amd64")
            .file("etc/suite", suite)
            .write_into(&archive.outside());
        archive
            .repogen(&["add", "--suite", suite, &deb.display().to_string()])
            .ok();
        archive.publish();
        let stanza = archive.packages(suite, "main", "amd64").remove(0);
        let bytes = fs::read(archive.root().join(&stanza["filename"])).unwrap();
        assert_eq!(sha256(&bytes), stanza["sha256"], "{suite}");
        filenames.push((stanza["filename"].clone(), stanza["sha256"].clone()));
    }
    assert_eq!(filenames[0].0, "pool/main/a/aa/aa_1_amd64.deb");
    assert_eq!(
        filenames[1].0,
        format!("pool/main/a/aa/{}/aa_1_amd64.deb", &filenames[1].1[..12])
    );
}

#[test]
fn fields_of_the_package_go_in_as_they_are_and_in_their_order() {
    let archive = TestArchive::new();
    let control = "Package: odd\nVersion: 1\nArchitecture: amd64\nMaintainer: J\u{fc}rgen <j@example.org>\nX-Unknown:  two  blanks\n\
                   Depends: bb (>= 1),\n cc:any | dd (<< 2~)\nTag: a::b,\n\tc::d\nDescription: short\n long\n .\n   indented\n";
    archive.add(&[DebBuilder::from_control(control)]);
    archive.publish();
    let text = archive.index("dists/stable/main/binary-amd64/Packages");
    // DebBuilder drops the blanks in front of a first line, so the text it wrote is what counts.
    let written = DebBuilder::from_control(control).control();
    assert!(text.starts_with(&written), "{text}");
}

#[test]
fn what_an_index_says_of_the_file_comes_from_the_file() {
    let archive = TestArchive::new();
    let liar = package("liar", "1", "amd64")
        .field("Filename", "../../etc/passwd")
        .field("Size", "1")
        .field("SHA256", &"0".repeat(64))
        .field("MD5sum", &"0".repeat(32));
    archive.add(&[liar]);
    archive.publish();
    let stanza = archive.packages("stable", "main", "amd64").remove(0);
    let bytes = fs::read(archive.root().join("pool/main/l/liar/liar_1_amd64.deb")).unwrap();
    assert_eq!(stanza["filename"], "pool/main/l/liar/liar_1_amd64.deb");
    assert_eq!(
        (stanza["size"].clone(), stanza["sha256"].clone()),
        (bytes.len().to_string(), sha256(&bytes))
    );
}

#[test]
fn section_and_priority_may_be_missing_and_overrides_win() {
    let archive = TestArchive::new();
    archive.configure_last_suite(
        "[suite.overrides]\naa = { section = \"net\", priority = \"important\" }\nbb = { section = \"web\" }",
    );
    archive.add(&[
        package("aa", "1", "amd64"),
        package("bb", "1", "amd64")
            .field("Section", "misc")
            .field("Priority", "optional"),
        package("cc", "1", "amd64"),
    ]);
    archive.publish();
    let packages = archive.packages("stable", "main", "amd64");
    let placed: Vec<(Option<&str>, Option<&str>)> = packages
        .iter()
        .map(|stanza| {
            (
                stanza.get("section").map(String::as_str),
                stanza.get("priority").map(String::as_str),
            )
        })
        .collect();
    assert_eq!(
        placed,
        [
            (Some("net"), Some("important")),
            (Some("web"), Some("optional")),
            (None, None)
        ]
    );
}

#[test]
fn every_compression_that_dpkg_reads_is_indexed_alike() {
    let archive = TestArchive::new();
    let kinds = [
        Compression::None,
        Compression::Gzip,
        Compression::Xz,
        Compression::Zstd,
    ];
    let packages: Vec<DebBuilder> = kinds
        .iter()
        .enumerate()
        .map(|(number, &kind)| package(&format!("p{number}"), "1", "amd64").compressed(kind, kind))
        .collect();
    archive.add(&packages);
    archive.publish();
    assert_eq!(names(&archive, "amd64"), ["p0", "p1", "p2", "p3"]);
}

#[test]
fn contents_name_the_files_of_each_architecture_and_those_for_all() {
    let archive = TestArchive::new();
    archive.configure_last_suite("contents = \"always\"");
    archive.add(&[
        package("aa", "1", "amd64").field("Section", "misc"),
        package("bb", "1", "all"),
        package("cc", "1", "arm64"),
    ]);
    archive.publish();
    let bytes = fs::read(archive.root().join("dists/stable/main/Contents-amd64.gz")).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut text).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows,
        [["usr/share/aa/text", "misc/aa"], ["usr/share/bb/text", "bb"]]
    );
}

#[test]
fn contents_made_of_what_changed_are_those_made_of_everything() {
    let archive = TestArchive::new();
    archive.configure_last_suite("contents = \"always\"");
    let many = |name: &str, version: &str, files: usize| {
        (0..files).fold(DebBuilder::new(name, version, "amd64"), |package, number| {
            package.file(&format!("usr/share/{name}/some file {number}"), "x")
        })
    };
    let contents = || fs::read(archive.root().join("dists/stable/main/Contents-amd64.gz")).unwrap();
    let check = |what: &str| {
        archive.publish();
        let on_changes = contents();
        archive.repogen(&["publish", "--force"]).ok();
        assert_eq!(on_changes, contents(), "{what}");
        let verified = archive.repogen(&["verify"]).ok();
        assert_eq!(verified.rows().len(), 0, "{what}");
    };
    archive.add(&[many("aa", "1", 700), many("bb", "1", 900), many("cc", "1", 300)]);
    check("from nothing");
    let shared = many("dd", "1", 10).file("usr/share/bb/some file 7", "x");
    archive.add(&[shared]);
    check("a package that shares a path");
    archive.add(&[many("bb", "2", 850)]);
    check("a second version, with fewer paths");
    archive.repogen(&["remove", "bb=1"]).ok();
    check("without the first version");
    archive.add(&[package("ee", "1", "arm64")]);
    check("a package of another architecture");
    archive.repogen(&["remove", "bb"]).ok();
    archive.repogen(&["remove", "aa"]).ok();
    check("without most of it");
}

#[test]
fn contents_that_were_built_early_are_built_on_as_what_they_are() {
    let archive = TestArchive::new();
    archive.configure_last_suite("contents = \"always\"");
    archive.add(&[package("aa", "1", "amd64"), package("qq", "1", "amd64")]);
    archive.publish();
    archive.configure("contents = \"always\"", "contents = \"1h\"");
    // Contents are not due, and have to be built: this machine has lost what it knew of them.
    archive.add(&[package("pp", "1", "amd64")]);
    archive.repogen(&["remove", "qq"]).ok();
    fs::remove_file(
        archive
            .root()
            .join("state/indexes/stable/main/Contents-amd64.json"),
    )
    .unwrap();
    archive.publish();
    // What came and went since the first ones, by which nobody would see that the second had it.
    archive.repogen(&["remove", "pp"]).ok();
    archive.add(&[package("qq", "1", "amd64")]);
    archive.configure("contents = \"1h\"", "contents = \"always\"");
    archive.publish();
    let contents = || fs::read(archive.root().join("dists/stable/main/Contents-amd64.gz")).unwrap();
    let on_changes = contents();
    archive.repogen(&["publish", "--force"]).ok();
    assert_eq!(on_changes, contents());
}

#[test]
fn a_package_after_one_with_a_very_long_stanza_is_in_the_index() {
    let archive = TestArchive::new();
    let provides: Vec<String> = (0..1_200)
        .map(|number| format!("some-virtual-package-{number} (= 1.0)"))
        .collect();
    archive.add(&[package("big", "1", "amd64").field("Provides", &provides.join(", "))]);
    archive.publish();
    archive.add(&[package("small", "1", "amd64")]);
    archive.publish();
    assert_eq!(names(&archive, "amd64"), ["big", "small"]);
}

#[test]
fn translations_move_the_long_description_out_of_the_index() {
    let archive = TestArchive::new();
    archive.configure_last_suite("translations = true");
    let description = "short\n It is long, too.";
    archive.add(&[package("aa", "1", "amd64").field("Description", description)]);
    archive.publish();
    let stanza = archive.packages("stable", "main", "amd64").remove(0);
    assert_eq!(stanza["description"], "short");
    let translations = index::stanzas(&archive.index("dists/stable/main/i18n/Translation-en"));
    assert_eq!(translations[0]["package"], "aa");
    assert_eq!(translations[0]["description-md5"], stanza["description-md5"]);
    assert_eq!(translations[0]["description-en"], description);
}

#[test]
fn a_private_suite_stands_nowhere_in_what_is_served() {
    let archive = TestArchive::init(&["--suite", "stable", "--suite", "internal"]);
    archive.configure_last_suite("private = true");
    let deb = package("secret", "1", "amd64")
        .write_into(&archive.outside())
        .display()
        .to_string();
    archive.repogen(&["add", "--suite", "internal", &deb]).ok();
    archive.publish();
    let tree = archive.root().join("private/internal");
    assert!(tree.join("dists/internal/InRelease").is_file());
    assert!(tree.join("pool/main/s/secret/secret_1_amd64.deb").is_file());
    let mut folders = ["pool", "dists"]
        .map(|folder| archive.root().join(folder))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            assert!(!path.to_string_lossy().contains("secret"), "{}", path.display());
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                assert!(
                    !bytes.windows(6).any(|window| window == b"secret"),
                    "{}",
                    path.display()
                );
            }
        }
    }
    let public = archive.read("repository.json");
    assert!(!public.contains("internal"), "{public}");
}

#[test]
fn the_description_for_clients_lists_public_suites_and_the_key() {
    let archive = TestArchive::init(&[
        "--suite",
        "bookworm",
        "--origin",
        "Example",
        "--url",
        "https://apt.example.org",
    ]);
    let repository: serde_json::Value = serde_json::from_str(&archive.read("repository.json")).unwrap();
    assert_eq!(repository["url"], "https://apt.example.org");
    assert_eq!(repository["origin"], "Example");
    assert_eq!(repository["keyring"], "archive-keyring.pgp");
    assert_eq!(
        repository["suites"],
        serde_json::json!([{"codename": "bookworm", "suite": null, "components": ["main"],
            "architectures": ["amd64", "arm64"]}])
    );
    let fingerprints = repository["fingerprints"].as_array().unwrap();
    assert_eq!(fingerprints.len(), 1, "{repository}");
}
