//! What moves from one database to another.

use super::*;
use crate::LeaseAnswer;

/// Fills a catalog with a row of each kind.
fn filled(url: &DatabaseUrl) -> SqlCatalog {
    let catalog = with_suites(url);
    let hook = crate::webhooks::Webhook {
        id: id("hook"),
        name: "hook".into(),
        url: "https://example.org/".into(),
        events: crate::webhooks::EventKind::CHOICES.to_vec(),
        suites: Suites::All,
        old_secret_until: None,
        paused: None,
        failing_since: None,
        created_at: NOW,
        created_by: None,
    };
    let made =
        crate::webhooks::Webhooks::create_webhook(&catalog, &hook, "secret", 1, &event("webhook.create"));
    assert!(made.unwrap());
    let told = crate::outbox::Outbox::announce_key(&catalog, "key", &serde_json::json!({}), NOW);
    assert!(told.unwrap());
    place(
        &catalog,
        &[
            placement("hello", "1.0", "misc"),
            placement("nginx", "2.0", "web"),
        ],
    );
    let selection = Selection {
        name: Some("nginx".parse().unwrap()),
        ..Selection::default()
    };
    catalog
        .remove(std::slice::from_ref(&selection), None, NOW)
        .unwrap();
    catalog
        .create_account(&account("jane", Role::Admin), &event("user.add"))
        .unwrap();
    let tags = vec![Tag {
        name: "web".into(),
        color: "#007bff".into(),
    }];
    let description = Description {
        tags: Some(tags),
        section: Some("net".into()),
        ..Description::default()
    };
    let hello = placement("hello", "1.0", "misc").content.content.sha256;
    describe(&catalog, "stable", &hello, &description, NOW);
    let counted = DownloadCount {
        sha256: hello,
        tree: String::new(),
        day: 20_000,
        count: 3,
    };
    catalog.count_downloads(&[counted], NOW).unwrap();
    catalog.refresh().unwrap();
    catalog
}

#[test]
fn every_row_moves_to_the_other_database_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| DatabaseUrl::Sqlite(folder.path().join(name));
    let first = filled(&file("first.db"));
    let server = SqlCatalog::create(&TestServer::shared().database()).unwrap();
    first.copy_into(&server).unwrap();
    assert_eq!(first.difference(&server).unwrap(), None);
    let never_gathered = "select 1 from pg_class where oid = cast('placement' as regclass) and reltuples < 0";
    let is_blind = server.read("ask", |db| db.exists(never_gathered, &[]));
    assert!(!is_blind.unwrap(), "the planner knows nothing of what was copied");
    let back = SqlCatalog::create(&file("back.db")).unwrap();
    server.copy_into(&back).unwrap();
    assert_eq!(first.difference(&back).unwrap(), None);
    assert_eq!(back.first_broken().unwrap(), None);

    // What comes next has keys of its own, and search finds what was moved.
    place(&server, &[placement("later", "1.0", "misc")]);
    let found = server.search(&in_stable(), "hello", 0, packages(10)).unwrap();
    assert_eq!(names(&found.packages), ["hello"]);
    let difference = first.difference(&server).unwrap().unwrap();
    assert!(difference.contains("table `suite`"), "{difference}");
}

#[test]
fn a_copy_takes_the_place_of_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let first = filled(&DatabaseUrl::Sqlite(folder.path().join("first.db")));
    let server = filled(&TestServer::shared().database());
    place(&server, &[placement("other", "1.0", "misc")]);
    server.refresh().unwrap();
    first.copy_into(&server).unwrap();
    assert_eq!(first.difference(&server).unwrap(), None);
    let found = server.search(&in_stable(), "other", 0, packages(10)).unwrap();
    assert_eq!(names(&found.packages), [""; 0]);
}

#[test]
fn a_catalog_on_a_server_is_backed_up_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = filled(&TestServer::shared().database());
    let path = folder.path().join("copy.db");
    server.copy_to(&path).unwrap();
    let copy = SqlCatalog::open(&DatabaseUrl::Sqlite(path)).unwrap();
    assert_eq!(server.difference(&copy).unwrap(), None);
}

#[test]
fn tables_of_another_version_are_refused_and_the_command_is_named() {
    let url = TestServer::shared().database();
    let refused = SqlCatalog::open(&url).err().unwrap();
    assert!(refused.to_string().contains("repogen migrate"), "{refused}");
    SqlCatalog::migrate(&url).unwrap();
    SqlCatalog::migrate(&url).unwrap();
    let catalog = SqlCatalog::open(&url).unwrap();
    catalog
        .write("write a version", |db| {
            db.execute("insert into catalog_version (version) values (1000)", &[])
        })
        .unwrap();
    let refused = SqlCatalog::open(&url).err().unwrap();
    assert!(refused.to_string().contains("newer version"), "{refused}");
    assert!(SqlCatalog::migrate(&url).is_err());
    assert!(SqlCatalog::create(&url).is_err());
}

