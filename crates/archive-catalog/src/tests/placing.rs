//! What placing, removing and describing packages promise.

use super::*;
use crate::Entry;

pub(super) fn what_is_done_by_a_right_that_ended_after_it_was_checked_is_not_done(catalog: &SqlCatalog) {
    let new = account("jane", Role::Maintainer);
    catalog.create_account(&new, &event("user.create")).unwrap();
    let token = ApiToken {
        id: id("one"),
        account: id("id-jane"),
        name: "ci".into(),
        scopes: vec!["upload:stable/*".into()],
        created_at: NOW,
        expires_at: Some(NOW + 60),
        last_used_at: None,
    };
    let hash = digest::sha256(b"secret");
    catalog
        .create_token(&token, &hash, &event("token.create"))
        .unwrap();
    let checked = |credential, expires_at| Authority {
        account: catalog.account(&id("id-jane")).unwrap().unwrap(),
        credential,
        expires_at,
    };
    let by_token = checked(CredentialId::Token(token.id.clone()), token.expires_at);
    let by_session = checked(CredentialId::Session(id("session")), Some(NOW + 60));
    let by = |authority: &Authority| Actor {
        authority: Some(authority.clone()),
        ..Actor::default()
    };
    let placed = |version: &str, authority: &Authority, now: i64| {
        let mut wish = placement("hello", version, "misc");
        wish.by = Some(by(authority));
        catalog.place(&[vec![wish]], now).unwrap().remove(0)
    };
    let removed = |authority: &Authority| catalog.remove(&[Selection::default()], Some(&by(authority)), NOW);
    let ended = || Err(Box::new(Conflict::AuthorityEnded));
    assert_eq!(placed("1", &by_token, NOW), Ok(vec![PlacementOutcome::Added]));
    assert_eq!(placed("2", &by_session, NOW), Ok(vec![PlacementOutcome::Added]));
    assert_eq!(placed("3", &by_token, NOW + 60), ended(), "it expires");

    let signed_out = Session {
        id: id("session"),
        account: id("id-jane"),
        epoch: 0,
    };
    catalog
        .end_session(&signed_out, NOW + 60, &event("logout"))
        .unwrap();
    assert_eq!(placed("3", &by_session, NOW), ended(), "it was signed out");
    assert_eq!(placed("4", &by_token, NOW), Ok(vec![PlacementOutcome::Added]));

    let demoted = AccountChange {
        role: Some(Role::User),
        ..AccountChange::default()
    };
    catalog
        .change_account(&id("id-jane"), &demoted, &event("user.change"))
        .unwrap();
    assert_eq!(placed("5", &by_token, NOW), ended(), "the role is another");
    let now = checked(CredentialId::Token(token.id.clone()), token.expires_at);
    assert_eq!(placed("5", &now, NOW), Ok(vec![PlacementOutcome::Added]));

    catalog
        .delete_token(&id("id-jane"), &token.id, &event("token.delete"))
        .unwrap();
    assert_eq!(placed("6", &now, NOW), ended(), "the token was deleted");
    assert!(matches!(removed(&now), Err(CatalogError::AuthorityEnded)));
    assert_eq!(catalog.list(&Selection::default()).unwrap().len(), 4);
}

pub(super) fn of_a_set_in_which_one_is_refused_nothing_stays_and_other_sets_do(catalog: &SqlCatalog) {
    place(catalog, &[placement("taken", "1.0", "misc")]);
    let revision = || {
        let progress = catalog.progress().unwrap();
        progress
            .iter()
            .find(|one| one.suite == suite("stable"))
            .unwrap()
            .revision
    };
    let before = revision();
    let refused = vec![placement("new", "1.0", "misc"), placement("taken", "1.0", "web")];
    let placed = catalog.place(std::slice::from_ref(&refused), NOW).unwrap();
    let refusal = placed[0].as_ref().unwrap_err();
    assert!(matches!(**refusal, Conflict::OtherBytes { .. }), "{refusal}");
    assert_eq!(
        revision(),
        before,
        "nothing changed, so nothing is to be published"
    );
    let files = catalog.pool_files().unwrap();
    assert!(files.iter().all(|file| file.path != refused[0].path));

    let good = vec![placement("good", "1.0", "misc"), placement("fine", "1.0", "misc")];
    let sets = [vec![placement("first", "1.0", "misc")], refused, good.clone()];
    let placed = catalog.place(&sets, NOW).unwrap();
    assert_eq!(placed[0], Ok(vec![PlacementOutcome::Added]));
    assert!(placed[1].is_err());
    assert_eq!(placed[2], Ok(vec![PlacementOutcome::Added; 2]));
    assert_eq!(revision(), before + 1, "one transaction, one revision");
    assert_eq!(
        catalog.place(&[good], NOW).unwrap(),
        [Ok(vec![PlacementOutcome::Unchanged; 2])]
    );
    let listed = catalog.list(&Selection::default()).unwrap();
    let names: Vec<&str> = listed.iter().map(|entry| entry.content.name.as_str()).collect();
    assert_eq!(names, ["fine", "first", "good", "taken"]);
}

