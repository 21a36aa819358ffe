//! Events, and their deliveries to receivers.

use serde_json::{Value, json};

use super::*;
use crate::outbox::{Outbox, OutboxBounds, OutboxTurn, SendFailure, SentDelivery, TakenDelivery, Taking};
use crate::webhooks::{
    DELIVERY_SECONDS, DeliveryState, EventKind, NewSecret, Pause, Webhook, WebhookChange, Webhooks,
};
use crate::{CountedState, Retained, RetainedState, SnapshotId};

/// The time of the database: what is recorded by [`NOW`] is long due.
fn now(catalog: &SqlCatalog) -> i64 {
    catalog.read("read the clock", |db| db.clock()).unwrap()
}

fn hook(name: &str, events: &[EventKind], suites: Suites) -> Webhook {
    Webhook {
        id: id(name),
        name: format!("to {name}"),
        url: format!("https://{name}.example.org/"),
        events: events.to_vec(),
        suites,
        old_secret_until: None,
        paused: None,
        failing_since: None,
        created_at: NOW,
        created_by: Some("root".into()),
    }
}

fn add(catalog: &SqlCatalog, name: &str, events: &[EventKind], suites: Suites) {
    let hook = hook(name, events, suites);
    let made = catalog.create_webhook(&hook, &format!("secret of {name}"), 10, &event("webhook.create"));
    assert!(made.unwrap());
    assert_eq!(catalog.webhook(&id(name)).unwrap(), Some(hook));
}

fn taking(claim: &str, most_of_one: usize) -> Taking {
    Taking {
        claim: id(claim),
        most: 100,
        most_of_one,
        busy: Vec::new(),
    }
}

fn turn(catalog: &SqlCatalog, sent: &[SentDelivery], claim: &str) -> OutboxTurn {
    catalog.take_deliveries(sent, &taking(claim, 100)).unwrap()
}

fn take(catalog: &SqlCatalog, claim: &str) -> Vec<TakenDelivery> {
    turn(catalog, &[], claim).taken
}

fn arrived(delivery: &TakenDelivery) -> SentDelivery {
    SentDelivery {
        id: delivery.id,
        response_status: Some(204),
        failure: None,
    }
}

fn failed(delivery: &TakenDelivery, retry_in: Option<i64>) -> SentDelivery {
    SentDelivery {
        id: delivery.id,
        response_status: Some(500),
        failure: Some(SendFailure {
            error: "it answered with 500".into(),
            retry_in,
        }),
    }
}

/// Places packages by the clock of the database: their deliveries have their whole time before them.
fn place_now(catalog: &SqlCatalog, names: &[&str]) {
    let set: Vec<_> = names.iter().map(|name| placement(name, "1.0", "web")).collect();
    assert!(catalog.place(&[set], now(catalog)).unwrap()[0].is_ok());
}

fn execute(catalog: &SqlCatalog, sql: &str) {
    catalog
        .write("let time pass", |db| db.execute(sql, &[]).map(drop))
        .unwrap();
}

fn body(delivery: &TakenDelivery) -> Value {
    serde_json::from_str(&delivery.body).unwrap()
}

/// Returns what is told of, as `TYPE NAME SUITE CAUSE`.
fn told(catalog: &SqlCatalog) -> Vec<String> {
    let taken = take(catalog, "reader");
    let line = |delivery: &TakenDelivery| {
        let body = body(delivery);
        assert_eq!(body["id"], delivery.message.as_str());
        let data = &body["data"];
        let text = |field: &str| data[field].as_str().unwrap_or("-").to_owned();
        let kind = body["type"].as_str().unwrap();
        format!("{kind} {} {} {}", text("name"), text("suite"), text("cause"))
    };
    let lines = taken.iter().map(line).collect();
    let done: Vec<SentDelivery> = taken.iter().map(arrived).collect();
    assert!(turn(catalog, &done, "reader").taken.is_empty());
    lines
}

