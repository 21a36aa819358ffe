//! `cpkgs source NAME` and `cpkgs build-dep`.

use std::fs;
use std::process::Command;

use archive_tests::WriteDeb as _;
use archive_tests::{Client, DebBuilder, Run};
use debian_control::digest::sha256;

use super::source::Foreign;

/// An archive that has a source package `app` of version 1, a binary package `tool` that is built of it, and what building it needs.
fn archive() -> (Foreign, Client) {
    let foreign = Foreign::new();
    fs::create_dir_all(foreign.path("pool/app-1/debian/source")).unwrap();
    let write =
        |name: &str, text: &str| fs::write(foreign.path("pool/app-1/debian").join(name), text).unwrap();
    write(
        "control",
        "Source: app\nMaintainer: A B <a@example.org>\n\nPackage: tool\nArchitecture: all\nDescription: x\n",
    );
    write(
        "changelog",
        "app (1) unstable; urgency=low\n\n  * New.\n\n -- A B <a@example.org>  Mon, 02 Jan 2023 03:04:05 +0000\n",
    );
    write("source/format", "3.0 (native)\n");
    let mut build = Command::new("dpkg-source");
    Run::of(build.current_dir(foreign.path("pool")).args(["--build", "app-1"])).ok();
    fs::remove_dir_all(foreign.path("pool/app-1")).unwrap();
    for package in [
        DebBuilder::new("tool", "1+b1", "all").field("Source", "app (1)"),
        DebBuilder::new("build-essential", "1", "all").depends("compiler"),
        DebBuilder::new("compiler", "1", "all"),
        DebBuilder::new("helper", "1", "all").field("Recommends", "nice"),
        DebBuilder::new("nice", "1", "all"),
        DebBuilder::new("documenter", "1", "all"),
        DebBuilder::new("enemy", "1", "all"),
    ] {
        package.write_into(&foreign.path("pool"));
    }
    let mut index = Command::new("apt-ftparchive");
    index.current_dir(foreign.path(".")).args(["packages", "pool"]);
    let packages = Run::of(&mut index).ok().stdout;
    let files = ["app_1.dsc", "app_1.tar.xz"].map(|name| {
        let bytes = fs::read(foreign.path("pool").join(name)).unwrap();
        format!(" {} {} {name}\n", sha256(&bytes), bytes.len())
    });
    let sources = format!(
        "Package: app\nBinary: tool\nVersion: 1\nBuild-Depends: helper, other [!any], documenter <!nodoc>\nBuild-Conflicts: enemy\n\
         Directory: pool\nChecksums-Sha256:\n{}",
        files.concat()
    );
    let indexes = [("Packages", packages.as_bytes()), ("Sources", sources.as_bytes())];
    foreign.publish_all(&indexes, "");
    let client = foreign.client(&["--suite", "./"]);
    client.run(&["update"]).ok();
    (foreign, client)
}

#[test]
fn a_source_package_is_fetched_by_its_own_name_or_that_of_what_is_built_of_it() {
    for name in ["app", "tool", "app=1", "tool=1+b1"] {
        let (_foreign, client) = archive();
        let run = client.run(&["source", name]).ok();
        assert_eq!(run.stdout, "app_1.dsc\napp_1.tar.xz\n", "{name}");
        let control = client.folder().join("app-1/debian/control");
        assert!(control.exists(), "{}", run.report());
    }
    let (_foreign, client) = archive();
    client.run(&["source", "--download-only", "app"]).ok();
    assert!(client.folder().join("app_1.dsc").exists());
    assert!(!client.folder().join("app-1").exists());
    let other = client.run(&["source", "app=2"]).exits(1).stderr;
    assert_eq!(
        other,
        "error: there is no source package `app=2`\n  caused by: available: 1 (./)\n"
    );
    client.run(&["source", "absent"]).exits(1);
    client.run(&["source"]).exits(2);
}

#[test]
fn a_file_of_a_source_package_that_is_not_what_was_signed_is_refused() {
    let (foreign, client) = archive();
    let file = foreign.path("pool/app_1.tar.xz");
    let mut bytes = fs::read(&file).unwrap();
    bytes[20] ^= 1;
    fs::write(&file, bytes).unwrap();
    client.run(&["source", "app"]).exits(4);
    assert!(!client.folder().join("app_1.tar.xz").exists());
    assert!(!client.folder().join("app-1").exists());
}

#[test]
fn what_building_needs_comes_and_counts_as_asked_for_and_what_that_needs_does_not() {
    let (_foreign, client) = archive();
    client.run(&["install", "--yes", "enemy"]).ok();
    client.run(&["build-dep", "--yes", "tool"]).ok();
    let rows = client.run(&["list", "--installed"]).ok();
    let rows: Vec<String> = rows
        .rows()
        .iter()
        .map(|row| format!("{} {}", row[0], row[3]))
        .collect();
    assert_eq!(
        rows,
        [
            "build-essential manual",
            "compiler automatic",
            "documenter manual",
            "helper manual"
        ]
    );
    client.run(&["build-dep", "absent"]).exits(1);
}

#[test]
fn build_profiles_say_what_building_does_without() {
    let (_foreign, client) = archive();
    let plan = client.json(&["build-dep", "app", "--dry-run", "--build-profile", "nodoc"]);
    let names = plan[0]["install"].as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["build-essential", "compiler", "helper"]);
}

#[test]
fn what_building_a_source_package_of_this_machine_needs_is_read_from_its_files() {
    let (_foreign, client) = archive();
    client.run(&["source", "app"]).ok();
    let control = client.folder().join("app-1/debian/control");
    let text = fs::read_to_string(&control).unwrap();
    let text = text.replacen("\n\n", "\n# Later: nice,\nBuild-Depends: helper\n\n", 1);
    fs::write(&control, text).unwrap();
    fs::write(
        client.folder().join("app_2.dsc"),
        "Format: 3.0 (native)\nSource: app\nVersion: 2\nBuild-Depends: documenter, helper\n",
    )
    .unwrap();
    let planned = |path: &str| {
        let plan = client.json(&["build-dep", path, "--dry-run"]);
        let names = plan[0]["install"].as_array().unwrap().iter();
        let names = names.map(|package| package["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(planned("./app-1"), "build-essential compiler helper");
    assert_eq!(planned("app-1/"), "build-essential compiler helper");
    assert_eq!(planned("app_2.dsc"), "build-essential compiler documenter helper");
    for path in ["./absent", "absent.dsc", "./"] {
        client.run(&["build-dep", path]).exits(2);
    }
}

#[test]
fn a_description_of_a_source_package_of_this_machine_is_unpacked_from_the_files_beside_it() {
    let (_foreign, client) = archive();
    client.run(&["source", "--download-only", "app"]).ok();
    client.run(&["source", "./app_1.dsc"]).ok();
    assert!(client.folder().join("app-1/debian/control").exists());
    fs::remove_dir_all(client.folder().join("app-1")).unwrap();
    let file = client.folder().join("app_1.tar.xz");
    let mut bytes = fs::read(&file).unwrap();
    bytes[20] ^= 1;
    fs::write(&file, bytes).unwrap();
    client.run(&["source", "./app_1.dsc"]).exits(1);
    assert!(!client.folder().join("app-1").exists());
    client.run(&["source", "./"]).exits(2);
    client.run(&["source", "--download-only", "./app_1.dsc"]).exits(2);
}