pub(super) fn what_is_placed_and_changed_together_is_done_in_one_step_or_not_at_all(catalog: &SqlCatalog) {
    let hello = placement("hello", "1.0", "misc");
    place(catalog, std::slice::from_ref(&hello));
    let sha256 = hello.content.content.sha256;
    let tagged = Description {
        section: Some("web".into()),
        ..Description::default()
    };
    let change = |now_in: &str| PackageChange {
        removed: vec![Selection {
            suite: Some(suite("stable")),
            name: Some("hello".parse().unwrap()),
            ..Selection::default()
        }],
        described: Some(NewDescription {
            content: sha256,
            suites: vec![suite(now_in)],
            description: tagged.clone(),
        }),
        by: Actor {
            name: Some("jane".into()),
            ..Actor::default()
        },
    };
    let state = || {
        let listed = catalog.list(&Selection::default()).unwrap();
        let held = listed.iter().flat_map(|entry| &entry.suites);
        let held: Vec<String> = held.map(|(suite, _)| suite.to_string()).collect();
        let progress = catalog.progress().unwrap();
        let revisions: Vec<i64> = progress.iter().map(|progress| progress.revision).collect();
        let recorded = catalog.audit(&AuditQuery::default(), 10).unwrap();
        let actions: Vec<String> = recorded.into_iter().map(|row| row.action).collect();
        (held, revisions, actions)
    };
    let before = state();
    let mut moved = hello.clone();
    moved.suite = suite("private");
    // One is refused: the other does not come, and nothing goes.
    let refused = vec![moved.clone(), placement("hello", "1.0", "other")];
    let placed = catalog
        .place_and_change(&[vec![moved.clone()], refused], &change("stable"), NOW)
        .unwrap();
    assert!(placed[1].is_err());
    assert_eq!(state(), before);
    // What cannot be recorded as a whole is not recorded in part.
    let unknown = catalog.place_and_change(&[vec![moved.clone()]], &change("nowhere"), NOW);
    assert!(unknown.is_err());
    assert_eq!(state(), before);
    let placed = catalog
        .place_and_change(&[vec![moved]], &change("private"), NOW)
        .unwrap();
    assert_eq!(placed, [Ok(vec![PlacementOutcome::Added])]);
    let (held, _, actions) = state();
    assert_eq!(held, ["private"]);
    assert_eq!(
        actions,
        ["package.describe", "package.remove", "package.add", "package.add"]
    );
    let said = catalog.metadata(&suite("private"), &sha256, None).unwrap();
    assert_eq!(said.section.as_deref(), Some("web"));
}

pub(super) fn sets_that_come_together_are_decided_one_after_the_other(catalog: &SqlCatalog) {
    let first = placement("hello", "1.0", "misc");
    let other_bytes = placement("hello", "1.0", "web");
    let mut other_component = first.clone();
    other_component.component = "contrib".parse().unwrap();
    let mut other_suite = first.clone();
    other_suite.suite = suite("private");
    let mut other_spelling = placement("hello", "1.00", "misc");
    other_spelling.path.clone_from(&first.path);
    let mut same_path = placement("world", "1.0", "misc");
    same_path.path.clone_from(&first.path);
    let wishes = [
        first.clone(),
        other_bytes,
        other_component,
        first,
        other_suite,
        other_spelling,
        same_path,
        placement("world", "2.0", "misc"),
    ];
    let placed = catalog.place(&wishes.map(|wish| vec![wish]), NOW).unwrap();
    let told: Vec<String> = placed
        .iter()
        .map(|placed| match placed {
            Ok(outcomes) => format!("{outcomes:?}"),
            Err(conflict) => {
                let name = format!("{conflict:?}");
                name.chars().take_while(char::is_ascii_alphanumeric).collect()
            }
        })
        .collect();
    assert_eq!(
        told,
        [
            "[Added]",
            "OtherBytes",
            "OtherComponent",
            "[Unchanged]",
            "[Added]",
            "EqualVersion",
            "PathTaken",
            "[Added]"
        ]
    );
    assert_eq!(catalog.pool_files().unwrap().len(), 2);
    let recorded = catalog.audit(&AuditQuery::default(), 10).unwrap();
    let subjects: Vec<&str> = recorded.iter().map(|row| row.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["world 2.0 amd64", "hello 1.0 amd64", "hello 1.0 amd64"]
    );
    assert_eq!(catalog.first_broken().unwrap(), None);
}

#[test]
fn a_server_is_asked_as_often_for_fifty_packages_as_for_one() {
    let catalog = with_suites(&TestServer::shared().database());
    let asked = |names: std::ops::Range<u32>| {
        let name = |number| placement(&format!("package-{number}"), "1.0", "misc");
        let sets: Vec<Vec<NewPlacement>> = names.map(|number| vec![name(number)]).collect();
        let placed = catalog.write("count", |db| {
            db.asked();
            crate::statements::placing::place(db, &sets, NOW)?;
            Ok(db.asked())
        });
        placed.unwrap()
    };
    let one = asked(0..1);
    assert_eq!(asked(1..51), one);
    assert!(one < 20, "{one}");
}