pub(super) fn every_change_tells_those_that_asked_in_its_own_transaction(catalog: &SqlCatalog) {
    // Nobody asked: nothing is recorded.
    place(catalog, &[placement("early", "1.0", "web")]);
    let moves = [EventKind::PackageUploaded, EventKind::PackageRemoved];
    add(catalog, "moves", &moves, Suites::All);
    assert!(take(catalog, "reader").is_empty());

    place(
        catalog,
        &[placement("one", "1.0", "web"), placement("two", "1.0", "web")],
    );
    assert_eq!(
        told(catalog),
        [
            "package.uploaded one stable added",
            "package.uploaded two stable added"
        ]
    );
    // What changed nothing, and what was refused, is told to nobody: in a set not even what came before the refusal.
    catalog
        .place(&[vec![placement("one", "1.0", "web")]], NOW)
        .unwrap();
    let refused = [placement("three", "1.0", "web"), placement("one", "1.0", "admin")];
    assert!(catalog.place(&[refused.to_vec()], NOW).unwrap()[0].is_err());
    assert!(told(catalog).is_empty());
}

pub(super) fn what_was_removed_rolled_back_and_pruned_is_told_of(catalog: &SqlCatalog) {
    place(
        catalog,
        &[placement("one", "1.0", "web"), placement("two", "1.0", "web")],
    );
    let moves = [EventKind::PackageUploaded, EventKind::PackageRemoved];
    add(catalog, "moves", &moves, Suites::All);
    let held = catalog
        .progress()
        .unwrap()
        .into_iter()
        .find(|held| held.suite == suite("stable"));
    let state = CountedState {
        state: RetainedState {
            id: SnapshotId::of(NOW),
            revision: held.unwrap().revision,
            date: NOW,
            kept: Retained::Pinned,
        },
        packages: 2,
    };
    let selected = |name: &str| Selection {
        name: Some(name.parse().unwrap()),
        ..Selection::default()
    };
    catalog.remove(&[selected("one")], None, NOW).unwrap();
    catalog
        .yank(&[selected("two")], "it is broken", None, NOW)
        .unwrap();
    place(catalog, &[placement("three", "1.0", "web")]);
    assert_eq!(
        told(catalog),
        [
            "package.removed one stable removed",
            "package.removed two stable yanked",
            "package.uploaded three stable added"
        ]
    );
    assert!(catalog.roll_back(&suite("stable"), &state, None, NOW).unwrap());
    let rolled_back = [
        "package.removed three stable rollback",
        "package.uploaded one stable rollback",
        "package.uploaded two stable rollback",
    ];
    assert_eq!(told(catalog), rolled_back);

    place(catalog, &[placement("one", "2.0", "web")]);
    let retention = Retention {
        suite: suite("stable"),
        keep_versions: Some(1),
        keep_generations: 1,
        publications_until: NOW,
        removed_until: NOW,
    };
    catalog
        .prune(std::slice::from_ref(&retention), NOW, PruneMode::DryRun)
        .unwrap();
    assert_eq!(told(catalog), ["package.uploaded one stable added"]);
    catalog.prune(&[retention], NOW, PruneMode::Delete).unwrap();
    assert_eq!(told(catalog), ["package.removed one stable retention"]);
}

