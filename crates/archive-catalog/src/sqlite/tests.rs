//! What accounts, audit log and lists promise, on a catalog in a file.

use debian_control::digest;
use debian_control::name::SuiteName;
use rusqlite::Connection;

use super::SqliteCatalog;
use crate::accounts::{
    Account, AccountChange, AccountError, Accounts, ApiToken, Authority, CredentialId, Id, NewAccount, Role,
    Session, Suites,
};
use crate::audit::{Actor, Audit, AuditEvent};
use crate::listing::{Description, Listing, PackageQuery, PageCursor, PageLimit, Tag};
use crate::{
    Catalog, CatalogError, Conflict, Content, NewContent, NewPlacement, PlacementOutcome, Section, Selection,
};

const NOW: i64 = 1_700_000_000;

/// A catalog, and the folder that is gone with it.
struct Fixture {
    catalog: SqliteCatalog,
    folder: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let catalog = SqliteCatalog::create(&folder.path().join("catalog.db")).unwrap();
    catalog
        .ensure_suites(&[suite("stable"), suite("private")])
        .unwrap();
    Fixture { catalog, folder }
}

fn suite(name: &str) -> SuiteName {
    name.parse().unwrap()
}

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

fn event(action: &'static str) -> AuditEvent {
    AuditEvent {
        at: NOW,
        actor: Actor::default(),
        action,
        subject: "it".into(),
        detail: "{}".into(),
    }
}

fn account(name: &str, role: Role) -> NewAccount {
    NewAccount {
        account: Account {
            id: id(&format!("id-{name}")),
            username: name.parse().unwrap(),
            email: Some(format!("{name}@example.org").parse().unwrap()),
            role,
            suites: Suites::Only(vec![suite("stable")]),
            disabled: false,
            epoch: 0,
            created_at: NOW,
        },
        password: Some("hash".into()),
    }
}

fn placement(name: &str, version: &str, section: &str) -> NewPlacement {
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: Jane Doe <jane@example.org>\n\
         Section: {section}\nDescription: short words of {name}\n longer text\n"
    );
    NewPlacement {
        suite: suite("stable"),
        component: "main".parse().unwrap(),
        tree: String::new(),
        path: format!("pool/{name}_{version}.deb"),
        content: NewContent {
            content: Content {
                sha256: digest::sha256(control.as_bytes()),
                size: 1,
                name: name.parse().unwrap(),
                version: version.parse().unwrap(),
                architecture: "amd64".parse().unwrap(),
                source: name.parse().unwrap(),
                control,
                created_at: NOW,
            },
            paths: Vec::new(),
        },
        by: Some(Actor {
            name: Some("jane".into()),
            ..Actor::default()
        }),
    }
}

fn place(catalog: &SqliteCatalog, placements: &[NewPlacement]) {
    let placed = catalog.place(&[placements.to_vec()], NOW).unwrap();
    assert_eq!(placed, [Ok(vec![PlacementOutcome::Added; placements.len()])]);
}

/// Returns a bound of so many packages, of any size.
fn packages(packages: usize) -> PageLimit {
    PageLimit {
        packages,
        bytes: usize::MAX,
    }
}

fn names(found: &[crate::listing::ListedPackage]) -> Vec<&str> {
    found
        .iter()
        .map(|listed| listed.entry.content.name.as_str())
        .collect()
}

fn in_stable() -> PackageQuery {
    PackageQuery {
        suites: vec![suite("stable")],
        ..PackageQuery::default()
    }
}

#[test]
fn what_is_done_by_a_right_that_ended_after_it_was_checked_is_not_done() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
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
    let removed = |authority: &Authority| catalog.remove(&Selection::default(), Some(&by(authority)), NOW);
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

#[test]
fn of_a_set_in_which_one_is_refused_nothing_stays_and_other_sets_do() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    place(&catalog, &[placement("taken", "1.0", "misc")]);
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
    assert!(!catalog.has_pool_file("", &refused[0].path).unwrap());

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

