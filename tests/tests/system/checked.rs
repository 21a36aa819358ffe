//! `repogen check`: what cannot be installed is named, with the reason.

use archive_tests::{DebBuilder, TestArchive};

fn archive() -> TestArchive {
    let archive = TestArchive::new();
    archive
        .add(&[
            DebBuilder::new("app", "1.0", "amd64").depends("lib (>= 2)"),
            DebBuilder::new("lib", "1.5", "amd64").depends("libc6"),
            DebBuilder::new("data", "1.0", "all"),
        ])
        .ok();
    archive
}

#[test]
fn each_package_that_cannot_be_installed_is_a_line_and_its_reasons() {
    let archive = archive();
    let checked = archive.repogen(&["check"]).exits(1);
    assert_eq!(
        checked.stdout,
        "app\t1.0\tamd64\n  `app` 1.0 needs `lib` (>= 2), newest available is 1.5\n\
         lib\t1.5\tamd64\n  `lib` 1.5 needs `libc6`, which no source has\n"
    );
}

#[test]
fn json_is_an_object_a_line_and_the_counts_last() {
    let checked = archive()
        .repogen(&["check", "--json", "--suite", "stable"])
        .exits(1);
    let lines: Vec<serde_json::Value> = checked
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            serde_json::json!({"package": "app", "version": "1.0", "architecture": "amd64",
                "reasons": ["`app` 1.0 needs `lib` (>= 2), newest available is 1.5"]}),
            serde_json::json!({"package": "lib", "version": "1.5", "architecture": "amd64",
                "reasons": ["`lib` 1.5 needs `libc6`, which no source has"]}),
            serde_json::json!({"checked": 3, "broken": 2}),
        ]
    );
}

#[test]
fn what_a_base_has_can_be_depended_on_and_is_not_checked() {
    let archive = archive();
    archive
        .add(&[DebBuilder::new("lib", "2.0", "amd64").depends("libc6")])
        .ok();
    std::fs::create_dir_all(archive.outside()).unwrap();
    let base = archive.outside().join("Packages");
    std::fs::write(
        &base,
        "Package: libc6\nVersion: 2.36\nArchitecture: amd64\n\n\
         Package: broken\nVersion: 1\nArchitecture: amd64\nDepends: nothing\n",
    )
    .unwrap();
    let base = base.to_str().unwrap();
    let checked = archive.repogen(&["check", "--json", "--base", base]).ok();
    assert_eq!(checked.stdout, "{\"checked\":4,\"broken\":0}\n");
    let missing = archive
        .repogen(&["check", "--base", "/nowhere/Packages.xz"])
        .exits(2);
    assert!(
        missing.stderr.contains("cannot read `/nowhere/Packages.xz`"),
        "{}",
        missing.stderr
    );
}
