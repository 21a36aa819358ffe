//! How often packages were downloaded, on their pages.

use std::fs;

use archive_tests::TestArchive;

use super::{below, package, served};

/// Counts downloads of `hello` 1.0 by a log.
fn download(archive: &TestArchive, log: &str, times: usize) {
    let path = archive.outside().join(log);
    let line = |at: usize| {
        format!(
            "192.0.2.1 - - [20/Nov/2026:10:00:0{at} +0000] \"GET /pool/main/h/hello/hello_1.0_all.deb HTTP/1.1\" 200 9 \"-\" \"{log}\"\n"
        )
    };
    fs::write(&path, (0..times).map(line).collect::<String>()).unwrap();
    archive
        .uploader(&["ingest-logs", path.to_str().unwrap()], "")
        .ok();
}

#[test]
fn pages_say_how_often_a_package_was_downloaded_where_that_is_allowed() {
    let archive = served();
    archive.add(&[package("hello", "1.0"), package("other", "1.0")]);
    download(&archive, "first.log", 3);
    archive.publish();
    let twin = |name: &str| -> serde_json::Value {
        let text = archive.read(&format!("browse/stable/{name}/index.json"));
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(twin("hello").get("downloads"), None);
    assert!(
        !archive
            .read("browse/stable/hello/index.html")
            .contains("Downloads")
    );

    archive.configure("enabled       = true", "enabled = true\ndownloads = true");
    archive.publish();
    let counts = |name: &str| {
        let twin = twin(name);
        (
            twin["downloads"].as_u64(),
            twin["builds"][0]["downloads"].as_u64(),
        )
    };
    assert_eq!(counts("hello"), (Some(3), Some(3)));
    assert_eq!(counts("other"), (Some(0), Some(0)));
    let page = archive.read("browse/stable/hello/index.html");
    assert!(page.contains("<dt>Downloads</dt>\n<dd>3</dd>"), "{page}");

    // Counts are brought up to date once a day, on the pages that say another one.
    download(&archive, "second.log", 2);
    archive.repogen(&["publish", "--force"]).ok();
    assert_eq!(counts("hello"), (Some(3), Some(3)));
    let before = below(&archive.root().join("browse/stable"));
    archive.repogen_at("+25h", &["publish"]).ok();
    assert_eq!(counts("hello"), (Some(5), Some(5)));
    let after = below(&archive.root().join("browse/stable"));
    let touched: Vec<&str> = after
        .iter()
        .filter(|(path, state)| path.contains('/') && before.get(*path) != Some(state))
        .map(|(path, _)| path.as_str())
        .collect();
    assert!(touched.contains(&"hello/index.html"), "{touched:?}");
    // The lists say when the suite was published last.
    let of_others = touched
        .iter()
        .filter(|path| !path.starts_with("hello/") && !path.starts_with('_'));
    assert_eq!(of_others.count(), 0, "{touched:?}");
    assert!(
        archive
            .repogen_at("+25h", &["publish"])
            .ok()
            .stdout
            .contains("unchanged")
    );

    // Another version counts beside those that the suite had.
    archive.add(&[package("hello", "2.0")]);
    archive.repogen(&["remove", "hello=1.0"]).ok();
    archive.repogen_at("+26h", &["publish"]).ok();
    assert_eq!(counts("hello"), (Some(5), Some(0)));
    archive.configure("downloads = true\n", "");
    archive.repogen_at("+26h", &["publish"]).ok();
    assert_eq!(twin("hello").get("downloads"), None);
}
