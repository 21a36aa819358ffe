//! `/metrics`: how the archive as a whole stands.

use archive_tests::{DebBuilder, TestArchive, Uploader};

/// Returns the value of a metric with its labels, as `/metrics` has it now.
fn value(server: &Uploader, metric: &str) -> Option<f64> {
    let text = server.get("/metrics", None).text();
    text.lines()
        .find_map(|line| line.strip_prefix(metric)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn metrics_tell_how_far_each_suite_is_published_by_whichever_process() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::start(&archive);
    let package = DebBuilder::new("hello", "1.0", "all");
    assert_eq!(server.upload(&package, "wait=published", &token).status, 201);

    for up in ["archive_catalog_up", "archive_storage_up", "archive_measured"] {
        assert_eq!(value(&server, up), Some(1.0), "{up}");
    }
    let of_stable = |metric: &str| value(&server, &format!("{metric}{{suite=\"stable\"}}"));
    assert_eq!(of_stable("archive_suite_packages"), Some(1.0));
    let revision = of_stable("archive_suite_revision").unwrap();
    assert_eq!(of_stable("archive_suite_published_revision"), Some(revision));
    assert!(of_stable("archive_suite_date_timestamp_seconds").unwrap() > 1_700_000_000.0);
    assert!(value(&server, "archive_storage_free_bytes").unwrap() > 0.0);
    assert_eq!(value(&server, "upload_queue_files"), Some(0.0));
    let text = server.get("/metrics", None).text();
    assert!(text.contains("archive_key_usable{fingerprint=\""), "{text}");
    for stage in ["indexes", "signing", "files", "site", "writing"] {
        let count = format!("publish_stage_duration_seconds_count{{suite=\"stable\",stage=\"{stage}\"}}");
        assert!(value(&server, &count).unwrap() >= 1.0, "{text}");
    }
    assert_eq!(of_stable("archive_suite_oldest_unpublished_seconds"), Some(0.0));
    // There is no lease where the catalog is a file.
    assert_eq!(text.contains("publish_lease"), archive.has_server(), "{text}");
}

#[test]
fn a_change_that_nobody_publishes_grows_old() {
    let archive = TestArchive::new();
    archive.publish();
    let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
    archive.add(&[DebBuilder::new("hello", "1.0", "all")]);
    let age = "archive_suite_oldest_unpublished_seconds{suite=\"stable\"}";
    // Until its first second is over.
    while value(&server, age).unwrap() < 1.0 {}
    archive.publish();
    assert_eq!(value(&server, age), Some(0.0));
}
