//! `repogen watch`.

mod config;
mod incoming;
mod metrics;
mod publish;
mod stop;

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, Run, TestArchive, Watching};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn package(name: &str, version: &str) -> DebBuilder {
    DebBuilder::new(name, version, "amd64").file(&format!("usr/share/{name}/version"), version)
}

/// Returns the versions of a package that clients are offered.
pub(super) fn live(archive: &TestArchive, name: &str) -> Vec<String> {
    // As a client finds it: by what the signed file names.
    let folder = archive.root().join("dists/stable");
    let Ok(release) = fs::read_to_string(folder.join("InRelease")) else {
        return Vec::new();
    };
    let line = release
        .lines()
        .find(|line| line.ends_with(" main/binary-amd64/Packages.gz"));
    let digest = line
        .and_then(|line| line.split_whitespace().next())
        .unwrap()
        .to_owned();
    let index = folder.join("main/binary-amd64/by-hash/SHA256").join(digest);
    let text = Run::of(Command::new("gzip").arg("-dc").arg(index)).ok().stdout;
    let of_it = |stanza: &&str| stanza.lines().any(|line| line == format!("Package: {name}"));
    let version = |stanza: &str| {
        stanza
            .lines()
            .find_map(|line| line.strip_prefix("Version: "))
            .map(str::to_owned)
    };
    text.split("\n\n").filter(of_it).filter_map(version).collect()
}

fn incoming(archive: &TestArchive, folder: &str) -> PathBuf {
    let folder = archive.root().join("incoming").join(folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Drops a package as upload programs do: written elsewhere, then renamed.
fn drop_whole(archive: &TestArchive, folder: &str, package: &DebBuilder) -> PathBuf {
    let written = package.write_into(&archive.outside());
    let target = incoming(archive, folder).join(package.file_name());
    fs::rename(written, &target).unwrap();
    target
}

#[track_caller]
fn until_live(watching: &mut Watching, archive: &TestArchive, name: &str, version: &str) {
    watching.until(&format!("{name} {version} is live"), |_| {
        live(archive, name).iter().any(|found| found == version)
    });
}

/// Ends the watch and checks what it leaves.
#[track_caller]
fn ends_well(watching: Watching, archive: &TestArchive) -> Run {
    let run = watching.stop().ok();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
    run
}
