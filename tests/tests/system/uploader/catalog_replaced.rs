//! A server whose catalog is replaced under it stores nothing and stops.

use super::assert_problem;
use archive_tests::{DebBuilder, Uploader};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
}

#[test]
fn a_server_whose_catalog_was_replaced_stores_nothing_and_stops() {
    let (archive, server, token) = Uploader::with_admin();
    assert_eq!(server.upload(&hello("1.0"), "", &token).status, 201);
    let catalog = archive.root().join("catalog.db");
    let copy = archive.root().join("copy.db");
    std::fs::copy(&catalog, &copy).unwrap();
    std::fs::rename(&copy, &catalog).unwrap();
    // It may have stopped by itself already.
    let sent = archive_tests::http::try_send(
        server.port(),
        "POST",
        "/api/packages",
        (
            &[("Authorization", &format!("Bearer {token}"))],
            &hello("2.0").build(),
        ),
    );
    if let Ok(answer) = sent {
        assert_problem(&answer, 503, "unavailable");
    }
    assert_eq!(server.ended(), Some(3));
    archive.repogen(&["list"]).ok();
}
