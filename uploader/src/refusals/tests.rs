use archive_catalog::audit::AuditQuery;
use axum::http::Method;

use super::*;
use crate::origin::Traffic;
use crate::temporary_archive::TemporaryArchive;

const NOW: i64 = 1_700_000_000;

/// A refused upload of an account, or of a stranger, from an address.
fn refuse(refusals: &Refusals, account: Option<&str>, address: &str, code: Code, now: i64) {
    let origin = RequestOrigin::new(Some(address.parse().unwrap()), "request-1".into(), Traffic::Write);
    if let Some(name) = account {
        origin.set_requester(Requester::Account {
            name: name.into(),
            token: Some("token".parse().unwrap()),
        });
    }
    let uri: Uri = "/api/packages?suite=stable".parse().unwrap();
    let problem = Problem::new(code, "why");
    refusals.note((&Method::POST, "/api/packages", &uri), &origin, &problem, now);
}

/// Returns action, actor and count of each record, the oldest first.
fn records(archive: &TemporaryArchive) -> Vec<(String, Option<String>, u64)> {
    let rows = archive
        .archive
        .audit()
        .audit(&AuditQuery::default(), 10_000)
        .unwrap()
        .into_iter();
    rows.rev()
        .map(|row| {
            let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap();
            (row.action, row.actor.name, detail["count"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn the_first_refusal_is_recorded_at_once_and_the_others_together_after_an_hour() {
    let archive = TemporaryArchive::new();
    let refusals = Refusals::default();
    let write = |now| refusals.write(archive.archive.audit(), now).unwrap();
    let add = || "package.add.refused".to_owned();
    write(NOW);
    refuse(&refusals, Some("jane"), "192.0.2.1", Code::Forbidden, NOW);
    refuse(&refusals, None, "192.0.2.1", Code::Unauthenticated, NOW + 1);
    write(NOW + 2);
    let mut expected = vec![(add(), Some("jane".to_owned()), 1), (add(), None, 1)];
    assert_eq!(records(&archive), expected);
    for _ in 0..1000 {
        refuse(&refusals, Some("jane"), "192.0.2.1", Code::Forbidden, NOW + 3);
    }
    refuse(
        &refusals,
        Some("jane"),
        "192.0.2.1",
        Code::IdentityConflict,
        NOW + 4,
    );
    write(NOW + 5);
    expected.push((add(), Some("jane".to_owned()), 1));
    assert_eq!(records(&archive), expected, "another reason is another record");
    write(NOW + WINDOW);
    expected.push((add(), Some("jane".to_owned()), 1000));
    assert_eq!(records(&archive), expected);
    write(NOW + 2 * WINDOW);
    assert_eq!(records(&archive), expected, "nothing is recorded twice");
    refuse(
        &refusals,
        Some("jane"),
        "192.0.2.1",
        Code::Forbidden,
        NOW + 2 * WINDOW,
    );
    write(NOW + 2 * WINDOW + 1);
    expected.push((add(), Some("jane".to_owned()), 1));
    assert_eq!(records(&archive), expected, "a new hour begins anew");
}

#[test]
fn however_many_are_refused_the_records_of_an_hour_are_bounded_and_accounts_keep_theirs() {
    let archive = TemporaryArchive::new();
    let refusals = Refusals::default();
    for number in 0..2000_u32 {
        let address = format!("10.0.{}.{}", number / 256, number % 256);
        refuse(&refusals, None, &address, Code::Unauthenticated, NOW);
    }
    refuse(&refusals, Some("jane"), "192.0.2.1", Code::Forbidden, NOW);
    for _ in 0..2 {
        refusals.write(archive.archive.audit(), NOW).unwrap();
    }
    let records = records(&archive);
    assert_eq!(records.len(), MAX_GROUPS + 2);
    assert_eq!(records.iter().map(|(_, _, count)| count).sum::<u64>(), 2001);
    assert!(records.iter().any(|(_, name, _)| name.as_deref() == Some("jane")));
}

#[test]
fn a_record_names_the_account_the_token_the_request_and_the_reason() {
    let archive = TemporaryArchive::new();
    let refusals = Refusals::default();
    refuse(&refusals, Some("jane"), "192.0.2.1", Code::Forbidden, NOW);
    refusals.write(archive.archive.audit(), NOW).unwrap();
    let row = archive
        .archive
        .audit()
        .audit(&AuditQuery::default(), 1)
        .unwrap()
        .remove(0);
    assert_eq!(row.actor.name.as_deref(), Some("jane"));
    assert_eq!(row.actor.address.as_deref(), Some("192.0.2.1"));
    assert_eq!(row.actor.request.as_deref(), Some("request-1"));
    assert_eq!(row.subject, "POST /api/packages");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&row.detail).unwrap(),
        json!({ "code": "forbidden", "detail": "why", "count": 1, "token": "token" })
    );
}

#[test]
fn reading_and_failures_of_the_server_are_no_refusals() {
    let archive = TemporaryArchive::new();
    let refusals = Refusals::default();
    refuse(&refusals, None, "192.0.2.1", Code::StorageFull, NOW);
    let origin = RequestOrigin::new(None, "request-1".into(), Traffic::Read);
    let uri: Uri = "/api/packages/none".parse().unwrap();
    let problem = Problem::new(Code::PackageNotFound, "none");
    refusals.note((&Method::GET, "/api/packages/{id}", &uri), &origin, &problem, NOW);
    refusals.write(archive.archive.audit(), NOW).unwrap();
    assert_eq!(records(&archive), []);
}