pub(super) fn a_list_in_parts_has_what_the_whole_list_has(catalog: &SqlCatalog) {
    for (name, version) in [
        ("aa", "1.0"),
        ("aa", "2.0"),
        ("bb", "1.0"),
        ("cc", "1.0"),
        ("dd", "1.0"),
        ("ee", "1.0"),
    ] {
        place(catalog, &[placement(name, version, "misc")]);
    }
    let gone = Selection {
        name: Some("cc".parse().unwrap()),
        ..Selection::default()
    };
    catalog.remove(&[gone], None, NOW).unwrap();
    let stable = Selection {
        suite: Some(suite("stable")),
        ..Selection::default()
    };
    for selection in [Selection::default(), stable] {
        let mut parts = Vec::new();
        let mut after = None;
        loop {
            let part = catalog.list_part(&selection, after.as_ref(), 2).unwrap();
            after = part.last;
            if after.is_none() {
                assert!(part.entries.is_empty());
                break;
            }
            parts.push(shown(&part.entries));
        }
        assert_eq!(parts, ["aa 1.0, aa 2.0, bb 1.0", "dd 1.0", "ee 1.0"]);
        assert_eq!(parts.join(", "), shown(&catalog.list(&selection).unwrap()));
    }
}

fn shown(entries: &[Entry]) -> String {
    let shown = |entry: &Entry| format!("{} {}", entry.content.name, entry.content.version);
    entries.iter().map(shown).collect::<Vec<_>>().join(", ")
}

pub(super) fn a_set_whose_members_stand_against_each_other_is_refused(catalog: &SqlCatalog) {
    let set = vec![placement("one", "1.0", "misc"), placement("one", "1.0", "web")];
    let placed = catalog.place(&[set], NOW).unwrap();
    assert!(placed[0].is_err(), "{placed:?}");
    assert!(catalog.list(&Selection::default()).unwrap().is_empty());
}

pub(super) fn path_lists_of_changed_names_say_when_they_are_shown(catalog: &SqlCatalog) {
    let placement = |name: &str, version: &str| {
        let mut wish = placement(name, version, "misc");
        wish.content.paths = version.as_bytes().to_vec();
        wish
    };
    place(
        catalog,
        &[
            placement("same", "1"),
            placement("gone", "1"),
            placement("grown", "1"),
        ],
    );
    place(catalog, &[placement("grown", "2"), placement("new", "1")]);
    let gone = Selection {
        name: Some("gone".parse().unwrap()),
        ..Selection::default()
    };
    assert_eq!(
        catalog
            .remove(std::slice::from_ref(&gone), None, NOW)
            .unwrap()
            .len(),
        1
    );

    let section = Section {
        component: &"main".parse().unwrap(),
        architecture: &"amd64".parse().unwrap(),
    };
    let changed = |since, revision| {
        let mut found = Vec::new();
        let snapshot = catalog.snapshot(&suite("stable"), "", revision).unwrap();
        snapshot
            .changed_paths(&section, since, &mut |list| {
                let version = String::from_utf8(list.packed.to_vec()).unwrap();
                found.push((list.name.to_owned(), version, list.then, list.now));
            })
            .unwrap();
        found.sort_unstable();
        found
    };
    let list = |name: &str, version: &str, then, now| (name.to_owned(), version.to_owned(), then, now);
    assert_eq!(
        changed(1, None),
        [
            list("gone", "1", true, false),
            list("grown", "1", true, true),
            list("grown", "2", false, true),
            list("new", "1", false, true),
        ]
    );
    assert_eq!(changed(2, None), [list("gone", "1", true, false)]);
    assert_eq!(changed(3, None), []);
}

pub(super) fn a_file_name_that_a_suite_gave_to_other_bytes_is_known_for_ever(catalog: &SqlCatalog) {
    let (first, next) = (
        placement("hello", "1:1.0", "misc"),
        placement("hello", "2:1.0", "misc"),
    );
    let was_given = |placement: &NewPlacement, suite: &str| {
        let counts = |name: &str| name == suite;
        let content = &placement.content.content;
        catalog.gave_file_name(content, &counts).unwrap()
    };
    assert!(!was_given(&next, "stable"));
    place(catalog, std::slice::from_ref(&first));
    catalog.remove(&[Selection::default()], None, NOW).unwrap();
    assert!(was_given(&next, "stable"), "by another epoch");
    assert!(was_given(&placement("hello", "1.0", "misc"), "stable"), "by one");
    assert!(!was_given(&first, "stable"), "by these bytes");
    for (name, version) in [
        ("hello", "1.0-1"),
        ("hello", "1:2:1.0"),
        ("hello", "1.0A"),
        ("hello-doc", "1:1.0"),
    ] {
        assert!(
            !was_given(&placement(name, version, "misc"), "stable"),
            "{name} {version}"
        );
    }
    // What a private suite has or had is known to those alone who may see it.
    assert!(!was_given(&next, "private"));
}