pub(super) fn receivers_are_told_of_their_events_and_suites_only(catalog: &SqlCatalog) {
    let stable = || Suites::Only(vec![suite("stable")]);
    add(catalog, "uploads", &[EventKind::PackageUploaded], stable());
    add(
        catalog,
        "elsewhere",
        &EventKind::CHOICES,
        Suites::Only(vec![suite("private")]),
    );
    let ends = json!({"fingerprint": "F"});
    // Without a receiver it stays to be told.
    add(catalog, "publishes", &[EventKind::SuitePublished], Suites::All);
    place(catalog, &[placement("one", "1.0", "web")]);
    let lease = match catalog.take_lease(&suite("stable"), "test").unwrap() {
        crate::LeaseAnswer::Taken(epoch) => Some(epoch),
        _ => None,
    };
    catalog
        .published(&suite("stable"), &publication(1), lease, NOW)
        .unwrap();
    assert!(catalog.announce_key("F 30", &ends, NOW).unwrap());
    assert!(!catalog.announce_key("F 30", &ends, NOW).unwrap(), "once");
    assert!(catalog.announce_key("F 7", &ends, NOW).unwrap());
    let mut told: Vec<String> = take(catalog, "reader")
        .iter()
        .map(|delivery| {
            format!(
                "{} {}",
                delivery.webhook,
                body(delivery)["type"].as_str().unwrap()
            )
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "elsewhere key.expiring",
            "elsewhere key.expiring",
            "publishes suite.published",
            "uploads package.uploaded"
        ]
    );
    catalog
        .delete_webhook(&id("elsewhere"), &event("webhook.delete"))
        .unwrap();
    assert!(
        !catalog.announce_key("F 1", &ends, NOW).unwrap(),
        "nobody listens"
    );
    add(catalog, "keys", &[EventKind::KeyExpiring], stable());
    assert!(
        catalog.announce_key("F 1", &ends, NOW).unwrap(),
        "now somebody does"
    );
}

pub(super) fn a_delivery_is_held_by_one_and_outlives_who_took_it(catalog: &SqlCatalog) {
    add(catalog, "hook", &[EventKind::PackageUploaded], Suites::All);
    place(catalog, &[placement("one", "1.0", "web")]);
    assert!(catalog.has_due(&taking("first", 1)).unwrap());
    let first = take(catalog, "dead");
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].secrets, ["secret of hook"]);
    assert_eq!(first[0].attempt, 1);
    assert!(!catalog.has_due(&taking("other", 1)).unwrap());
    assert!(take(catalog, "other").is_empty(), "another has it");

    execute(
        catalog,
        "update webhook_delivery set claimed_until = claimed_until - 120",
    );
    let again = take(catalog, "other");
    assert_eq!(
        (again[0].message.as_str(), again[0].attempt),
        (first[0].message.as_str(), 2)
    );
    assert_eq!(
        again[0].body, first[0].body,
        "what is sent under one ID is the same"
    );
    // Whoever lost it says nothing of it any more.
    turn(catalog, &[failed(&first[0], None)], "dead");
    assert_eq!(catalog.webhook(&id("hook")).unwrap().unwrap().paused, None);
    turn(catalog, &[arrived(&again[0])], "other");
    let log = catalog.deliveries(&id("hook"), None, 10).unwrap();
    assert_eq!(log.len(), 1);
    assert!(matches!(log[0].state, DeliveryState::Delivered(_)), "{log:?}");
    assert_eq!((log[0].attempts, log[0].response_status), (2, Some(204)));
}

pub(super) fn one_receiver_holds_up_no_other(catalog: &SqlCatalog) {
    for name in ["slow", "swift"] {
        add(catalog, name, &[EventKind::PackageUploaded], Suites::All);
    }
    for name in ["a", "b", "c"] {
        place(catalog, &[placement(name, "1.0", "web")]);
    }
    let count = |taking: &Taking| {
        let taken = catalog.take_deliveries(&[], taking).unwrap().taken;
        let of = |name: &str| {
            taken
                .iter()
                .filter(|delivery| delivery.webhook == id(name))
                .count()
        };
        (of("slow"), of("swift"))
    };
    assert_eq!(count(&taking("x", 1)), (1, 1));
    let busy = Taking {
        most: 3,
        busy: vec![(id("slow"), 1)],
        ..taking("x", 2)
    };
    assert_eq!(count(&busy), (1, 2), "who has least gets most");
    let full = Taking {
        busy: vec![(id("slow"), 2)],
        ..taking("x", 2)
    };
    assert!(!catalog.has_due(&full).unwrap(), "the swift one has nothing left");
    assert!(catalog.has_due(&taking("x", 2)).unwrap());
}

