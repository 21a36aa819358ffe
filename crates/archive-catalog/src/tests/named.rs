//! What a state of a suite says of one name.

use super::*;

/// A version, the revision at which it came, and the revision and time at which it left.
type Seen = (String, i64, Option<(i64, i64)>);

fn remove(catalog: &SqlCatalog, name: &str, version: &str) {
    let selection = Selection {
        suite: Some(suite("stable")),
        name: Some(name.parse().unwrap()),
        version: Some(version.parse().unwrap()),
        architecture: None,
    };
    assert_eq!(
        catalog
            .remove(std::slice::from_ref(&selection), None, NOW + 5)
            .unwrap()
            .len(),
        1
    );
}

pub(super) fn a_name_shows_what_a_state_holds_and_what_the_suite_held_before(catalog: &SqlCatalog) {
    place(catalog, &[placement("hello", "1.9", "misc")]);
    place(
        catalog,
        &[
            placement("hello", "1.10", "misc"),
            placement("other", "3", "misc"),
        ],
    );
    remove(catalog, "hello", "1.9");
    let name = "hello".parse().unwrap();
    let seen = |revision| {
        let snapshot = catalog.snapshot(&suite("stable"), "", revision).unwrap();
        let named = snapshot.named(&name).unwrap();
        let held: Vec<String> = named
            .iter()
            .map(|named| named.content.version.to_string())
            .collect();
        let history = snapshot.history(&name, 10).unwrap();
        let history: Vec<Seen> = history
            .iter()
            .map(|past| {
                (
                    past.content.version.to_string(),
                    past.added_revision,
                    past.removed,
                )
            })
            .collect();
        (held, history, named.first().and_then(|named| named.path.clone()))
    };
    let path = |version: &str| Some(format!("pool/hello_{version}.deb"));
    let of = |version: &str, added, removed| (version.to_owned(), added, removed);
    assert_eq!(
        seen(Some(1)),
        (vec!["1.9".to_owned()], vec![of("1.9", 1, None)], path("1.9"))
    );
    assert_eq!(
        seen(Some(2)),
        (
            vec!["1.10".to_owned(), "1.9".to_owned()],
            vec![of("1.10", 2, None), of("1.9", 1, None)],
            path("1.10")
        )
    );
    let gone = of("1.9", 1, Some((3, NOW + 5)));
    assert_eq!(
        seen(None),
        (
            vec!["1.10".to_owned()],
            vec![of("1.10", 2, None), gone],
            path("1.10")
        )
    );
    let snapshot = catalog.snapshot(&suite("stable"), "", None).unwrap();
    assert_eq!(snapshot.history(&name, 1).unwrap().len(), 1);
    // That one left makes it no less known.
    assert_eq!(snapshot.identities(&name).unwrap().len(), 2);
    assert!(snapshot.named(&"missing".parse().unwrap()).unwrap().is_empty());
}

pub(super) fn changed_names_are_those_between_two_revisions(catalog: &SqlCatalog) {
    place(catalog, &[placement("a", "1", "misc")]);
    place(
        catalog,
        &[placement("b", "1", "misc"), placement("b", "2", "misc")],
    );
    remove(catalog, "a", "1");
    let changed = |revision, since| -> Vec<String> {
        let snapshot = catalog.snapshot(&suite("stable"), "", revision).unwrap();
        let names = snapshot.changed_names(since).unwrap();
        names.iter().map(ToString::to_string).collect()
    };
    assert_eq!(changed(None, None), ["b"]);
    assert_eq!(changed(Some(2), None), ["a", "b"]);
    assert_eq!(changed(None, Some(0)), ["a", "b"]);
    assert_eq!(changed(None, Some(2)), ["a"]);
    assert_eq!(changed(Some(2), Some(1)), ["b"]);
    assert!(changed(None, Some(3)).is_empty());
}

pub(super) fn what_is_not_published_has_waited_since_its_first_change(catalog: &SqlCatalog) {
    let waiting = || {
        let found = catalog.unpublished_since().unwrap();
        found
            .into_iter()
            .map(|(suite, since)| (suite.to_string(), since))
            .collect::<Vec<_>>()
    };
    let publish = |revision: i64| publish(catalog, revision);
    assert_eq!(waiting(), []);
    place(catalog, &[placement("hello", "1.0", "misc")]);
    assert_eq!(waiting(), [("stable".to_owned(), NOW)]);
    publish(1);
    assert_eq!(waiting(), []);
    remove(catalog, "hello", "1.0");
    catalog
        .place(&[vec![placement("other", "1.0", "misc")]], NOW + 9)
        .unwrap();
    assert_eq!(waiting(), [("stable".to_owned(), NOW + 5)]);
    publish(3);
    assert_eq!(waiting(), []);
}

pub(super) fn what_another_state_does_not_show_is_read_by_itself(catalog: &SqlCatalog) {
    let revision = || {
        let state = catalog.snapshot(&suite("stable"), "", None).unwrap();
        state.state().revision
    };
    place(
        catalog,
        &[placement("both", "1", "misc"), placement("left", "1", "misc")],
    );
    let first = revision();
    let left = Selection {
        name: Some("left".parse().unwrap()),
        ..Selection::default()
    };
    catalog.remove(&[left], None, NOW).unwrap();
    place(
        catalog,
        &[placement("came", "1", "misc"), placement("brief", "1", "misc")],
    );
    let brief = Selection {
        name: Some("brief".parse().unwrap()),
        ..Selection::default()
    };
    catalog.remove(&[brief], None, NOW).unwrap();
    let last = revision();
    let only = |here: i64, other: i64| {
        let state = catalog.snapshot(&suite("stable"), "", Some(here)).unwrap();
        let found = state.packages_except(other).unwrap();
        let names: Vec<String> = found.iter().map(|package| package.name.to_string()).collect();
        names
    };
    let changes = |here: i64, other: i64| {
        let state = catalog.snapshot(&suite("stable"), "", Some(here)).unwrap();
        let changes = state.changes_from(other).unwrap();
        [changes.gone, changes.came].map(|outlines| {
            let contents: Vec<_> = outlines.iter().map(|outline| outline.content).collect();
            let versions = state.versions(&contents).unwrap();
            let told = outlines.iter().zip(versions);
            told.map(|(outline, version)| format!("{} {}", outline.name, version.as_str()))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(changes(last, first), [["left 1"], ["came 1"]]);
    assert_eq!(changes(first, last), [["came 1"], ["left 1"]]);
    assert_eq!(changes(last, last), [[""; 0]; 2]);
    assert_eq!(only(first, last), ["left"]);
    assert_eq!(only(last, first), ["came"]);
    assert_eq!(only(last, last), [""; 0]);
    assert_eq!(only(last - 1, last), ["brief"]);
}
