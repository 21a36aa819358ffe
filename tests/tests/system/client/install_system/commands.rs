//! Commands that ask what dpkg has or wants, and ways of installing that dpkg carries out.

use std::fs;

use archive_tests::DebBuilder;

use super::{Machine, hello};

fn greeted() -> Machine {
    let machine = Machine::new(&[
        hello("1.0"),
        DebBuilder::new("libhello", "1.0", "amd64").file("./usr/lib/greet", "hi"),
    ]);
    machine.cpkgs(&["install", "hello"]).ok();
    machine
}

#[test]
fn what_dpkg_has_is_listed_with_its_reason_and_its_files() {
    let machine = greeted();
    let listed = machine.cpkgs(&["list", "--installed"]).ok().stdout;
    assert_eq!(
        listed,
        "hello\t1.0\tamd64\tmanual\nlibhello\t1.0\tamd64\tautomatic\n"
    );
    let why = machine.cpkgs(&["why", "libhello"]).ok().stdout;
    assert_eq!(why, "hello\twas asked for\nhello\tDepends\tlibhello\n");
    let files = machine.cpkgs(&["files", "libhello"]).ok().stdout;
    assert!(files.ends_with("/usr/lib/greet\n"), "{files}");
}

#[test]
fn dpkg_holds_what_it_is_told_to() {
    let machine = greeted();
    machine.archive.add(&[hello("2.0")]);
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    machine.cpkgs(&["hold", "hello"]).ok();
    machine.cpkgs(&["upgrade"]).ok();
    assert_eq!(
        machine.status(),
        ["hello 1.0 hold installed", "libhello 1.0 install installed"]
    );
    for arguments in [["remove", "hello"], ["purge", "hello"], ["upgrade", "hello"]] {
        let run = machine.cpkgs(&arguments).exits(1);
        assert!(
            run.stderr.contains("`cpkgs unhold --system hello`"),
            "{}",
            run.report()
        );
    }
    machine.cpkgs(&["unhold", "hello"]).ok();
    machine.cpkgs(&["upgrade"]).ok();
    assert_eq!(
        machine.status(),
        ["hello 2.0 install installed", "libhello 1.0 install installed"]
    );
}

#[test]
fn what_is_downloaded_only_changes_nothing() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    let run = machine.cpkgs(&["install", "--download-only", "hello"]).ok();
    assert!(run.stderr.contains(": 2 packages"), "{}", run.report());
    assert_eq!(machine.status(), Vec::<String>::new());
    // What comes later comes from there.
    fs::remove_dir_all(machine.archive.root().join("pool")).unwrap();
    machine.cpkgs(&["install", "hello"]).ok();
}

#[test]
fn what_is_reinstalled_gets_its_files_back() {
    let machine = greeted();
    fs::remove_file(machine.path("usr/lib/greet")).unwrap();
    let run = machine.cpkgs(&["install", "--reinstall", "libhello"]).ok();
    assert!(run.stderr.contains("1 to reinstall"), "{}", run.report());
    assert_eq!(fs::read_to_string(machine.path("usr/lib/greet")).unwrap(), "hi");
    machine
        .archive
        .repogen(&["remove", "--suite", "stable", "libhello=1.0"])
        .ok();
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    machine.cpkgs(&["install", "--reinstall", "libhello"]).exits(1);
}

#[test]
fn changes_of_the_system_are_listed_and_taken_back() {
    let machine = Machine::new(&[
        hello("1.0"),
        DebBuilder::new("libhello", "1.0", "amd64"),
        DebBuilder::new("other", "1", "all"),
    ]);
    machine.cpkgs(&["install", "other"]).ok();
    machine.cpkgs(&["install", "hello", "other-"]).ok();
    let listed = machine.cpkgs(&["history"]).ok().stdout;
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[0].contains("+2 -1"), "{listed}");
    let planned = machine.cpkgs(&["rollback", "--dry-run"]).ok().stdout;
    assert!(
        planned.contains("1 to install, 0 to upgrade, 0 to downgrade, 2 to remove"),
        "{planned}"
    );
    machine.cpkgs(&["rollback"]).ok();
    let there = |machine: &Machine| -> Vec<String> {
        let status = machine.status().into_iter();
        status.filter(|line| line.ends_with(" installed")).collect()
    };
    assert_eq!(there(&machine), ["other 1 install installed"]);
    // What another package needs by now does not go, nor what has changed since.
    let first = lines[1].split_whitespace().next().unwrap().to_owned();
    machine
        .archive
        .add(&[DebBuilder::new("user", "1", "all").depends("other")])
        .ok();
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    machine.cpkgs(&["install", "user"]).ok();
    let refused = machine.cpkgs(&["rollback", &first]).exits(1).stderr;
    assert!(refused.contains("that would also remove user"), "{refused}");
    machine.archive.add(&[DebBuilder::new("other", "2", "all")]).ok();
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    machine.cpkgs(&["upgrade"]).ok();
    let refused = machine.cpkgs(&["rollback", &first]).exits(1).stderr;
    assert!(refused.contains("`other` is 2 by now"), "{refused}");
    machine.cpkgs(&["rollback", "20200101T000000"]).exits(1);
}
