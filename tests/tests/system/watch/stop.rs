//! `repogen watch` that is stopped or killed.

use super::{drop_whole, ends_well, incoming, live, package};
use archive_tests::{TestArchive, Watching};
use std::fs;

#[test]
fn it_ends_well_while_it_is_busy_and_the_next_one_goes_on() {
    let archive = TestArchive::new();
    let watching = Watching::start(&archive);
    for number in 0..30 {
        drop_whole(
            &archive,
            "stable/main",
            &package(&format!("package-{number}"), "1.0"),
        );
    }
    ends_well(watching, &archive);
    let mut watching = Watching::start(&archive);
    until_all_live(&mut watching, &archive, 30);
    ends_well(watching, &archive);
}

#[test]
fn nothing_is_lost_or_doubled_when_it_is_killed() {
    let archive = TestArchive::new();
    let mut number = 0;
    for round in 1..=4 {
        let mut watching = Watching::start(&archive);
        for _ in 0..10 {
            drop_whole(
                &archive,
                "stable/main",
                &package(&format!("package-{number}"), "1.0"),
            );
            number += 1;
        }
        // At another moment of its work each time.
        watching.until("some are taken", |watching| {
            watching.stderr().matches("added ").count() >= round
        });
        watching.kill();
    }
    let mut watching = Watching::start(&archive);
    until_all_live(&mut watching, &archive, number);
    ends_well(watching, &archive);
    assert_eq!(archive.repogen(&["list"]).ok().rows().len(), number);
    assert!(!archive.root().join("incoming/rejected").exists());
}

/// Waits until that many packages are live, and their files are gone.
#[track_caller]
fn until_all_live(watching: &mut Watching, archive: &TestArchive, count: usize) {
    let folder = incoming(archive, "stable/main");
    watching.until("every package is live, and its file gone", |_| {
        let live_now = (0..count).all(|number| live(archive, &format!("package-{number}")) == ["1.0"]);
        live_now && fs::read_dir(&folder).unwrap().next().is_none()
    });
}
