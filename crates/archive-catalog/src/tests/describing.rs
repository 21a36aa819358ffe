//! What a suite says of its packages, and in which order its indexes list them.

use super::*;
use crate::{CountedState, Indexed, Retained, RetainedState, SnapshotId};

pub(super) fn what_comes_between_two_publications_stands_together_in_an_index(catalog: &SqlCatalog) {
    let (component, architecture) = ("main".parse().unwrap(), "amd64".parse().unwrap());
    let section = Section {
        component: &component,
        architecture: &architecture,
    };
    let order = || {
        let mut names = Vec::new();
        let snapshot = catalog.snapshot(&suite("stable"), "", None).unwrap();
        let mut name = |indexed: Indexed| {
            names.push(indexed.position.name);
            true
        };
        snapshot.indexed(&section, None, &mut name).unwrap();
        names
    };
    // However they arrive: by one change or by several.
    place(catalog, &[placement("m", "1.0", "misc")]);
    place(
        catalog,
        &[placement("c", "1.0", "misc"), placement("x", "1.0", "misc")],
    );
    assert_eq!(order(), ["c", "m", "x"]);
    publish(catalog, 2);
    place(catalog, &[placement("n", "1.0", "misc")]);
    place(catalog, &[placement("b", "1.0", "misc")]);
    assert_eq!(order(), ["c", "m", "x", "b", "n"]);
    // Other metadata places a package anew, as a rollback does.
    publish(catalog, 4);
    let x = placement("x", "1.0", "misc").content.content;
    let other = Description {
        section: Some("web".into()),
        ..Description::default()
    };
    describe(catalog, "stable", &x.sha256, &other, NOW);
    assert_eq!(order(), ["c", "m", "b", "n", "x"]);
    publish(catalog, 5);
    let gone = Selection {
        name: Some("b".parse().unwrap()),
        ..Selection::default()
    };
    catalog.remove(&[gone], None, NOW).unwrap();
    assert_eq!(order(), ["c", "m", "n", "x"]);
    let state = CountedState {
        state: RetainedState {
            id: SnapshotId::of(NOW),
            revision: 5,
            date: NOW,
            kept: Retained::Live,
        },
        packages: 5,
    };
    assert!(catalog.roll_back(&suite("stable"), &state, None, NOW).unwrap());
    assert_eq!(order(), ["c", "m", "n", "x", "b"]);
}

pub(super) fn a_changed_section_is_a_new_revision_and_the_old_one_still_reads(catalog: &SqlCatalog) {
    place(catalog, &[placement("hello", "1.0", "misc")]);
    publish(catalog, 1);
    let content = placement("hello", "1.0", "misc").content.content;
    let tags = vec![Tag {
        name: "web".into(),
        color: "#007bff".into(),
    }];
    let description = Description {
        section: Some("web".into()),
        priority: None,
        tags: Some(tags.clone()),
    };
    describe(catalog, "stable", &content.sha256, &description, NOW + 9);

    let component = "main".parse().unwrap();
    let architecture = "amd64".parse().unwrap();
    let section = Section {
        component: &component,
        architecture: &architecture,
    };
    let sections = |revision| {
        let mut found = Vec::new();
        let snapshot = catalog.snapshot(&suite("stable"), "", revision).unwrap();
        snapshot
            .indexed(&section, None, &mut |indexed| {
                found.push(indexed.section);
                true
            })
            .unwrap();
        found
    };
    assert_eq!(sections(Some(1)), [None]);
    assert_eq!(sections(None), [Some("web".to_owned())]);
    let snapshot = catalog.snapshot(&suite("stable"), "", None).unwrap();
    // It left the place where it stood, and came to another.
    let changed = snapshot.changed_since(&section, 1).unwrap();
    let places: Vec<i64> = changed.iter().map(|position| position.placed_after).collect();
    assert_eq!(places, [0, 1]);

    let found = catalog
        .package(content.sha256.as_bytes(), &[suite("stable")], &[])
        .unwrap()
        .unwrap();
    assert_eq!(found.extras.section.as_deref(), Some("web"));
    assert_eq!(found.extras.tags, tags);
    assert_eq!(found.extras.updated_at, Some(NOW + 9));
    let query = PackageQuery {
        section: Some("web".into()),
        tag: Some("web".into()),
        ..in_stable()
    };
    assert_eq!(
        names(&catalog.page(&query, None, packages(10)).unwrap().packages),
        ["hello"]
    );
}

