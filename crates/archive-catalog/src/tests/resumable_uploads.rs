//! What uploads in parts promise.

use super::*;
use crate::resumable_uploads::{
    ResumableUpload, ResumableUploads, UploadBounds, UploadOutcome, UploadPart, UploadsFull,
};

const BOUNDS: UploadBounds = UploadBounds {
    uploads: 2,
    bytes: 100,
    all: 3,
};

fn upload(name: &str, account: &str, length: u64) -> ResumableUpload {
    ResumableUpload {
        id: id(name),
        account: id(&format!("id-{account}")),
        suite: suite("stable"),
        component: "main".parse().unwrap(),
        waits: true,
        allows_vulnerable: true,
        name: Some("hello_1.0_all.deb".into()),
        length,
        received: 0,
        since: NOW,
        placed: None,
    }
}

fn part(start: u64, size: u64, path: &str) -> UploadPart {
    UploadPart {
        start,
        size,
        path: path.into(),
    }
}

fn with_accounts(catalog: &SqlCatalog) {
    for name in ["jane", "june", "joan"] {
        let created = catalog.create_account(&account(name, Role::Maintainer), &event("user.add"));
        created.unwrap();
    }
}

pub(super) fn parts_follow_each_other_and_of_two_at_one_offset_one_wins(catalog: &SqlCatalog) {
    with_accounts(catalog);
    let begun = upload("one", "jane", 10);
    assert_eq!(catalog.begin_upload(&begun, &BOUNDS).unwrap(), None);
    let found = |account: &str| catalog.resumable_upload(&id(account), &id("one")).unwrap();
    assert_eq!(found("id-jane"), Some(begun.clone()));
    assert_eq!(found("id-june"), None);

    let add = |start, size, path: &str| {
        catalog
            .add_part(&id("one"), &part(start, size, path), NOW + 1)
            .unwrap()
    };
    assert!(!add(1, 1, "gap"));
    assert!(add(0, 4, "a"));
    assert!(!add(0, 4, "b"), "another was there first");
    assert!(!add(4, 7, "c"), "it is longer than announced");
    assert!(!add(4, i64::MAX as u64, "c"));
    assert!(add(4, 2, "d"));
    let parts = catalog.upload_parts(&id("one")).unwrap();
    assert_eq!(parts, [part(0, 4, "a"), part(4, 2, "d")]);
    let now = found("id-jane").unwrap();
    assert_eq!((now.received, now.since), (6, NOW + 1));
    assert_eq!(catalog.part_paths().unwrap().len(), 2);

    let outcome = UploadOutcome {
        sha256: digest::sha256(b"x"),
        status: 201,
    };
    let mut paths = catalog.finish_upload(&id("one"), &outcome, NOW + 2).unwrap();
    paths.sort();
    assert_eq!(paths, ["a", "d"]);
    let done = found("id-jane").unwrap();
    assert_eq!((done.received, done.placed), (10, Some(outcome)));
    assert!(!add(10, 0, "e") && !add(6, 1, "e"), "it is finished");
    assert!(catalog.unfinished_uploads(&id("id-jane"), 10).unwrap().is_empty());
}

pub(super) fn nobody_has_more_uploads_under_way_than_the_bounds(catalog: &SqlCatalog) {
    with_accounts(catalog);
    let begin = |name: &str, account: &str, length| {
        catalog
            .begin_upload(&upload(name, account, length), &BOUNDS)
            .unwrap()
    };
    assert_eq!(begin("one", "jane", 60), None);
    let full = UploadsFull::Bytes {
        announced: 60,
        allowed: 100,
    };
    assert_eq!(begin("two", "jane", 41), Some(full));
    assert_eq!(begin("two", "jane", i64::MAX as u64), Some(full));
    assert_eq!(begin("two", "jane", 40), None);
    assert_eq!(begin("three", "jane", 0), Some(UploadsFull::Uploads(2)));
    assert_eq!(begin("three", "june", 1), None);
    assert_eq!(begin("four", "joan", 1), Some(UploadsFull::All));
    catalog.forget_upload(&id("three")).unwrap();
    assert_eq!(begin("four", "joan", 1), None);
}

pub(super) fn what_nobody_goes_on_with_is_forgotten(catalog: &SqlCatalog) {
    with_accounts(catalog);
    for name in ["old", "young"] {
        let begun = catalog.begin_upload(&upload(name, "jane", 10), &BOUNDS);
        assert_eq!(begun.unwrap(), None);
    }
    assert!(catalog.add_part(&id("old"), &part(0, 1, "a"), NOW).unwrap());
    assert!(catalog.add_part(&id("young"), &part(0, 1, "b"), NOW + 1).unwrap());
    assert_eq!(catalog.forget_uploads(NOW - 1).unwrap(), [""; 0]);
    assert_eq!(catalog.forget_uploads(NOW).unwrap(), ["a"]);
    let left = catalog.unfinished_uploads(&id("id-jane"), 10).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, id("young"));
}