#[test]
fn a_set_whose_members_stand_against_each_other_is_refused() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    let set = vec![placement("one", "1.0", "misc"), placement("one", "1.0", "web")];
    let placed = catalog.place(&[set], NOW).unwrap();
    assert!(placed[0].is_err(), "{placed:?}");
    assert!(catalog.list(&Selection::default()).unwrap().is_empty());
}

#[test]
fn a_name_stays_taken_in_any_case_also_when_its_account_is_gone() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    catalog
        .create_account(&account("jane", Role::User), &event("a"))
        .unwrap();
    catalog.delete_account(&id("id-jane"), &event("d")).unwrap();
    let mut again = account("JANE", Role::User);
    again.account.email = None;
    let error = catalog.create_account(&again, &event("a")).unwrap_err();
    assert!(matches!(error, AccountError::NameTaken(_)), "{error}");
    assert!(catalog.account_named(&"jane".parse().unwrap()).unwrap().is_none());
}

#[test]
fn the_last_admin_stays_one() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    let change = AccountChange {
        role: Some(Role::User),
        ..AccountChange::default()
    };
    let error = catalog
        .change_account(&id("id-root"), &change, &event("c"))
        .unwrap_err();
    assert!(matches!(error, AccountError::LastAdmin), "{error}");
    let error = catalog.delete_account(&id("id-root"), &event("d")).unwrap_err();
    assert!(matches!(error, AccountError::LastAdmin), "{error}");
    catalog
        .create_account(&account("other", Role::Admin), &event("a"))
        .unwrap();
    catalog.delete_account(&id("id-root"), &event("d")).unwrap();
}

#[test]
fn sessions_end_by_themselves_and_with_a_new_password_or_role() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    catalog
        .create_account(&account("jane", Role::User), &event("a"))
        .unwrap();
    let session = |name: &str, epoch| Session {
        id: id(name),
        account: id("id-jane"),
        epoch,
    };
    assert!(catalog.session_owner(&session("one", 0)).unwrap().is_some());
    catalog
        .end_session(&session("one", 0), NOW + 60, &event("logout"))
        .unwrap();
    assert!(catalog.session_owner(&session("one", 0)).unwrap().is_none());
    assert!(catalog.session_owner(&session("two", 0)).unwrap().is_some());

    let password = AccountChange {
        password: Some("other".into()),
        ..AccountChange::default()
    };
    catalog
        .change_account(&id("id-jane"), &password, &event("c"))
        .unwrap();
    assert!(catalog.session_owner(&session("two", 0)).unwrap().is_none());
    assert!(catalog.session_owner(&session("three", 1)).unwrap().is_some());
    let role = AccountChange {
        role: Some(Role::Maintainer),
        ..AccountChange::default()
    };
    catalog
        .change_account(&id("id-jane"), &role, &event("c"))
        .unwrap();
    assert!(catalog.session_owner(&session("three", 1)).unwrap().is_none());
    catalog.delete_account(&id("id-jane"), &event("d")).unwrap();
    assert!(catalog.session_owner(&session("four", 2)).unwrap().is_none());
}

#[test]
fn tokens_are_found_by_their_digest_and_go_with_their_account() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    catalog
        .create_account(&account("jane", Role::User), &event("a"))
        .unwrap();
    let token = |name: &str| ApiToken {
        id: id(name),
        account: id("id-jane"),
        name: name.into(),
        scopes: vec!["read:stable".into(), "upload:stable/*".into()],
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
    };
    for name in ["one", "two"] {
        catalog
            .create_token(&token(name), &digest::sha256(name.as_bytes()), &event("t"))
            .unwrap();
    }
    catalog.tokens_used(&[(id("one"), NOW + 5)]).unwrap();
    let (found, owner) = catalog.token_by_hash(&digest::sha256(b"one")).unwrap().unwrap();
    assert_eq!(found.scopes, token("one").scopes);
    assert_eq!(found.last_used_at, Some(NOW + 5));
    assert_eq!(owner.username.as_str(), "jane");
    assert!(
        !catalog
            .delete_token(&id("id-root"), &id("one"), &event("x"))
            .unwrap()
    );
    assert!(
        catalog
            .delete_token(&id("id-jane"), &id("one"), &event("x"))
            .unwrap()
    );
    assert!(catalog.token_by_hash(&digest::sha256(b"one")).unwrap().is_none());
    catalog.delete_account(&id("id-jane"), &event("d")).unwrap();
    assert!(catalog.token_by_hash(&digest::sha256(b"two")).unwrap().is_none());
}

