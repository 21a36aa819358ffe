//! `repogen add`.

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, TestArchive};
use std::fs;
use std::path::Path;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn add_says_one_line_a_file_and_takes_what_is_good() {
    let archive = TestArchive::new();
    let good = hello("1.0").write_into(&archive.outside());
    let bad = archive.outside().join("broken_1.0_amd64.deb");
    fs::write(&bad, "not a package").unwrap();
    // Other files of a folder are passed over without a word.
    fs::write(archive.outside().join("README"), "text").unwrap();
    let folder = archive.outside().display().to_string();

    let first = archive.repogen(&["add", &folder]).exits(1);
    let mut rows = first.rows();
    rows.sort();
    let (good, bad) = (good.display().to_string(), bad.display().to_string());
    assert_eq!(rows.len(), 2, "{}", first.report());
    assert_eq!(rows[0], ["added", &good]);
    assert_eq!(rows[1][..2], ["rejected", &bad]);
    assert!(
        rows[1].get(2).is_some_and(|why| !why.is_empty()),
        "{}",
        first.report()
    );

    let again = archive.repogen(&["add", &good]).ok();
    assert_eq!(again.rows(), [["unchanged", &good]]);
}

#[test]
fn a_section_or_priority_that_no_list_has_a_place_for_is_refused() {
    let archive = TestArchive::new();
    for (at, section) in ["non-free/libs", "System Environment/Base"]
        .into_iter()
        .enumerate()
    {
        let package = DebBuilder::new(&format!("good{at}"), "1.0", "all").field("Section", section);
        archive.add(&[package]);
    }
    let long = "x".repeat(65);
    for field in ["Section", "Priority"] {
        let package = DebBuilder::new("bad", "1.0", "all").field(field, &long);
        let file = package.write_into(&archive.outside()).display().to_string();
        let run = archive.repogen(&["add", &file]).exits(1);
        assert!(
            run.stdout.contains(&format!("invalid `{field}`")),
            "{}",
            run.report()
        );
    }
}

#[test]
fn lines_come_in_the_order_of_the_arguments_also_on_several_cores() {
    let archive = TestArchive::new();
    let mut paths = Vec::new();
    for number in (0..40).rev() {
        let name = format!("package-{number:02}");
        // The first of each five takes much longer to read.
        let size = if number % 5 == 4 { 4 << 20 } else { 10 };
        let package = DebBuilder::new(&name, "1.0", "amd64").file("usr/share/data", "x".repeat(size));
        paths.push(package.write_into(&archive.outside()).display().to_string());
    }
    let missing = archive
        .outside()
        .join("missing_1.0_amd64.deb")
        .display()
        .to_string();
    paths.insert(20, missing);
    paths.insert(30, archive.outside().join("hello_1.0.dsc").display().to_string());
    let arguments: Vec<&str> = ["add"]
        .into_iter()
        .chain(paths.iter().map(String::as_str))
        .collect();
    let run = archive.repogen(&arguments).exits(1);
    let printed: Vec<&str> = run.rows().iter().map(|row| row[1]).collect();
    assert_eq!(printed, paths, "{}", run.report());
}

#[test]
fn a_file_that_is_added_by_link_is_not_copied_and_may_be_replaced() {
    use std::os::unix::fs::MetadataExt as _;

    let archive = TestArchive::new();
    let source = hello("1.0").write_into(&archive.outside());
    let bytes = fs::read(&source).unwrap();
    archive
        .repogen(&["add", "--link", &source.display().to_string()])
        .ok();
    let pool = archive.root().join("pool/main/h/hello/hello_1.0_amd64.deb");
    assert_eq!(fs::read(&pool).unwrap(), bytes);
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    // Where the file system has clones, they are files of their own, whose blocks are shared.
    let is_link = inode(&pool) == inode(&source);
    assert!(is_link || fs::metadata(&pool).unwrap().nlink() == 1);
    fs::remove_file(&source).unwrap();
    fs::write(&source, "another file").unwrap();
    assert_eq!(fs::read(&pool).unwrap(), bytes);
    archive.publish();
    assert_eq!(archive.repogen(&["verify"]).ok().rows().len(), 0);

    // One that others may write to is not shared.
    use std::os::unix::fs::PermissionsExt as _;
    let open = hello("2.0").write_into(&archive.outside());
    fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).unwrap();
    archive
        .repogen(&["add", "--link", &open.display().to_string()])
        .ok();
    let pool = archive.root().join("pool/main/h/hello/hello_2.0_amd64.deb");
    assert_ne!(inode(&pool), inode(&open));
    assert_eq!(fs::metadata(&pool).unwrap().mode() & 0o777, 0o644);
}

#[test]
fn one_identity_has_one_content_for_ever() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let other = hello("1.0").file("etc/hello", "other bytes");
    let equal = hello("1.00");
    let rejected = |package: &DebBuilder| {
        let run = archive.try_add(std::slice::from_ref(package)).exits(1);
        assert_eq!(run.rows()[0][0], "rejected", "{}", run.report());
    };
    rejected(&other);
    // Another text of a version that dpkg calls equal.
    rejected(&equal);
    archive.repogen(&["remove", "hello"]).ok();
    rejected(&other);
    rejected(&equal);
    assert_eq!(
        archive.add(&[hello("1.0")]).rows()[0][0],
        "added",
        "the same bytes may come back"
    );
}

#[test]
fn a_command_that_needs_a_suite_asks_which_of_several() {
    let archive = TestArchive::init(&["--suite", "bookworm", "--suite", "trixie"]);
    let deb = hello("1.0").write_into(&archive.outside()).display().to_string();
    let run = archive.repogen(&["add", &deb]).exits(2);
    assert!(
        run.stderr.contains("bookworm") && run.stderr.contains("trixie"),
        "{}",
        run.report()
    );
}

#[test]
fn an_alias_is_taken_and_the_codename_printed() {
    let archive = TestArchive::init(&["--suite", "bookworm"]);
    archive.configure_last_suite("suite = \"stable\"");
    let deb = hello("1.0").write_into(&archive.outside()).display().to_string();
    archive.repogen(&["add", "--suite", "stable", &deb]).ok();
    let published = archive.repogen(&["publish", "--suite", "stable"]).ok();
    assert_eq!(published.rows()[0][..2], ["bookworm", "published"]);
    let link = fs::read_link(archive.root().join("dists/stable")).unwrap();
    assert_eq!(link, Path::new("bookworm"), "a relative link");
}
