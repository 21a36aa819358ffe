//! `uploader token`.

use archive_tests::TestArchive;

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

#[test]
fn a_token_that_could_not_be_printed_is_no_success() {
    let archive = TestArchive::new();
    archive.account("keeper", &["--role", "admin"]);
    let mut command = archive.tool(archive_tests::archive::uploader());
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command
        .args(["token", "create", "--user", "keeper", "--scope", "read:stable"])
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write to standard output"), "{said}");
}

#[test]
fn a_name_that_would_forge_a_line_of_the_list_is_refused() {
    let archive = TestArchive::new();
    archive.account("keeper", &["--role", "admin"]);
    let uploader = |arguments: &[&str]| {
        let mut command = archive.tool(archive_tests::archive::uploader());
        command.args(arguments).output().unwrap()
    };
    for (name, status) in [
        ("ci of hello", 0),
        ("x\nrgt\tforged", 2),
        ("\u{1b}[31mred", 2),
        (" ", 2),
    ] {
        let created = uploader(&[
            "token", "create", "--user", "keeper", "--scope", "admin", "--name", name,
        ]);
        assert_eq!(created.status.code(), Some(status), "{name:?}");
    }
    let listed = uploader(&["token", "list", "--user", "keeper"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(listed.contains("\tci of hello\tadmin\t"), "{listed}");
}