pub(super) fn what_fails_is_tried_again_until_its_time_is_over(catalog: &SqlCatalog) {
    add(catalog, "hook", &[EventKind::PackageUploaded], Suites::All);
    place_now(catalog, &["one"]);
    let state = || catalog.deliveries(&id("hook"), None, 1).unwrap().remove(0);
    let taken = take(catalog, "x");
    turn(catalog, &[failed(&taken[0], Some(60))], "x");
    assert!(matches!(state().state, DeliveryState::Waiting(at) if at > now(catalog)));
    assert_eq!(state().error.as_deref(), Some("it answered with 500"));
    assert!(take(catalog, "x").is_empty(), "not before its time");
    execute(catalog, "update webhook_delivery set due_at = due_at - 60");
    let again = take(catalog, "x");
    assert_eq!(again[0].attempt, 2);
    let ended = turn(catalog, &[failed(&again[0], Some(DELIVERY_SECONDS + 1))], "x");
    assert_eq!(ended.given_up, 1);
    assert!(matches!(state().state, DeliveryState::GivenUp(_)));
    let failing = catalog.webhook(&id("hook")).unwrap().unwrap();
    assert!(failing.failing_since.is_some() && failing.paused.is_none());

    let again = catalog
        .redeliver(&id("hook"), state().id, &event("webhook.redeliver"))
        .unwrap();
    assert!(matches!(again.unwrap().state, DeliveryState::Waiting(_)));
    let sent = take(catalog, "x");
    assert_eq!(sent[0].message, taken[0].message, "the receiver knows it again");
    turn(catalog, &[arrived(&sent[0])], "x");
    assert!(matches!(state().state, DeliveryState::Delivered(_)));
    assert_eq!(catalog.webhook(&id("hook")).unwrap().unwrap().failing_since, None);
}

pub(super) fn a_receiver_that_fails_for_days_is_paused(catalog: &SqlCatalog) {
    add(catalog, "hook", &[EventKind::PackageUploaded], Suites::All);
    place_now(catalog, &["one"]);
    let taken = take(catalog, "x");
    turn(catalog, &[failed(&taken[0], Some(0))], "x");
    // What somebody tries says nothing of how long it fails.
    let ping = || {
        catalog
            .ping_webhook(&id("hook"), &event("webhook.ping"))
            .unwrap()
            .unwrap()
    };
    execute(
        catalog,
        "update webhook set failing_since = failing_since - 300000",
    );
    ping();
    let pinged: Vec<_> = take(catalog, "x")
        .into_iter()
        .filter(|sent| sent.body.contains("ping"))
        .collect();
    assert_eq!(
        turn(catalog, &[failed(&pinged[0], Some(0))], "x").given_up,
        1,
        "a ping is tried once"
    );
    assert_eq!(catalog.webhook(&id("hook")).unwrap().unwrap().paused, None);

    execute(
        catalog,
        "update webhook_delivery set claim = null, claimed_until = null",
    );
    let again = take(catalog, "x");
    let paused = turn(catalog, &[failed(&again[0], Some(0))], "x").paused;
    assert!(paused[0].1.contains("it answered with 500"), "{paused:?}");
    let pause = catalog.webhook(&id("hook")).unwrap().unwrap().paused.unwrap();
    assert!(
        pause.reason.starts_with("nothing has arrived since 20"),
        "{pause:?}"
    );
    assert_eq!(paused_by(catalog), (1, 0), "the server paused it");
    let logged = AuditQuery {
        action: Some("webhook.pause".into()),
        ..AuditQuery::default()
    };
    assert_eq!(catalog.audit(&logged, 10).unwrap().len(), 1);
    assert_eq!(catalog.first_broken().unwrap(), None);
}

