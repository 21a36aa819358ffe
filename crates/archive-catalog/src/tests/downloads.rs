//! What counting downloads promises.

use super::*;

/// Places `hello` 1.0 and 2.0 in `stable` and `secret` 1.0 in `private`, and returns their digests.
fn placed(catalog: &SqlCatalog) -> [digest::Sha256; 3] {
    let mut secret = placement("secret", "1.0", "misc");
    secret.suite = suite("private");
    let all = [
        placement("hello", "1.0", "misc"),
        placement("hello", "2.0", "misc"),
        secret,
    ];
    place(catalog, &all);
    all.map(|placement| placement.content.content.sha256)
}

fn count(sha256: digest::Sha256, tree: &str, day: i64, count: u64) -> DownloadCount {
    let tree = tree.to_owned();
    DownloadCount {
        sha256,
        tree,
        day,
        count,
    }
}

/// Returns the sums of a group as `KEY=COUNT`, as whoever reads `suites` sees them.
fn sums(catalog: &SqlCatalog, group: DownloadGroup, suites: &[(&str, &str)]) -> Vec<String> {
    let query = DownloadQuery {
        from: 100,
        to: 101,
        group,
        suites: suites
            .iter()
            .map(|(name, tree)| (suite(name), (*tree).to_owned()))
            .collect(),
        name: None,
        skip: 0,
        limit: 10,
    };
    let sums = catalog.sum_downloads(&query).unwrap();
    let text = |sum: crate::downloads::DownloadSum| {
        let day = sum.day.map(|day| day.to_string());
        let keys: Vec<String> = [sum.suite, sum.name, sum.version, day]
            .into_iter()
            .flatten()
            .collect();
        format!("{}={}", keys.join(" "), sum.downloads)
    };
    sums.into_iter().map(text).collect()
}

pub(super) fn days_versions_packages_and_suites_are_counted_apart(catalog: &SqlCatalog) {
    let [old, new, _] = placed(catalog);
    catalog
        .count_downloads(&[count(old, "", 100, 2), count(new, "", 101, 3)], NOW)
        .unwrap();
    catalog
        .count_downloads(
            &[
                count(old, "", 100, 2),
                count(old, "", 99, 9),
                count(new, "", 102, 9),
            ],
            NOW,
        )
        .unwrap();
    let public = [("stable", "")];
    assert_eq!(sums(catalog, DownloadGroup::Day, &public), ["100=4", "101=3"]);
    assert_eq!(sums(catalog, DownloadGroup::Package, &public), ["hello=7"]);
    assert_eq!(
        sums(catalog, DownloadGroup::Version, &public),
        ["hello 1.0=4", "hello 2.0=3"]
    );
    assert_eq!(sums(catalog, DownloadGroup::Suite, &public), ["stable=7"]);
    let listed = catalog
        .package(old.as_bytes(), &[suite("stable")], &[])
        .unwrap()
        .unwrap();
    assert_eq!(listed.extras.downloads, 13);
}

pub(super) fn what_is_private_is_counted_for_its_readers_only(catalog: &SqlCatalog) {
    let [old, _, secret] = placed(catalog);
    let mut copy = placement("hello", "1.0", "misc");
    copy.suite = suite("private");
    place(catalog, &[copy]);
    catalog
        .count_downloads(
            &[
                count(old, "", 100, 2),
                count(old, "private", 100, 5),
                count(secret, "private", 100, 7),
            ],
            NOW,
        )
        .unwrap();
    assert_eq!(
        sums(catalog, DownloadGroup::Package, &[("stable", "")]),
        ["hello=2"]
    );
    let both = [("stable", ""), ("private", "private")];
    assert_eq!(
        sums(catalog, DownloadGroup::Package, &both),
        ["hello=7", "secret=7"]
    );
    assert_eq!(
        sums(catalog, DownloadGroup::Suite, &both),
        ["private=12", "stable=2"]
    );
    assert_eq!(sums(catalog, DownloadGroup::Day, &both), ["100=14"]);
    for (suites, of_package, of_all) in [
        (vec![suite("stable")], 2, 2),
        (vec![suite("stable"), suite("private")], 7, 14),
    ] {
        let listed = catalog.package(old.as_bytes(), &suites, &[]).unwrap().unwrap();
        assert_eq!(listed.extras.downloads, of_package);
        assert_eq!(catalog.totals(&suites).unwrap().downloads, of_all);
    }
    assert_eq!(sums(catalog, DownloadGroup::Day, &[]), [""; 0]);
}

