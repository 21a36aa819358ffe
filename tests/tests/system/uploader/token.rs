//! `uploader token`.

use super::world::world;

#[test]
fn tokens_are_listed_and_revoked_from_a_shell() {
    let world = world();
    let token = world.archive.token("keeper", &["upload:stable/*"]);
    let uploader = |arguments: &[&str]| {
        let mut command = world.archive.tool(archive_tests::archive::uploader());
        command.args(arguments).output().unwrap()
    };
    let listed = uploader(&["token", "list", "--user", "keeper"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let id = listed.split('\t').next().unwrap();
    assert!(listed.contains("\tupload:stable/*\tnever\t"), "{listed}");
    assert_eq!(world.server.get("/api/auth/me", Some(&token)).status, 200);
    assert!(uploader(&["token", "revoke", id]).status.success());
    assert_eq!(world.server.get("/api/auth/me", Some(&token)).status, 401);
    assert_eq!(uploader(&["token", "revoke", id]).status.code(), Some(1));
}