#[test]
fn writers_on_two_connections_take_turns_and_the_audit_log_stays_one_chain() {
    let url = TestServer::shared().database();
    let one = with_suites(&url);
    let other = SqlCatalog::open(&url).unwrap();
    std::thread::scope(|scope| {
        for catalog in [&one, &other] {
            scope.spawn(move || {
                for _ in 0..50 {
                    catalog.record(&event("login.refused")).unwrap();
                }
            });
        }
    });
    assert_eq!(one.audit(&AuditQuery::default(), 1_000).unwrap().len(), 100);
    assert_eq!(one.first_broken().unwrap(), None);
}

#[test]
fn a_connection_that_the_server_ended_is_replaced() {
    let catalog = with_suites(&TestServer::shared().database());
    catalog.record(&event("login.refused")).unwrap();
    let ended = catalog.write("end connections", |db| {
        db.query_optional("select pg_terminate_backend(pg_backend_pid())", &[], |_| Ok(()))
    });
    assert_eq!(
        ended.unwrap_err().transient_failure(),
        Some(crate::TransientFailure::Away)
    );
    assert_eq!(catalog.audit(&AuditQuery::default(), 10).unwrap().len(), 1);
    catalog.record(&event("login.refused")).unwrap();
}

#[test]
fn a_lease_has_one_holder_and_whoever_lost_it_records_nothing() {
    let catalog = with_suites(&TestServer::shared().database());
    let stable = suite("stable");
    let LeaseAnswer::Taken(first) = catalog.take_lease(&stable, "one").unwrap() else {
        panic!("nobody has it");
    };
    let held = LeaseAnswer::Held { by: "one".into() };
    assert_eq!(catalog.take_lease(&stable, "two").unwrap(), held);
    assert!(catalog.renew_lease(&stable, first).unwrap());
    catalog
        .published(&stable, &publication(0), Some(first), NOW)
        .unwrap();

    // Its holder stood still for longer than it lasts.
    catalog
        .write("let time pass", |db| {
            db.execute(
                "update publish_lease set expires_at = now() - interval '1 second'",
                &[],
            )
        })
        .unwrap();
    let LeaseAnswer::Taken(second) = catalog.take_lease(&stable, "two").unwrap() else {
        panic!("its time was over");
    };
    assert!(second > first);
    assert!(!catalog.renew_lease(&stable, first).unwrap());
    let lost = catalog.published(&stable, &publication(0), Some(first), NOW + 1);
    assert!(matches!(lost, Err(CatalogError::LeaseLost(_))));
    catalog.release_lease(&stable, first).unwrap();
    assert!(catalog.renew_lease(&stable, second).unwrap());
    let state = |held_for| crate::LeaseState {
        suite: suite("stable"),
        epoch: 2,
        held_for,
    };
    catalog
        .write("let time pass", |db| {
            db.execute(
                "update publish_lease set taken_at = now() - interval '90 seconds'",
                &[],
            )
        })
        .unwrap();
    let held = catalog.leases().unwrap();
    assert!(held == [state(Some(90))] || held == [state(Some(91))], "{held:?}");
    catalog.release_lease(&stable, second).unwrap();
    assert_eq!(catalog.leases().unwrap(), [state(None)]);
    assert!(matches!(
        catalog.take_lease(&stable, "three").unwrap(),
        LeaseAnswer::Taken(third) if third > second
    ));
}

#[test]
fn a_server_that_cannot_be_reached_is_named_with_the_reason_and_without_the_password() {
    let url = "postgres://me:secret@127.0.0.1:1/archive".parse().unwrap();
    let error = SqlCatalog::open(&url).err().unwrap();
    assert_eq!(error.transient_failure(), Some(crate::TransientFailure::Away));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("refused"), "{cause}");
    assert!(error.to_string().contains("127.0.0.1:1/archive"), "{error}");
    assert!(!format!("{error} {cause}").contains("secret"));
}

#[test]
fn who_edits_waits_for_others_who_do_and_writers_do_not() {
    let url = TestServer::shared().database();
    let one = with_suites(&url);
    let other = SqlCatalog::open(&url).unwrap();
    let held = one.hold_edits().unwrap();
    std::thread::scope(|scope| {
        let (sender, waits) = std::sync::mpsc::channel();
        let other = &other;
        scope.spawn(move || {
            let _held = other.hold_edits().unwrap();
            sender.send(()).unwrap();
        });
        one.write("write", |db| db.clock()).unwrap();
        waits
            .recv_timeout(std::time::Duration::from_millis(200))
            .unwrap_err();
        drop(held);
        waits.recv().unwrap();
    });
}

#[test]
fn whoever_holds_the_turn_keeps_writers_on_other_machines_waiting() {
    let url = TestServer::shared().database();
    let one = with_suites(&url);
    let other = SqlCatalog::open(&url).unwrap();
    let write = || other.write_within(crate::turn::Patience::Brief, "write", |db| db.clock());
    let held = one.hold_writers().unwrap();
    let busy = write().unwrap_err().transient_failure();
    assert_eq!(busy, Some(crate::TransientFailure::Busy));
    other.progress().unwrap();
    drop(held);
    write().unwrap();
}
