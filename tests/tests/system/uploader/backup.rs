//! Accounts in a backup of a running server.

use archive_tests::{TestArchive, Uploader};

#[test]
fn accounts_come_back_from_a_backup_of_a_running_server() {
    let (archive, server, token) = Uploader::with_admin();
    std::fs::create_dir_all(archive.outside()).unwrap();
    let backup = archive.outside().join("backup");
    archive.uploader(&["backup", backup.to_str().unwrap()], "").ok();
    drop(server);
    let other = TestArchive::empty();
    other.repogen(&["restore", backup.to_str().unwrap()]).ok();
    let server = Uploader::start(&other);
    assert_eq!(server.get("/api/auth/me", Some(&token)).status, 200);
    assert_eq!(
        server.get("/api/auth/me", Some(&server.login("root"))).status,
        200
    );
}