#[test]
fn changes_are_recorded_with_them_and_a_changed_row_breaks_the_chain() {
    let Fixture { catalog, folder } = fixture();
    place(&catalog, &[placement("hello", "1.0", "misc")]);
    let by = Actor {
        name: Some("root".into()),
        ..Actor::default()
    };
    catalog.remove(&Selection::default(), Some(&by), NOW + 1).unwrap();
    catalog.record(&event("login.refused")).unwrap();
    let rows = catalog.audit(None, 10).unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["login.refused", "package.remove", "package.add"]);
    assert_eq!(catalog.audit(Some(2), 10).unwrap().len(), 1);
    assert_eq!(catalog.first_broken().unwrap(), None);

    let outside = Connection::open(folder.path().join("catalog.db")).unwrap();
    outside
        .execute("update audit set subject = 'nothing' where id = 2", [])
        .unwrap();
    assert_eq!(catalog.first_broken().unwrap(), Some(2));
}

#[test]
fn pages_follow_each_other_and_show_asked_suites_only() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    let mut hidden = placement("hidden", "1.0", "misc");
    hidden.suite = suite("private");
    place(
        &catalog,
        &[
            placement("hello", "10.0", "misc"),
            placement("hello", "9.0", "misc"),
            placement("nginx", "1.0", "web"),
            hidden,
        ],
    );
    let mut all = Vec::new();
    let mut after: Option<PageCursor> = None;
    loop {
        let page = catalog.page(&in_stable(), after.as_ref(), packages(2)).unwrap();
        let Some(last) = page.packages.last() else { break };
        let content = &last.entry.content;
        after = Some(PageCursor {
            name: content.name.to_string(),
            version_key: content.version.sort_key(),
            architecture: content.architecture.to_string(),
            sha256: content.sha256,
        });
        all.extend(
            page.packages
                .iter()
                .map(|listed| format!("{} {}", listed.entry.content.name, listed.entry.content.version)),
        );
    }
    assert_eq!(all, ["hello 9.0", "hello 10.0", "nginx 1.0"]);
}

#[test]
fn a_part_of_a_list_ends_early_where_packages_are_large_and_says_that_more_comes() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    let large = |name: &str| {
        let mut large = placement(name, "1.0", "misc");
        let text = &mut large.content.content.control;
        text.push_str(&" word word word\n".repeat(1000));
        large
    };
    place(&catalog, &[large("alpha"), large("beta"), large("gamma")]);
    for (bytes, expected) in [
        (1, &["alpha"][..]),
        (20_000, &["alpha", "beta"]),
        (1 << 20, &["alpha", "beta", "gamma"]),
    ] {
        let most = PageLimit { packages: 10, bytes };
        let page = catalog.page(&in_stable(), None, most).unwrap();
        assert_eq!(names(&page.packages), expected);
        assert_eq!(page.more, expected.len() < 3, "{bytes}");
        let found = catalog.search(&in_stable(), "word", 0, most).unwrap();
        assert_eq!(
            (found.packages.len(), found.more),
            (expected.len(), expected.len() < 3)
        );
    }
    let two = catalog.page(&in_stable(), None, packages(2)).unwrap();
    assert_eq!((two.packages.len(), two.more), (2, true));
    let three = catalog.page(&in_stable(), None, packages(3)).unwrap();
    assert_eq!((three.packages.len(), three.more), (3, false));
}

