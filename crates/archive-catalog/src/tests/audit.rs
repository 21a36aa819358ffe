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
    let rows = catalog.audit(None, 10).unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["login.refused", "package.remove", "package.add"]);
    assert_eq!(catalog.audit(Some(2), 10).unwrap().len(), 1);
    assert_eq!(catalog.first_broken().unwrap(), None);

    let changed = catalog.write("change a row", |db| {
        db.execute("update audit set subject = 'nothing' where id = 2", &[])
    });
    assert_eq!(changed.unwrap(), 1);
    assert_eq!(catalog.first_broken().unwrap(), Some(2));
}
