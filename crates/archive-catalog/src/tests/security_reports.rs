//! What is kept of scans.

use std::collections::BTreeMap;

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect()
}

pub(super) fn the_newest_report_of_a_suite_is_kept(catalog: &SqlCatalog) {
    assert_eq!(catalog.security_report(&suite("stable")).unwrap(), None);
    for (at, report) in [(NOW, "{}"), (NOW + 1, "[]")] {
        let scan = SuiteScan {
            at,
            report: report.into(),
            ..SuiteScan::default()
        };
        catalog.keep_scan(&suite("stable"), &scan).unwrap();
    }
    assert_eq!(
        catalog.security_report(&suite("stable")).unwrap(),
        Some((NOW + 1, "[]".to_owned()))
    );
    assert_eq!(catalog.security_report(&suite("private")).unwrap(), None);
}

pub(super) fn what_a_scan_reads_of_sources_replaces_what_the_last_one_read(catalog: &SqlCatalog) {
    let keep = |advisories: &[(&str, &str)]| {
        let scan = SuiteScan {
            advisories: pairs(advisories),
            ..SuiteScan::default()
        };
        catalog.keep_scan(&suite("stable"), &scan).unwrap();
    };
    let read = |source: &str| catalog.advisory(&suite("stable"), source).unwrap();
    keep(&[("hello", "1"), ("nginx", "1")]);
    keep(&[("hello", "2"), ("curl", "1")]);
    assert_eq!(read("hello").as_deref(), Some("2"));
    assert_eq!(read("curl").as_deref(), Some("1"));
    assert_eq!(read("nginx"), None);
    assert_eq!(catalog.advisory(&suite("private"), "hello").unwrap(), None);
}

pub(super) fn names_of_which_something_else_is_found_are_changed_names(catalog: &SqlCatalog) {
    place(
        catalog,
        &[
            placement("hello", "1.0", "misc"),
            placement("nginx", "1.0", "web"),
        ],
    );
    let keep = |findings: &[(&str, &str)]| {
        let scan = SuiteScan {
            findings: pairs(findings),
            ..SuiteScan::default()
        };
        let before = catalog
            .snapshot(&suite("stable"), "", None)
            .unwrap()
            .state()
            .revision;
        catalog.keep_scan(&suite("stable"), &scan).unwrap();
        let state = catalog.snapshot(&suite("stable"), "", None).unwrap();
        let changed = state.changed_names(Some(before)).unwrap();
        let names: Vec<String> = changed.iter().map(ToString::to_string).collect();
        (state.state().revision - before, names)
    };
    assert_eq!(keep(&[]), (0, vec![]));
    assert_eq!(
        keep(&[("hello", "[1]"), ("nginx", "[1]")]),
        (1, vec!["hello".into(), "nginx".into()])
    );
    assert_eq!(keep(&[("hello", "[1]"), ("nginx", "[1]")]), (0, vec![]));
    assert_eq!(
        keep(&[("hello", "[2]")]),
        (1, vec!["hello".into(), "nginx".into()])
    );
    assert_eq!(
        keep(&[("hello", "[2]")]),
        (0, vec![]),
        "what is gone is gone once"
    );
    let state = catalog.snapshot(&suite("stable"), "", None).unwrap();
    let finding = |name: &str| state.finding(&name.parse().unwrap()).unwrap();
    assert_eq!(finding("hello").as_deref(), Some("[2]"));
    assert_eq!(finding("nginx").as_deref(), Some("[]"));
    assert_eq!(finding("curl"), None);
}

pub(super) fn what_was_judged_by_an_older_scan_is_not_placed(catalog: &SqlCatalog) {
    let keep = |advisories: &[(&str, &str)]| {
        let scan = SuiteScan {
            advisories: pairs(advisories),
            ..SuiteScan::default()
        };
        catalog.keep_scan(&suite("stable"), &scan).unwrap();
    };
    let wish = |version: &str, rules: Option<&str>| {
        let mut wish = placement("hello", version, "misc");
        wish.judged = Some(crate::Judged {
            advisory: rules.map(|rules| digest::sha256(rules.as_bytes())),
        });
        wish
    };
    let place = |wish: NewPlacement| catalog.place(&[vec![wish]], NOW).unwrap().remove(0);
    let added = || Ok(vec![PlacementOutcome::Added]);
    let scanned = || Err(Box::new(Conflict::ScannedMeanwhile));
    assert_eq!(place(wish("1.0", None)), added());
    keep(&[("hello", "1")]);
    assert_eq!(place(wish("1.1", None)), scanned());
    assert_eq!(place(wish("1.1", Some("1"))), added());
    keep(&[("hello", "2")]);
    assert_eq!(place(wish("1.2", Some("1"))), scanned());
    keep(&[("other", "1")]);
    assert_eq!(place(wish("1.2", Some("2"))), scanned());
    assert_eq!(place(wish("1.2", None)), added());
    // What is there already is not judged again.
    keep(&[("hello", "3")]);
    assert_eq!(place(wish("1.2", None)), Ok(vec![PlacementOutcome::Unchanged]));
}