#[test]
fn filters_combine() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    place(
        &catalog,
        &[
            placement("hello", "1.0", "misc"),
            placement("nginx", "1.0", "web"),
        ],
    );
    let query = PackageQuery {
        section: Some("web".into()),
        maintainer: Some("JANE".into()),
        ..in_stable()
    };
    assert_eq!(
        names(&catalog.page(&query, None, packages(10)).unwrap().packages),
        ["nginx"]
    );
    let query = PackageQuery {
        name: Some("hello".parse().unwrap()),
        ..query
    };
    assert!(
        catalog
            .page(&query, None, packages(10))
            .unwrap()
            .packages
            .is_empty()
    );
}

#[test]
fn names_come_before_descriptions_and_misprints_find_them_too() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    let mut other = placement("server", "1.0", "web");
    let text = &mut other.content.content.control;
    *text = text.replace("short words of server", "a proxy, as nginx is one");
    place(
        &catalog,
        &[
            other,
            placement("nginx", "1.0", "web"),
            placement("hello", "1.0", "misc"),
            placement("hallo", "1.0", "misc"),
        ],
    );
    let search = |text: &str| {
        let found = catalog.search(&in_stable(), text, 0, packages(10)).unwrap();
        names(&found.packages)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(search("nginx"), ["nginx", "server"]);
    assert_eq!(search("ngi"), ["nginx", "server"]);
    assert_eq!(search("ngnix"), ["nginx"]);
    assert_eq!(search("hillo"), ["hallo", "hello"]);
    assert_eq!(search("hello"), ["hello"], "a whole name is no misprint");
    assert_eq!(search("\"*(:"), Vec::<String>::new());
    assert_eq!(search("hello OR nginx"), Vec::<String>::new());
}

#[test]
fn a_changed_section_is_a_new_revision_and_the_old_one_still_reads() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
    place(&catalog, &[placement("hello", "1.0", "misc")]);
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
    assert_eq!(snapshot.changed_since(&section, 1).unwrap().len(), 1);

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

#[test]
fn what_a_suite_says_of_a_package_is_shown_with_that_suite_only() {
    let Fixture {
        catalog,
        folder: _folder,
    } = fixture();
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
    catalog.remove(&gone, None, NOW + 60).unwrap();
    assert_eq!(seen(&["stable"]).updated_at, None);
    assert_eq!(seen(&["stable", "private"]).updated_at, Some(NOW + 60));
}

#[test]
fn what_was_said_of_a_content_becomes_what_each_of_its_suites_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let mut old = Connection::open(&path).unwrap();
    rusqlite_migration::Migrations::from_slice(super::MIGRATIONS)
        .to_version(&mut old, 4)
        .unwrap();
    let sha256 = digest::sha256(b"old");
    old.execute_batch(&format!(
        "insert into suite (id, codename) values (1, 'stable'), (2, 'private');
         insert into content (id, sha256, size, name, version, version_key, architecture, source, control, paths,
                              created_at, author)
             values (1, x'{sha256}', 1, 'hello', '1.0', x'00', 'amd64', 'hello', 'Package: hello', x'', {NOW}, 'jane');
         insert into pool_file (tree, path, content_id) values ('', 'pool/hello.deb', 1);
         insert into placement (suite_id, component, content_id, cluster, name, architecture, version_key,
                                added_revision, added_at)
             values (1, 'main', 1, 'hello', 'hello', 'amd64', x'00', 1, {NOW}),
                    (2, 'main', 1, 'hello', 'hello', 'amd64', x'00', 1, {NOW});
         insert into tag (content_id, name, color) values (1, 'web', '#007bff');
         insert into edit (content_id, at) values (1, {NOW} + 5);"
    ))
    .unwrap();
    drop(old);
    let catalog = SqliteCatalog::open(&path).unwrap();
    for name in ["stable", "private"] {
        let found = catalog.package(sha256.as_bytes(), &[suite(name)]).unwrap();
        let extras = found.unwrap().extras;
        assert_eq!(extras.author(&suite(name)), Some("jane"));
        assert_eq!(extras.tags.len(), 1);
        assert_eq!(extras.updated_at, Some(NOW + 5));
    }
}