/// How many receivers the server paused, and how many somebody did.
fn paused_by(catalog: &SqlCatalog) -> (u64, u64) {
    let usage = catalog.outbox_usage().unwrap();
    (usage.paused_by_server, usage.paused_by_people)
}

pub(super) fn a_receiver_that_is_paused_gets_only_what_is_asked_for(catalog: &SqlCatalog) {
    add(catalog, "hook", &[EventKind::PackageUploaded], Suites::All);
    place_now(catalog, &["one"]);
    let taken = take(catalog, "x");
    turn(catalog, &[failed(&taken[0], Some(0))], "x");
    execute(
        catalog,
        "update webhook_delivery set claim = null, claimed_until = null",
    );
    let pause = WebhookChange {
        paused: Some(Some(Pause {
            at: NOW,
            by: Some("root".into()),
            reason: "a move".into(),
        })),
        ..WebhookChange::default()
    };
    catalog
        .change_webhook(&id("hook"), &pause, &event("webhook.change"))
        .unwrap();

    place(catalog, &[placement("two", "1.0", "web")]);
    assert!(take(catalog, "x").is_empty());
    assert_eq!(paused_by(catalog), (0, 1), "somebody paused it");
    let log = catalog.deliveries(&id("hook"), None, 10).unwrap();
    assert_eq!(log.len(), 1, "what happens meanwhile is not kept for it");
    catalog.ping_webhook(&id("hook"), &event("webhook.ping")).unwrap();
    assert_eq!(take(catalog, "x").len(), 1);
    catalog
        .redeliver(&id("hook"), taken[0].id, &event("webhook.redeliver"))
        .unwrap();
    assert_eq!(take(catalog, "x")[0].id, taken[0].id);

    let resume = WebhookChange {
        paused: Some(None),
        ..WebhookChange::default()
    };
    let resumed = catalog
        .change_webhook(&id("hook"), &resume, &event("webhook.change"))
        .unwrap()
        .unwrap();
    assert_eq!((resumed.paused, resumed.failing_since), (None, None));
    place(catalog, &[placement("three", "1.0", "web")]);
    assert_eq!(take(catalog, "x").len(), 1);
}

pub(super) fn a_receiver_that_is_gone_gets_nothing_more(catalog: &SqlCatalog) {
    add(catalog, "hook", &[EventKind::PackageUploaded], Suites::All);
    place_now(catalog, &["one", "two"]);
    let taken = take(catalog, "x");
    let ended = turn(
        catalog,
        &[failed(&taken[0], None), failed(&taken[1], Some(0))],
        "x",
    );
    assert_eq!((ended.given_up, ended.paused.len()), (1, 1));
    assert!(ended.taken.is_empty());
    execute(catalog, "update webhook_delivery set give_up_at = 0");
    let bounds = OutboxBounds {
        until: 0,
        kept: 10,
        waiting: 10,
    };
    assert_eq!(
        catalog.tidy_outbox(&bounds).unwrap().given_up,
        1,
        "its time is over"
    );
    assert_eq!(catalog.outbox_usage().unwrap().waiting, 0);
    assert!(
        catalog
            .delete_webhook(&id("hook"), &event("webhook.delete"))
            .unwrap()
    );
    assert!(
        !catalog
            .delete_webhook(&id("hook"), &event("webhook.delete"))
            .unwrap()
    );
    assert!(catalog.deliveries(&id("hook"), None, 10).unwrap().is_empty());
}