#[expect(clippy::too_many_lines, reason = "one table of cases")]
pub(super) fn what_a_suite_says_of_a_package_is_shown_with_that_suite_only(catalog: &SqlCatalog) {
    let by = |name: &str| {
        Some(Actor {
            name: Some(name.into()),
            ..Actor::default()
        })
    };
    let mut hidden = placement("hello", "1.0", "misc");
    hidden.suite = suite("private");
    hidden.tree = "private".into();
    hidden.by = by("jane");
    let sha256 = hidden.content.content.sha256;
    catalog.place(&[vec![hidden]], NOW).unwrap();
    let description = Description {
        section: Some("web".into()),
        priority: Some("extra".into()),
        tags: Some(vec![Tag {
            name: "secret".into(),
            color: "#007bff".into(),
        }]),
    };
    describe(catalog, "private", &sha256, &description, NOW + 1);
    let mut open = placement("hello", "1.0", "misc");
    open.by = by("bob");
    catalog.place(&[vec![open]], NOW + 50).unwrap();

    let seen = |suites: &[&str]| {
        let suites: Vec<SuiteName> = suites.iter().map(|name| suite(name)).collect();
        let found = catalog.package(sha256.as_bytes(), &suites, &[]).unwrap();
        found.unwrap().extras
    };
    let open = seen(&["stable"]);
    assert_eq!(
        (&open.section, &open.priority, &open.tags),
        (&None, &None, &vec![])
    );
    assert_eq!((open.created_at, open.updated_at), (NOW + 50, None));
    assert_eq!(open.authors, [(suite("stable"), "bob".to_owned())]);
    let both = seen(&["stable", "private"]);
    assert_eq!(both.section.as_deref(), Some("web"));
    assert_eq!((both.created_at, both.updated_at), (NOW, Some(NOW + 1)));
    assert_eq!(both.author(&suite("private")), Some("jane"));
    assert_eq!(both.author(&suite("stable")), Some("bob"));
    let listed = catalog.list(&Selection {
        suite: Some(suite("stable")),
        ..Selection::default()
    });
    assert_eq!(catalog.extras(&listed.unwrap()).unwrap(), [open]);

    let finds = |change: &dyn Fn(&mut PackageQuery)| {
        let mut query = in_stable();
        change(&mut query);
        catalog.page(&query, None, packages(10)).unwrap().packages.len()
    };
    assert_eq!(finds(&|query| query.tag = Some("secret".into())), 0);
    assert_eq!(finds(&|query| query.section = Some("web".into())), 0);
    assert_eq!(finds(&|query| query.author = Some("jane".into())), 0);
    assert_eq!(finds(&|query| query.author = Some("bob".into())), 1);

    // What the private suite does tells nobody else either.
    let gone = Selection {
        suite: Some(suite("private")),
        ..Selection::default()
    };
    catalog
        .remove(std::slice::from_ref(&gone), None, NOW + 60)
        .unwrap();
    assert_eq!(seen(&["stable"]).updated_at, None);
    assert_eq!(seen(&["stable", "private"]).updated_at, Some(NOW + 60));
}

pub(super) fn what_a_suite_says_of_a_package_can_come_with_it(catalog: &SqlCatalog) {
    let tag = |name: &str| crate::listing::Tag {
        name: name.into(),
        color: "#000000".into(),
    };
    let said = |name: &str, revision: Option<i64>| {
        let sha256 = placement("hello", "1.0", "misc").content.content.sha256;
        let said = catalog.metadata(&suite(name), &sha256, revision).unwrap();
        let tags = said.tags.unwrap_or_default().into_iter();
        (
            said.section,
            said.priority,
            tags.map(|tag| tag.name).collect::<Vec<_>>(),
        )
    };
    let nothing = || (None, None, Vec::new());
    assert_eq!(said("stable", None), nothing());
    let mut wish = placement("hello", "1.0", "misc");
    wish.metadata = Description {
        section: Some("web".into()),
        priority: None,
        tags: Some(vec![tag("a"), tag("b")]),
    };
    place(catalog, &[wish]);
    let first = || (Some("web".to_owned()), None, vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(said("stable", None), first());
    assert_eq!(said("private", None), nothing());
    let change = Description {
        section: Some("net".into()),
        priority: Some("extra".into()),
        tags: None,
    };
    let sha256 = placement("hello", "1.0", "misc").content.content.sha256;
    describe(catalog, "stable", &sha256, &change, NOW);
    let second = || {
        (
            Some("net".to_owned()),
            Some("extra".to_owned()),
            vec!["a".to_owned(), "b".to_owned()],
        )
    };
    assert_eq!(said("stable", None), second());
    assert_eq!(said("stable", Some(1)), first());
    // Also of what left.
    let selection = Selection {
        suite: Some(suite("stable")),
        ..Selection::default()
    };
    catalog.remove(&[selection], None, NOW).unwrap();
    assert_eq!(said("stable", None), second());
}
