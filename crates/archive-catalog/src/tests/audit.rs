//! What the audit log promises.

use super::*;

pub(super) fn changes_are_recorded_with_them_and_a_changed_row_breaks_the_chain(catalog: &SqlCatalog) {
    place(catalog, &[placement("hello", "1.0", "misc")]);
    let by = Actor {
        name: Some("root".into()),
        ..Actor::default()
    };
    catalog
        .remove(&[Selection::default()], Some(&by), NOW + 1)
        .unwrap();
    catalog.record(&event("login.refused")).unwrap();
    let rows = catalog.audit(&AuditQuery::default(), 10).unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["login.refused", "package.remove", "package.add"]);
    let before = AuditQuery {
        before: Some(2),
        ..AuditQuery::default()
    };
    assert_eq!(catalog.audit(&before, 10).unwrap().len(), 1);
    assert_eq!(catalog.first_broken().unwrap(), None);

    let changed = catalog.write("change a row", |db| {
        db.execute("update audit set subject = 'nothing' where id = 2", &[])
    });
    assert_eq!(changed.unwrap(), 1);
    assert_eq!(catalog.first_broken().unwrap(), Some(2));
}

pub(super) fn filters_of_the_log_combine(catalog: &SqlCatalog) {
    for (at, name, action, subject) in [
        (NOW, "root", "user.create", "jane"),
        (NOW + 10, "jane", "token.create", "one"),
        (NOW + 20, "root", "user.delete", "jane"),
        (NOW + 30, "root", "userx", "jane"),
    ] {
        let mut event = event(action);
        event.at = at;
        event.actor.name = Some(name.into());
        event.subject = subject.into();
        catalog.record(&event).unwrap();
    }
    let found = |change: fn(&mut AuditQuery)| {
        let mut query = AuditQuery::default();
        change(&mut query);
        let rows = catalog.audit(&query, 10).unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(found(|query| query.actor = Some("root".into())), [4, 3, 1]);
    // A kind of actions, and not all that begin alike.
    assert_eq!(found(|query| query.action = Some("user".into())), [3, 1]);
    assert_eq!(found(|query| query.action = Some("user.create".into())), [1]);
    assert_eq!(found(|query| query.subject = Some("one".into())), [2]);
    let between = |query: &mut AuditQuery| {
        query.since = Some(NOW + 10);
        query.until = Some(NOW + 20);
    };
    assert_eq!(found(between), [2]);
    let several = |query: &mut AuditQuery| {
        query.actor = Some("root".into());
        query.action = Some("user".into());
        query.before = Some(3);
    };
    assert_eq!(found(several), [1]);
    assert!(found(|query| query.action = Some("%".into())).is_empty());
}
