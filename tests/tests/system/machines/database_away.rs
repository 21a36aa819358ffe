//! The server of the catalog fails, and comes back.

use std::time::{Duration, Instant};

use super::{TestServer, is_live, package};
use archive_tests::{Keys, TestArchive, Uploader, Watching};
use serde_json::json;

#[test]
fn uploads_are_told_to_come_again_reads_go_on_and_publishing_catches_up() {
    let database = TestServer::new();
    let archive = TestArchive::shared_on(&database);
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let machine = archive.other_machine(Keys::None);
    let server = Uploader::with(&machine, &[("PUBLISHER", "off")]);
    let mut watching = Watching::start(&archive);
    let first = server.upload(&package("first"), "wait=published", &token);
    assert_eq!(first.status, 201, "{}", first.text());

    database.stop();
    let refused = server.upload(&package("second"), "", &token);
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (503, &json!("unavailable")),
        "{}",
        refused.text()
    );
    assert!(refused.header("retry-after").is_some());
    assert_eq!(server.get("/readyz", None).status, 503);
    assert_eq!(server.get("/healthz", None).status, 200);
    assert_eq!(server.get("/dists/stable/InRelease", None).status, 200);

    database.start();
    let taken = server.upload(&package("second"), "", &token);
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(server.get("/readyz", None).status, 200);
    watching.until("second is live", |_| is_live(&archive, "second"));
    watching.stop().ok();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn a_database_that_stands_still_has_no_probe_wait_for_it() {
    let database = TestServer::new();
    let archive = TestArchive::shared_on(&database);
    let machine = archive.other_machine(Keys::None);
    let server = Uploader::with(&machine, &[("PUBLISHER", "off")]);
    assert_eq!(server.get("/readyz", None).status, 200);
    let still = database.stand_still();
    let probed = server.get("/readyz", None);
    assert_eq!(probed.status, 503, "{}", probed.text());
    let metrics = server.get("/metrics", None).text();
    assert!(metrics.contains("\narchive_measured 0\n"), "{metrics}");
    drop(still);
    let until = Instant::now() + Duration::from_secs(60);
    while server.get("/readyz", None).status != 200 {
        assert!(Instant::now() < until, "it is not ready again");
    }
}

#[test]
fn programs_that_stay_wait_for_a_database_that_is_restarted_while_they_start() {
    let database = TestServer::new();
    let archive = TestArchive::shared_on(&database);
    let machine = archive.other_machine(Keys::None);
    database.stop();
    let (watching, server) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| Watching::start(&archive));
        let server = scope.spawn(|| Uploader::with(&machine, &[("PUBLISHER", "off")]));
        std::thread::sleep(Duration::from_secs(3));
        database.start();
        (watching.join().unwrap(), server.join().unwrap())
    });
    assert_eq!(server.get("/readyz", None).status, 200);
    assert!(watching.stderr().contains("it is tried again for 30 s"));
    watching.stop().ok();
}
