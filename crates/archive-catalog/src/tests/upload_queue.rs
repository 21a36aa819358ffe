//! Files that wait for their `.changes` file.

use super::*;
use crate::upload_queue::{
    ClaimedFile, Enqueued, QueueBounds, QueueClaim, QueueFull, QueueKey, QueueUsage, UploadQueue, WaitingFile,
};

const BOUNDS: QueueBounds = QueueBounds {
    sets: 2,
    files: 3,
    bytes: 100,
    all_files: 5,
};

fn with_accounts(catalog: &SqlCatalog) {
    for name in ["jane", "june"] {
        let created = catalog.create_account(&account(name, Role::Maintainer), &event("user.add"));
        created.unwrap();
    }
}

fn key(account: &str, suite_name: &str) -> QueueKey {
    QueueKey {
        account: id(&format!("id-{account}")),
        token: None,
        suite: suite(suite_name),
    }
}

fn file(name: &str, bytes: &[u8]) -> WaitingFile {
    // Each has a place of its own.
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    WaitingFile {
        name: name.parse().unwrap(),
        sha256: digest::sha256(bytes),
        size: bytes.len() as u64,
        path: format!("staged/queue/{number}"),
    }
}

fn claim(catalog: &SqlCatalog, key: &QueueKey, files: &[&WaitingFile], by: &str) -> QueueClaim {
    let asked: Vec<_> = files
        .iter()
        .map(|file| (file.name.clone(), file.sha256))
        .collect();
    catalog.claim_queued(key, &asked, &id(by)).unwrap()
}

/// Says of each file that was claimed whether it waits, and whether one of its name with other bytes does.
fn waits(claim: QueueClaim) -> Vec<(bool, bool)> {
    let QueueClaim::Claimed(files) = claim else {
        panic!("nobody else has them");
    };
    files
        .iter()
        .map(|ClaimedFile { file, other_bytes }| (file.is_some(), *other_bytes))
        .collect()
}

pub(super) fn files_of_one_name_wait_side_by_side_and_each_is_claimed_by_one(catalog: &SqlCatalog) {
    with_accounts(catalog);
    let jane = key("jane", "stable");
    let (one, two) = (file("a.deb", b"one"), file("a.deb", b"two"));
    for file in [&one, &two] {
        assert_eq!(
            catalog.enqueue(&jane, file, &BOUNDS, NOW).unwrap(),
            Enqueued::Added
        );
    }
    let again = WaitingFile {
        path: "staged/queue/again".into(),
        ..two.clone()
    };
    assert_eq!(
        catalog.enqueue(&jane, &again, &BOUNDS, NOW).unwrap(),
        Enqueued::Already
    );
    let by_token = QueueKey {
        token: Some(id("token")),
        ..jane.clone()
    };
    for other in [key("june", "stable"), key("jane", "private"), by_token] {
        assert_eq!(waits(claim(catalog, &other, &[&one], "x")), [(false, false)]);
    }
    let missing = file("b.deb", b"one");
    let first = claim(catalog, &jane, &[&two, &missing], "first");
    assert_eq!(waits(first), [(true, true), (false, false)]);
    assert_eq!(claim(catalog, &jane, &[&one, &two], "second"), QueueClaim::Held);
    assert_eq!(catalog.finish_queued(&id("first")).unwrap(), [two.path.as_str()]);
    let second = claim(catalog, &jane, &[&one, &two], "second");
    assert_eq!(waits(second), [(true, false), (false, true)]);
    catalog.release_queued(&id("second"), NOW).unwrap();
    assert_eq!(waits(claim(catalog, &jane, &[&one], "third")), [(true, false)]);
    assert_eq!(catalog.queued_paths().unwrap(), [one.path.as_str()]);
}

