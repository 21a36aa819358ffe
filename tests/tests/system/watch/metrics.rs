//! What `repogen watch` tells Prometheus.

use super::{drop_whole, ends_well, package, until_live};
use archive_tests::{TestArchive, Watching, http};
use std::fs;
use std::net::TcpListener;

/// Returns the value of a sample; `None` while it is not there.
fn sample(port: u16, name: &str) -> Option<f64> {
    let text = http::request(port, "GET", "/metrics", &[]).text();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.map(|value| value.trim().parse().unwrap())
}

#[test]
fn it_says_how_long_publishes_take_and_what_fails() {
    let archive = TestArchive::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Somebody else is there.
    let address = format!("127.0.0.1:{port}");
    let refused = archive.repogen(&["watch", "--metrics", &address]).exits(3);
    assert!(refused.stderr.contains(&address), "{}", refused.report());
    drop(listener);
    let refused = archive.repogen(&["watch", "--metrics", "localhost"]).exits(2);
    assert!(
        refused.stderr.contains("an IP address and a port"),
        "{}",
        refused.report()
    );

    let mut watching = Watching::start_with(&archive, &["--metrics", &address]);
    drop_whole(&archive, "stable/main", &package("hello", "1.0"));
    until_live(&mut watching, &archive, "hello", "1.0");
    watching.until("the publish is counted", |_| {
        sample(port, "publish_duration_seconds_count{suite=\"stable\"}").is_some_and(|count| count >= 1.0)
    });
    for stage in ["indexes", "signing", "files", "site", "writing"] {
        let name = format!("publish_stage_duration_seconds_count{{suite=\"stable\",stage=\"{stage}\"}}");
        assert!(sample(port, &name).is_some(), "no {stage}");
    }
    let failing = "publish_failing_suites{reason=\"other\"}";
    assert_eq!(sample(port, failing), Some(0.0));

    // No file can take the place of a folder.
    let live = archive.root().join("dists/stable/InRelease");
    let away = live.with_file_name("away");
    fs::rename(&live, &away).unwrap();
    fs::create_dir(&live).unwrap();
    drop_whole(&archive, "stable/main", &package("hello", "1.1"));
    watching.until("the failure is counted", |_| sample(port, failing) == Some(1.0));
    fs::remove_dir(&live).unwrap();
    fs::rename(&away, &live).unwrap();
    until_live(&mut watching, &archive, "hello", "1.1");
    watching.until("it is over", |_| sample(port, failing) == Some(0.0));
    ends_well(watching, &archive);
}