pub(super) fn the_log_of_deliveries_is_bounded_by_age_and_number(catalog: &SqlCatalog) {
    for name in ["one", "two"] {
        add(catalog, name, &[EventKind::PackageUploaded], Suites::All);
    }
    for name in ["a", "b", "c", "d"] {
        place(catalog, &[placement(name, "1.0", "web")]);
    }
    let all = take(catalog, "x");
    let done: Vec<SentDelivery> = all.iter().map(arrived).collect();
    turn(catalog, &done, "x");
    let count = |name: &str| catalog.deliveries(&id(name), None, 10).unwrap().len();
    let tidy = |until, kept, waiting| {
        let bounds = OutboxBounds { until, kept, waiting };
        catalog.tidy_outbox(&bounds).unwrap()
    };
    tidy(0, 3, 10);
    assert_eq!((count("one"), count("two")), (3, 3));
    let newest = catalog.deliveries(&id("one"), None, 1).unwrap()[0].id;
    assert_eq!(catalog.deliveries(&id("one"), Some(newest), 10).unwrap().len(), 2);
    tidy(now(catalog) + 1, 3, 10);
    assert_eq!((count("one"), count("two")), (0, 0));
    let events = |db: &crate::sql::Db<'_>| {
        db.query_one("select count(*) from outbox_event", &[], |row| row.get::<i64>(0))
    };
    assert_eq!(catalog.read("count events", events).unwrap(), 0);

    place(
        catalog,
        &[placement("e", "1.0", "web"), placement("f", "1.0", "web")],
    );
    assert_eq!(tidy(0, 3, 2).paused, []);
    let paused = tidy(0, 3, 1).paused;
    assert_eq!(paused.len(), 2);
    assert!(paused[0].1.contains("more than 1 deliveries"), "{paused:?}");
    assert_eq!(paused_by(catalog), (2, 0));
}

pub(super) fn a_new_secret_signs_beside_the_one_before_for_a_time(catalog: &SqlCatalog) {
    add(catalog, "hook", &[EventKind::PackageUploaded], Suites::All);
    let rotate = |secret: &str, old_until| {
        let new = NewSecret {
            secret: secret.into(),
            old_until,
        };
        catalog
            .rotate_webhook_secret(&id("hook"), &new, &event("webhook.rotate"))
            .unwrap()
    };
    let until = now(catalog) + 1000;
    assert_eq!(rotate("new", until).unwrap().old_secret_until, Some(until));
    place(catalog, &[placement("one", "1.0", "web")]);
    assert_eq!(take(catalog, "x")[0].secrets, ["new", "secret of hook"]);
    rotate("newest", now(catalog));
    place(catalog, &[placement("two", "1.0", "web")]);
    assert_eq!(take(catalog, "x")[0].secrets, ["newest"]);
    // No other way leads to a secret.
    let shown = format!("{:?}", catalog.webhook(&id("hook")).unwrap());
    assert!(!shown.contains("newest"), "{shown}");
}

pub(super) fn a_change_of_a_receiver_leaves_what_it_does_not_name(catalog: &SqlCatalog) {
    add(catalog, "hook", &[EventKind::PackageUploaded], Suites::All);
    let pause = Pause {
        at: NOW,
        by: Some("root".into()),
        reason: "a move".into(),
    };
    let change = WebhookChange {
        suites: Some(Suites::Only(vec![suite("stable"), suite("private")])),
        paused: Some(Some(pause.clone())),
        ..WebhookChange::default()
    };
    let expected = Webhook {
        suites: Suites::Only(vec![suite("stable"), suite("private")]),
        paused: Some(pause),
        ..hook("hook", &[EventKind::PackageUploaded], Suites::All)
    };
    let changed = catalog
        .change_webhook(&id("hook"), &change, &event("webhook.change"))
        .unwrap();
    assert_eq!(changed, Some(expected));
    assert_eq!(
        catalog
            .change_webhook(&id("none"), &change, &event("webhook.change"))
            .unwrap(),
        None
    );
    let more = catalog.create_webhook(&hook("more", &[], Suites::All), "s", 1, &event("webhook.create"));
    assert!(!more.unwrap(), "there may be one");
    assert_eq!(catalog.webhooks().unwrap().len(), 1);
}