pub(super) fn a_log_is_counted_to_where_it_was_counted_before(catalog: &SqlCatalog) {
    let [old, ..] = placed(catalog);
    let position = |bytes: u64, position: u64| LogPosition {
        head: digest::sha256(&bytes.to_le_bytes()),
        head_bytes: bytes,
        position,
    };
    let counts = [count(old, "", 100, 1)];
    let (short, long) = (position(10, 10), position(20, 30));
    assert!(catalog.count_logged(&counts, None, &short, NOW).unwrap());
    // Somebody else has come as far in the meantime.
    assert!(!catalog.count_logged(&counts, None, &short, NOW).unwrap());
    assert!(catalog.count_logged(&counts, Some(&short), &long, NOW).unwrap());
    assert!(!catalog.count_logged(&counts, Some(&short), &long, NOW).unwrap());
    assert_eq!(catalog.logs().unwrap(), [long]);
    assert_eq!(sums(catalog, DownloadGroup::Day, &[("stable", "")]), ["100=2"]);
}

pub(super) fn what_was_pruned_was_fetched_all_the_same(catalog: &SqlCatalog) {
    let [old, ..] = placed(catalog);
    catalog.count_downloads(&[count(old, "", 100, 2)], NOW).unwrap();
    let selection = Selection {
        suite: Some(suite("stable")),
        ..Selection::default()
    };
    catalog
        .remove(std::slice::from_ref(&selection), None, NOW)
        .unwrap();
    let retention = crate::Retention {
        suite: suite("stable"),
        keep_versions: None,
        keep_generations: 0,
        publications_until: NOW + 9,
        removed_until: NOW + 9,
    };
    catalog
        .prune(&[retention], NOW + 10, crate::PruneMode::Delete)
        .unwrap();
    assert!(catalog.list(&selection).unwrap().is_empty());
    assert_eq!(
        sums(catalog, DownloadGroup::Version, &[("stable", "")]),
        ["hello 1.0=2"]
    );
}

pub(super) fn a_name_shows_what_was_fetched_of_it_and_since_when(catalog: &SqlCatalog) {
    let [old, new, secret] = placed(catalog);
    let hello = "hello".parse().unwrap();
    let downloads =
        |suite_name: &str, tree: &str| catalog.downloads_of(&suite(suite_name), tree, &hello).unwrap();
    assert_eq!(downloads("stable", ""), []);
    let counts = [
        count(old, "", 100, 2),
        count(old, "", 101, 3),
        // Of another tree, which readers of this one are not told.
        count(old, "private", 101, 50),
        count(new, "", 101, 7),
        count(secret, "private", 101, 9),
    ];
    catalog.count_downloads(&counts, NOW).unwrap();
    let mut expected = vec![(old, 5), (new, 7)];
    expected.sort_by_key(|(sha256, _)| *sha256.as_bytes());
    assert_eq!(downloads("stable", ""), expected);
    assert_eq!(downloads("private", "private"), []);
    let names = |suite_name: &str, tree: &str, since: i64| -> Vec<String> {
        let names = catalog.names_downloaded(&suite(suite_name), tree, since);
        names.unwrap().iter().map(ToString::to_string).collect()
    };
    assert_eq!(names("stable", "", NOW), ["hello"]);
    assert_eq!(names("stable", "", NOW + 1), [""; 0]);
    assert_eq!(names("private", "private", NOW), ["secret"]);
    // A log of a past day is counted late.
    catalog
        .count_downloads(&[count(old, "", 99, 1)], NOW + 5)
        .unwrap();
    assert_eq!(names("stable", "", NOW + 1), ["hello"]);
}
