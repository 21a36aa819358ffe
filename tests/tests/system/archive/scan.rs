//! `repogen scan` against the tools that it stands in for.

use archive_tests::WriteDeb as _;
use archive_tests::index::{Stanza, stanzas};
use archive_tests::{Compression, DebBuilder, Run, archive};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

type Key = (String, String, String);

fn pool() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pool = folder.path().join("pool");
    let odd = "Package: odd\nVersion: 1:2.0~rc1+b1\nArchitecture: all\nMaintainer: J\u{fc}rgen <j@example.org>\n\
               Installed-Size: 12\nX-Unknown: value\nDepends: bb (>= 1), cc:any | dd\nMulti-Arch: foreign\n\
               Description: short\n long\n .\n   indented\n";
    let packages = [
        DebBuilder::new("hello", "1.0", "amd64")
            .field("Section", "misc")
            .field("Priority", "optional")
            .depends("libc6 (>= 2.36)")
            .file("usr/bin/hello", "x"),
        DebBuilder::new("hello", "1.1", "amd64").compressed(Compression::Gzip, Compression::Zstd),
        DebBuilder::new("hello", "1.0", "arm64").compressed(Compression::Zstd, Compression::Gzip),
        DebBuilder::new("bare", "0", "amd64").field("Essential", "yes"),
        DebBuilder::from_control(odd).compressed(Compression::None, Compression::None),
    ];
    for (number, package) in packages.iter().enumerate() {
        package.write_into(&pool.join(format!("{number}")));
    }
    folder
}

