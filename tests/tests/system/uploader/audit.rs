//! `uploader audit verify`.

use super::world::world;

#[test]
fn a_changed_or_cut_audit_log_is_found_by_a_command() {
    let world = world();
    let verify = || {
        let mut command = world.archive.tool(archive_tests::archive::uploader());
        let output = command.args(["audit", "verify"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(verify().0, Some(0));
    let catalog = rusqlite::Connection::open(world.archive.root().join("catalog.db")).unwrap();
    let change = |sql: &str| catalog.execute_batch(sql).unwrap();
    change("create temp table kept as select * from audit");
    change("update audit set actor = 'nobody' where id = 2");
    let (code, said) = verify();
    assert_eq!(code, Some(1));
    assert!(said.contains("record 2"), "{said}");
    change("delete from audit; insert into audit select * from kept");
    assert_eq!(verify().0, Some(0));
    change("delete from audit where id = (select max(id) from audit)");
    assert_eq!(verify().0, Some(1));
    // What is recorded later does not hide the gap.
    world.server.login("root");
    assert_eq!(verify().0, Some(1));
}
