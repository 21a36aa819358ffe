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
    // Its owner has to mend what is odd in it, and nobody else waits for that.
    let mut odd = std::fs::read(base).unwrap();
    odd.extend(b"\nPackage: old\nVersion: 1\nArchitecture: amd64\nMaintainer: \xe9\n\nPackage: odd\nVersion: not one\nArchitecture: amd64\n");
    std::fs::write(base, odd).unwrap();
    let checked = archive.repogen(&["check", "--json", "--base", base]).ok();
    assert_eq!(checked.stdout, "{\"checked\":4,\"broken\":0}\n");
    assert!(
        checked.stderr.contains("1 package that cannot be used"),
        "{}",
        checked.report()
    );
    std::fs::write(base, "<html>\n").unwrap();
    archive.repogen(&["check", "--base", base]).exits(2);
    let missing = archive
        .repogen(&["check", "--base", "/nowhere/Packages.xz"])
        .exits(2);
    assert!(
        missing.stderr.contains("cannot read `/nowhere/Packages.xz`"),
        "{}",
        missing.stderr
    );
}

/// Returns an archive with a gate, whose base is a file below its root.
fn gated(gate: &str) -> TestArchive {
    let archive = TestArchive::new();
    archive.configure_last_suite(&format!("gate = \"{gate}\""));
    archive.configure_last_suite("gate_base = [\"base/Packages\"]");
    std::fs::create_dir(archive.root().join("base")).unwrap();
    let libc = "Package: libc6\nVersion: 2.36\nArchitecture: amd64\n";
    std::fs::write(archive.root().join("base/Packages"), libc).unwrap();
    archive.publish().ok();
    archive
}

fn needs_lib() -> DebBuilder {
    DebBuilder::new("app", "1.0", "amd64").depends("lib (>= 2), libc6")
}

#[test]
fn a_gate_that_blocks_keeps_out_what_cannot_be_installed_until_it_can_be() {
    let archive = gated("block");
    archive.add(&[needs_lib()]).ok();
    let before = archive.read("dists/stable/InRelease");
    let refused = archive.repogen(&["publish"]).exits(1);
    assert!(
        refused
            .stderr
            .contains("suite `stable` was not published: `app` 1.0 for amd64: `app` 1.0 needs `lib` (>= 2)"),
        "{}",
        refused.stderr
    );
    assert_eq!(archive.read("dists/stable/InRelease"), before);
    archive
        .add(&[DebBuilder::new("lib", "2.0", "amd64").depends("libc6")])
        .ok();
    archive.publish().ok();
    assert_eq!(archive.packages("stable", "main", "amd64").len(), 2);
}

#[test]
fn what_a_closed_gate_keeps_back_does_not_keep_the_live_release_from_being_renewed() {
    let archive = gated("block");
    archive.add(&[needs_lib()]).ok();
    archive.configure("label  = ", "label = \"Renewed\" # was ");
    archive.repogen(&["publish"]).exits(1);
    assert!(archive.read("dists/stable/InRelease").contains("Label: Renewed"));
    assert!(archive.packages("stable", "main", "amd64").is_empty());
    archive.configure("gate = \"block\"", "gate = \"off\"");
    archive.publish().ok();
    assert_eq!(archive.packages("stable", "main", "amd64").len(), 1);
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_gate_that_blocks_keeps_a_suite_from_going_back_before_anything_changes() {
    let archive = gated("off");
    archive.add(&[needs_lib()]).ok();
    archive.publish().ok();
    let id = archive.repogen(&["snapshot", "create"]).ok().stdout;
    archive.configure("gate = \"off\"", "gate = \"block\"");
    archive
        .add(&[DebBuilder::new("lib", "2.0", "amd64").depends("libc6")])
        .ok();
    archive.publish().ok();
    let refused = archive
        .repogen(&["rollback", "--suite", "stable", id.trim()])
        .exits(1);
    let expected = "suite `stable` was not rolled back: `app` 1.0 for amd64: `app` 1.0 needs `lib` (>= 2)";
    assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    let held = archive.repogen(&["list", "--suite", "stable"]).ok().stdout;
    assert!(held.contains("lib"), "the suite holds what it held: {held}");
    let unchanged = archive.publish().ok().stdout;
    assert_eq!(unchanged, "stable\tunchanged\n");
    archive.configure("gate = \"block\"", "gate = \"warn\"");
    archive
        .repogen(&["rollback", "--suite", "stable", id.trim()])
        .ok();
    assert_eq!(archive.packages("stable", "main", "amd64").len(), 1);
}

#[test]
fn a_gate_that_warns_names_what_is_new_and_publishes_it() {
    let archive = gated("warn");
    archive.add(&[needs_lib()]).ok();
    let published = archive.repogen(&["publish"]).ok();
    assert!(
        published.stdout.contains("\tpublished\t1\t1\t0\t"),
        "{}",
        published.stdout
    );
    let warning = "warning: stable: published uninstallable packages: `app` 1.0";
    assert!(published.stderr.contains(warning), "{}", published.stderr);
    archive.add(&[DebBuilder::new("data", "1.0", "all")]).ok();
    let quiet = archive.repogen(&["publish"]).ok();
    assert!(!quiet.stderr.contains("warning"), "{}", quiet.stderr);
}