fn run(folder: &Path, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Run {
    Run::of(
        Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .env("LC_ALL", "C.UTF-8"),
    )
    .ok()
}

fn keyed(run: &Run) -> BTreeMap<Key, Stanza> {
    let key = |stanza: &Stanza| {
        (
            stanza["package"].clone(),
            stanza["version"].clone(),
            stanza["architecture"].clone(),
        )
    };
    stanzas(&run.stdout)
        .into_iter()
        .map(|stanza| (key(&stanza), stanza))
        .collect()
}

/// Every package of the one is in the other, with equal values in every field that both print.
#[track_caller]
fn agree(ours: &Run, theirs: &Run, fields_at_least: usize) {
    let (ours, theirs) = (keyed(ours), keyed(theirs));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (key, stanza) in &theirs {
        let shared: Vec<&String> = stanza
            .keys()
            .filter(|field| ours[key].contains_key(*field))
            .collect();
        assert!(
            shared.len() >= fields_at_least,
            "{key:?}: only {shared:?} in common"
        );
        for field in shared {
            assert_eq!(ours[key][field], stanza[field], "{field} of {key:?}");
        }
    }
}

#[test]
fn every_field_equals_that_of_apt_ftparchive() {
    let folder = pool();
    let ours = run(
        folder.path(),
        archive::repogen(),
        &["scan", "pool", "--multiversion"],
    );
    agree(
        &ours,
        &run(folder.path(), "apt-ftparchive", &["packages", "pool"]),
        9,
    );
}

#[test]
fn every_field_equals_that_of_dpkg_scanpackages() {
    let folder = pool();
    let ours = run(
        folder.path(),
        archive::repogen(),
        &["scan", "pool", "--multiversion"],
    );
    agree(
        &ours,
        &run(folder.path(), "dpkg-scanpackages", &["--multiversion", "pool"]),
        9,
    );
}

#[test]
fn without_multiversion_the_newest_version_stands_alone_as_with_dpkg_scanpackages() {
    let folder = pool();
    let ours = run(
        folder.path(),
        archive::repogen(),
        &["scan", "pool", "--arch", "amd64"],
    );
    agree(
        &ours,
        &run(folder.path(), "dpkg-scanpackages", &["--arch", "amd64", "pool"]),
        9,
    );
}

#[test]
fn one_file_is_listed_as_in_its_folder() {
    let folder = pool();
    let scan = |what: &str| run(folder.path(), archive::repogen(), &["scan", what]);
    let whole = run(
        folder.path(),
        archive::repogen(),
        &["scan", "pool", "--multiversion"],
    )
    .stdout;
    for number in 0..5 {
        let mut files = std::fs::read_dir(folder.path().join(format!("pool/{number}"))).unwrap();
        let name = files.next().unwrap().unwrap().file_name().into_string().unwrap();
        let alone = scan(&format!("pool/{number}/{name}")).stdout;
        assert!(!alone.is_empty() && whole.contains(&alone), "{name}: {alone}");
    }
    std::fs::write(folder.path().join("notes.txt"), "no package").unwrap();
    let other = Run::of(
        Command::new(archive::repogen())
            .args(["scan", "notes.txt"])
            .current_dir(folder.path()),
    )
    .exits(1);
    assert!(
        other.stdout.is_empty() && other.stderr.contains("neither a folder nor a .deb file"),
        "{}",
        other.report()
    );
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let folder = pool();
    let with = |jobs: &str| {
        run(
            folder.path(),
            archive::repogen(),
            &["scan", "pool", "--multiversion", "--jobs", jobs],
        )
    };
    assert_eq!(with("1").stdout, with("4").stdout);
}

#[test]
fn a_broken_package_is_named_and_the_others_are_printed() {
    let folder = pool();
    std::fs::write(folder.path().join("pool/broken.deb"), "not a package").unwrap();
    let scan = Run::of(
        Command::new(archive::repogen())
            .args(["scan", "pool", "--multiversion"])
            .current_dir(folder.path()),
    )
    .exits(1);
    assert!(scan.stderr.contains("broken.deb"), "{}", scan.report());
    assert_eq!(stanzas(&scan.stdout).len(), 5);
}

#[test]
fn the_arguments_of_dpkg_scanpackages_mean_the_same() {
    let folder = pool();
    let overrides = "hello required net Nobody <nobody@example.org> => New <new@example.org>\nbare extra web\n\
                     odd optional libs\n";
    std::fs::write(folder.path().join("overrides"), overrides).unwrap();
    std::fs::write(folder.path().join("extra"), "odd Tag x::y\n").unwrap();
    let calls: [&[&str]; 12] = [
        &["-m", "-a", "", "pool"],
        &["-m", "-h", "", "pool"],
        &["-m", "-a", "arm64", "-a", "amd64", "-m", "pool"],
        &["--multiversion", "--hash=SHA256", "pool"],
        &["-m", "--no-multiversion", "-a", "amd64", "pool"],
        &["--nomultiversion", "-m", "pool"],
        &["-m", "pool", "/dev/null"],
        &["-m", "pool", "overrides", "some/prefix/"],
        &["-m", "-e", "extra", "pool", "overrides"],
        &["-m", "-h", "sha256", "pool"],
        &["-m", "--hash", "md5,sha1", "pool"],
        &["-m", "-t", "deb", "-M", "disc", "pool"],
    ];
    for arguments in calls {
        let ours: Vec<&str> = ["scan"].iter().chain(arguments).copied().collect();
        let ours = run(folder.path(), archive::repogen(), &ours);
        agree(&ours, &run(folder.path(), "dpkg-scanpackages", arguments), 7);
    }
}

#[test]
fn arguments_that_are_none_print_nothing_on_stdout() {
    let folder = pool();
    let calls: [&[&str]; 5] = [
        &["--bogus", "pool"],
        &[],
        &["-h", "crc", "pool"],
        &["-t", "(deb|ddeb)", "pool"],
        &["pool", "a", "b", "c"],
    ];
    for arguments in calls {
        let scan = Run::of(
            Command::new(archive::repogen())
                .arg("scan")
                .args(arguments)
                .current_dir(folder.path()),
        )
        .exits(2);
        assert_eq!(scan.stdout, "", "{}", scan.report());
    }
}