pub(super) fn a_claim_that_ended_goes_to_the_next_who_asks(catalog: &SqlCatalog) {
    with_accounts(catalog);
    let jane = key("jane", "stable");
    let one = file("a.deb", b"one");
    catalog.enqueue(&jane, &one, &BOUNDS, NOW).unwrap();
    assert_eq!(waits(claim(catalog, &jane, &[&one], "dead")), [(true, false)]);
    let let_time_pass = || {
        catalog
            .write("let time pass", |db| {
                db.execute("update queued_file set claimed_until = claimed_until - 60", &[])
            })
            .unwrap();
    };
    let_time_pass();
    catalog.renew_queue_claim(&id("dead")).unwrap();
    assert_eq!(claim(catalog, &jane, &[&one], "next"), QueueClaim::Held);
    let_time_pass();
    assert_eq!(waits(claim(catalog, &jane, &[&one], "next")), [(true, false)]);
    // Whoever lost it takes nothing away.
    assert!(catalog.finish_queued(&id("dead")).unwrap().is_empty());
    assert_eq!(catalog.finish_queued(&id("next")).unwrap(), [one.path.as_str()]);
}

pub(super) fn what_waits_for_an_hour_goes_unless_it_is_claimed(catalog: &SqlCatalog) {
    with_accounts(catalog);
    let jane = key("jane", "stable");
    let (old, again, claimed) = (file("old", b"old"), file("again", b"x"), file("claimed", b"y"));
    for file in [&old, &again, &claimed] {
        catalog.enqueue(&jane, file, &BOUNDS, NOW).unwrap();
    }
    let usage = QueueUsage {
        files: 3,
        oldest: Some(NOW),
    };
    assert_eq!(catalog.queue_usage().unwrap(), usage);
    let touched = |sha256| catalog.touch_queued(&jane, &again.name, sha256, NOW + 1).unwrap();
    assert!(touched(&again.sha256) && !touched(&old.sha256));
    claim(catalog, &jane, &[&claimed], "busy");
    assert!(catalog.forget_queued(NOW - 1).unwrap().is_empty());
    assert_eq!(catalog.forget_queued(NOW).unwrap(), [old.path.as_str()]);
    catalog.release_queued(&id("busy"), NOW).unwrap();
    assert_eq!(catalog.forget_queued(NOW + 1).unwrap().len(), 2);
    assert_eq!(catalog.queue_usage().unwrap(), QueueUsage::default());
}

pub(super) fn nobody_has_more_wait_than_the_bounds(catalog: &SqlCatalog) {
    with_accounts(catalog);
    let put = |key: &QueueKey, name: &str, bytes: &[u8]| {
        let file = file(name, bytes);
        let room = catalog.queue_room(key, file.size, &BOUNDS).unwrap();
        let put = catalog.enqueue(key, &file, &BOUNDS, NOW).unwrap();
        assert_eq!(put, room.map_or(Enqueued::Added, Enqueued::Full));
        room
    };
    let (jane, june) = (key("jane", "stable"), key("june", "stable"));
    let too_large = |queued| Some(QueueFull::Bytes { queued, allowed: 100 });
    assert_eq!(put(&jane, "x.deb", &[0; 101]), too_large(0));
    assert_eq!(put(&jane, "a.deb", &[0; 60]), None);
    assert_eq!(put(&jane, "x.deb", &[1; 41]), too_large(60));
    assert_eq!(put(&key("jane", "private"), "b.deb", b"b"), None);
    let third = QueueKey {
        token: Some(id("token")),
        ..jane.clone()
    };
    assert_eq!(put(&third, "x.deb", b"x"), Some(QueueFull::Sets(2)));
    assert_eq!(put(&jane, "c.deb", b"c"), None);
    assert_eq!(put(&jane, "x.deb", b"x"), Some(QueueFull::Files(3)));
    assert_eq!(put(&june, "a.deb", b"a"), None);
    assert_eq!(put(&june, "b.deb", b"b"), None);
    assert_eq!(put(&june, "x.deb", b"x"), Some(QueueFull::All));
}
