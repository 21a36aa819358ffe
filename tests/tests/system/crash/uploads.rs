//! The uploader under load, with small counts; `make bench-uploads` has large ones.

use archive_tests::load::killed::{Killed, killed};
use archive_tests::load::large::{Large, large};
use archive_tests::load::live::{Live, live};
use archive_tests::load::rate::{Rate, rate};
use std::time::Duration;

#[test]
fn of_many_uploads_at_once_each_is_listed_fetched_and_published_once() {
    rate(Rate {
        clients: 20,
        uploads: 100,
        bytes: 40_000,
    });
}

#[test]
fn a_large_upload_takes_no_memory_and_one_that_is_cut_leaves_nothing() {
    let found = large(Large {
        bytes: 32 << 20,
        cuts: 3,
        seed: 1,
    });
    // Far from holding it once; what a server has at all is about 30 MiB.
    assert!(
        found.peak_growth < 24 << 10,
        "{} KiB more in memory\n{}",
        found.peak_growth,
        found.findings
    );
}

#[test]
fn what_was_acknowledged_before_the_server_was_killed_is_there() {
    killed(Killed {
        clients: 8,
        uploads: 120,
        kill_at: 60,
    });
}

#[test]
fn uploads_at_once_share_publishes() {
    let found = live(&Live {
        root: None,
        packages: 0,
        uploads: 1,
        every: Duration::ZERO,
        burst: 30,
    });
    assert!(
        found.publishes < 15,
        "{} publishes for 30 uploads\n{}",
        found.publishes,
        found.findings
    );
}
