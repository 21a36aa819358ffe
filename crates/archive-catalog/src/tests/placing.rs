//! What placing, removing and describing packages promise.

use super::*;
use crate::{Deleters, Entry, Indexed, Retained, RetainedState, SnapshotId, TreeFile};

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
    let by = Actor::default();
    catalog
        .describe(&x.sha256, &[suite("stable")], &other, &by, NOW)
        .unwrap();
    assert_eq!(order(), ["c", "m", "b", "n", "x"]);
    publish(catalog, 5);
    let gone = Selection {
        name: Some("b".parse().unwrap()),
        ..Selection::default()
    };
    catalog.remove(&[gone], None, NOW).unwrap();
    assert_eq!(order(), ["c", "m", "n", "x"]);
    let state = RetainedState {
        id: SnapshotId::of(NOW),
        revision: 5,
        date: NOW,
        packages: 5,
        kept: Retained::Live,
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
    catalog
        .describe(
            &content.sha256,
            &[suite("stable")],
            &description,
            &Actor::default(),
            NOW + 9,
        )
        .unwrap();

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
        .package(content.sha256.as_bytes(), &[suite("stable")])
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
    catalog
        .describe(
            &sha256,
            &[suite("private")],
            &description,
            &Actor::default(),
            NOW + 1,
        )
        .unwrap();
    let mut open = placement("hello", "1.0", "misc");
    open.by = by("bob");
    catalog.place(&[vec![open]], NOW + 50).unwrap();

    let seen = |suites: &[&str]| {
        let suites: Vec<SuiteName> = suites.iter().map(|name| suite(name)).collect();
        let found = catalog.package(sha256.as_bytes(), &suites).unwrap();
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

pub(super) fn a_condemned_file_is_placed_only_after_its_bytes_were_put_anew(catalog: &SqlCatalog) {
    let path = |name: &str| format!("pool/{name}_1.0.deb");
    let (hello, nginx) = (
        placement("hello", "1.0", "misc"),
        placement("nginx", "1.0", "web"),
    );
    place(catalog, std::slice::from_ref(&hello));
    let refused = |placement: &NewPlacement| {
        let placed = catalog.place(&[vec![placement.clone()]], NOW).unwrap();
        match placed.into_iter().next().unwrap() {
            Err(conflict) => match *conflict {
                Conflict::Condemned { deleted, .. } => Some(deleted),
                other => panic!("{other}"),
            },
            Ok(_) => None,
        }
    };
    // What has a row is needed.
    let condemned = catalog.condemn(&[path("hello"), path("nginx")]).unwrap();
    assert_eq!(
        condemned.iter().map(|file| &file.path).collect::<Vec<_>>(),
        [&path("nginx")]
    );
    // Another machine leaves it to this one, and nobody places it before it is gone.
    assert!(catalog.condemn(&[path("nginx")]).unwrap().is_empty());
    assert_eq!(refused(&nginx), Some(None));
    catalog.condemned_deleted(&condemned).unwrap();
    // Whoever sent the bytes before, and found them there, learns that they are gone.
    let gone = refused(&nginx).unwrap();
    assert_eq!(gone, Some(condemned[0].condemnation));
    let put_anew = NewPlacement {
        put_after: gone,
        ..nginx.clone()
    };

    // Deleted once more, before it was placed: that it was put after the first time says nothing.
    let second = catalog.condemn(&[path("nginx")]).unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!(refused(&put_anew), Some(None));
    catalog.condemned_deleted(&second).unwrap();
    assert_eq!(refused(&put_anew), Some(Some(second[0].condemnation)));
    let put_again = NewPlacement {
        put_after: Some(second[0].condemnation),
        ..nginx
    };
    assert_eq!(refused(&put_again), None);
    assert!(catalog.condemn(&[path("nginx")]).unwrap().is_empty());
}

pub(super) fn what_a_dead_machine_was_deleting_is_deleted_by_another(catalog: &SqlCatalog) {
    let path = "private/private/pool/nginx_1.0.deb".to_owned();
    let left = catalog.condemn(std::slice::from_ref(&path)).unwrap();
    assert_eq!(left.len(), 1);
    catalog
        .write("let time pass", |db| {
            db.execute("update condemned_file set since = since - 3600", &[])
        })
        .unwrap();
    let taken_over = catalog.condemn(std::slice::from_ref(&path)).unwrap();
    assert_eq!(taken_over.len(), 1);
    assert_ne!(taken_over, left);
}

/// What a suite that became private leaves in the public tree, and what came back there.
pub(super) fn what_no_suite_needs_keeps_its_row_until_it_is_gone(catalog: &SqlCatalog) {
    let private = NewPlacement {
        suite: suite("private"),
        ..placement("nginx", "1.0", "web")
    };
    let public_path = format!("pool/{}", "nginx_1.0.deb");
    place(catalog, std::slice::from_ref(&private));
    let file = |put_after| TreeFile {
        sha256: private.content.content.sha256,
        path: public_path.clone(),
        put_after,
    };
    let in_private = catalog.record_pool_files("private", &[file(None)]).unwrap();
    assert!(in_private.is_empty());

    let unneeded = || catalog.condemn_unneeded(None, 10, Deleters::Several).unwrap();
    let first = unneeded();
    assert_eq!(
        first.condemned.iter().map(|file| &file.path).collect::<Vec<_>>(),
        [&public_path]
    );
    let others = unneeded();
    assert_eq!(
        (others.condemned.len(), others.in_hand),
        (0, vec![public_path.clone()])
    );
    // Whoever is alone takes it for left behind.
    let second = catalog.condemn_unneeded(None, 10, Deleters::OnlyThis).unwrap();
    let refused = catalog.record_pool_files("", &[file(None)]).unwrap();
    assert_eq!(refused[0].deleted, None);
    // Of two who delete it, the one that was taken for dead says nothing.
    catalog.condemned_deleted(&first.condemned).unwrap();
    assert_eq!(catalog.pool_files().unwrap().len(), 2);
    catalog.condemned_deleted(&second.condemned).unwrap();
    assert_eq!(catalog.pool_files().unwrap().len(), 1);

    // The suite is public again: its bytes count there once they were put there after that.
    let case = second.condemned[0].condemnation;
    assert_eq!(
        catalog.record_pool_files("", &[file(None)]).unwrap()[0].deleted,
        Some(case)
    );
    assert!(
        catalog
            .record_pool_files("", &[file(Some(case))])
            .unwrap()
            .is_empty()
    );
    assert_eq!(catalog.pool_files().unwrap().len(), 2);
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

pub(super) fn what_was_yanked_keeps_its_file_until_it_comes_back(catalog: &SqlCatalog) {
    place(
        catalog,
        &[placement("kept", "1.0", "misc"), placement("gone", "1.0", "misc")],
    );
    let named = |name: &str| Selection {
        name: Some(name.parse().unwrap()),
        ..Selection::default()
    };
    catalog
        .yank(&[named("kept")], "loses data", None, NOW + 1)
        .unwrap();
    catalog.remove(&[named("gone")], None, NOW + 1).unwrap();
    let retention = Retention {
        suite: suite("stable"),
        keep_versions: None,
        keep_generations: 0,
        publications_until: NOW + 100,
        removed_until: NOW + 100,
    };
    let prune = || catalog.prune(std::slice::from_ref(&retention), NOW + 100, PruneMode::Done);
    let files = prune().unwrap().files;
    assert!(files.len() == 1 && files[0].contains("gone"), "{files:?}");
    let yanked = catalog.yanked(&suite("stable")).unwrap();
    assert_eq!(yanked.len(), 1);
    assert_eq!((yanked[0].reason.as_str(), yanked[0].at), ("loses data", NOW + 1));

    place(catalog, &[placement("kept", "1.0", "misc")]);
    assert!(catalog.yanked(&suite("stable")).unwrap().is_empty());
    catalog.remove(&[named("kept")], None, NOW + 2).unwrap();
    assert!(
        catalog.yanked(&suite("stable")).unwrap().is_empty(),
        "it was merely removed"
    );
}

pub(super) fn what_was_yanked_and_came_back_goes_as_other_packages_do(catalog: &SqlCatalog) {
    let kept = placement("kept", "1.0", "misc");
    place(catalog, std::slice::from_ref(&kept));
    let named = Selection {
        name: Some("kept".parse().unwrap()),
        ..Selection::default()
    };
    let yank = || catalog.yank(std::slice::from_ref(&named), "loses data", None, NOW + 1);
    let yanked = || catalog.yanked(&suite("stable")).unwrap().len();
    let state = RetainedState {
        id: SnapshotId::of(NOW),
        revision: 1,
        date: NOW,
        packages: 1,
        kept: Retained::Live,
    };
    yank().unwrap();
    place(catalog, &[kept]);
    yank().unwrap();
    assert_eq!(yanked(), 1);
    assert!(
        catalog
            .roll_back(&suite("stable"), &state, None, NOW + 2)
            .unwrap()
    );
    assert_eq!(yanked(), 0);

    catalog
        .remove(std::slice::from_ref(&named), None, NOW + 3)
        .unwrap();
    let retention = Retention {
        suite: suite("stable"),
        keep_versions: None,
        keep_generations: 0,
        publications_until: NOW + 100,
        removed_until: NOW + 100,
    };
    let pruned = catalog.prune(&[retention], NOW + 100, PruneMode::Done).unwrap();
    assert_eq!(pruned.files.len(), 1, "{:?}", pruned.files);
    assert_eq!(yanked(), 0);
}

pub(super) fn a_dry_run_says_what_a_prune_then_does_and_waits_for_no_writer(catalog: &SqlCatalog) {
    for (name, version) in [
        ("keep", "1"),
        ("old", "1"),
        ("old", "2"),
        ("old", "3"),
        ("gone", "1"),
        ("pinned", "1"),
    ] {
        place(catalog, &[placement(name, version, "misc")]);
    }
    let mut other = placement("gone", "2", "misc");
    other.suite = suite("private");
    place(catalog, &[other]);
    let remove = |name: &str, yanked: bool| {
        let selection = Selection {
            name: Some(name.parse().unwrap()),
            ..Selection::default()
        };
        let done = if yanked {
            catalog.yank(&[selection], "broken", None, NOW)
        } else {
            catalog.remove(&[selection], None, NOW)
        };
        assert!(!done.unwrap().is_empty());
    };
    remove("gone", false);
    remove("pinned", true);
    let retention = |name: &str, removed_until: i64| Retention {
        suite: suite(name),
        keep_versions: Some(1),
        keep_generations: 1,
        publications_until: NOW,
        removed_until,
    };
    // The other suite keeps what was removed for longer.
    let retentions = [retention("stable", NOW + 1), retention("private", NOW)];
    let dry = catalog
        .write("hold the turn to write", |_| {
            Ok(catalog.prune(&retentions, NOW + 10, PruneMode::DryRun).unwrap())
        })
        .unwrap();
    let versions: Vec<String> = dry.versions.iter().map(|one| one.version.to_string()).collect();
    assert_eq!(versions, ["1", "2"]);
    assert_eq!(dry.files, ["pool/gone_1.deb"]);
    let before = catalog.pool_files().unwrap().len();
    let done = catalog.prune(&retentions, NOW + 10, PruneMode::Done).unwrap();
    assert_eq!(dry, done);
    assert_eq!(catalog.pool_files().unwrap().len(), before - 1);
    let again = catalog.prune(&retentions, NOW + 10, PruneMode::DryRun).unwrap();
    assert_eq!(again, crate::PruneResult::default());
    let nothing = catalog.prune(&[], NOW + 10, PruneMode::DryRun).unwrap();
    assert_eq!(nothing, crate::PruneResult::default());
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
    catalog
        .describe(&sha256, &[suite("stable")], &change, &Actor::default(), NOW)
        .unwrap();
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
