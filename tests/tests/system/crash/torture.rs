//! What a published archive has to bear, with small counts; `make torture` has the large ones.

use archive_tests::torture::full::{FullDisks, full_disks};
use archive_tests::torture::generations::generations;
use archive_tests::torture::kills::{Kills, kills};
use archive_tests::torture::power::{PowerCuts, power_cuts};
use archive_tests::torture::stops::{Stops, stops};
use archive_tests::torture::torn::{Between, TornReads, torn_reads};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns another seed each time, and tells it: a test that fails shows what its output was.
fn seed() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = time.as_nanos() as u64;
    eprintln!("seed {seed}");
    seed
}

fn torn(between: Between) -> TornReads {
    TornReads {
        publishes: 12,
        clients: 2,
        packages: 10,
        between,
        seed: seed(),
    }
}

#[test]
fn clients_never_see_a_torn_archive() {
    let account = torn_reads(torn(Between::Nothing)).clean();
    assert_eq!(account.counted("publishes"), 1 + 12);
    assert!(account.counted("client downloads") > 2, "{account}");
}

#[test]
fn clients_behind_a_stale_proxy_never_see_a_torn_archive() {
    let account = torn_reads(torn(Between::StaleProxy)).clean();
    assert!(
        account.counted("InRelease answers out of the proxy's cache") > 0,
        "{account}"
    );
}

#[test]
fn killed_writers_lose_nothing_and_leave_nothing() {
    let account = kills(Kills {
        publishes: 8,
        adds: 12,
        clients: 1,
        packages: 10,
        seed: seed(),
    })
    .clean();
    assert!(account.counted("verifications") >= 20);
}

#[test]
fn what_is_answered_outlives_a_power_cut() {
    let account = power_cuts(PowerCuts {
        kills: 12,
        packages: 5,
        seed: seed(),
    })
    .clean();
    assert_eq!(account.counted("programs traced"), 10);
}

#[test]
fn publishers_that_meet_or_stand_still_do_each_other_no_harm() {
    stops(Stops {
        pairs: 3,
        stopped_for: Duration::ZERO,
        stops: 2,
        clients: 1,
        packages: 10,
        seed: seed(),
    })
    .clean();
}

#[test]
fn a_disk_that_fills_in_the_middle_of_a_publish_is_named_and_harms_nobody() {
    let account = full_disks(FullDisks {
        step: 24 * 1024,
        clients: 1,
        packages: 10,
        seed: seed(),
    });
    let Some(account) = account else {
        archive_tests::skip("mounts in a user namespace");
        return;
    };
    assert!(account.clean().counted("publishes on a full disk") > 2);
}

#[test]
fn every_generation_of_signatures_is_good() {
    let account = generations(20).clean();
    assert_eq!(account.counted("signatures that gpgv calls good"), 40);
}
