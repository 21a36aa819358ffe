//! `cpkgs update` with archives that are as they should be: what is fetched, and from whom it counts.

use archive_tests::{Client, DebBuilder, TestArchive};

use super::install::served;

#[test]
fn an_update_of_what_is_unchanged_is_one_request() {
    let (archive, nginx, client) = served();
    // What was changed a moment ago is asked for as if nothing was here.
    let path = archive.root().join("dists/stable/InRelease");
    let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    std::fs::File::open(path).unwrap().set_modified(earlier).unwrap();
    client.run(&["update"]).ok();
    let before = nginx.access_log().len();
    let run = client.run(&["update", "--json"]).ok();
    assert!(
        run.stdout.contains("\"status\":\"unchanged\""),
        "{}",
        run.report()
    );
    let after = nginx.access_log();
    let new: Vec<String> = after[before..]
        .iter()
        .map(|access| format!("{} {}", access.status, access.path))
        .collect();
    assert_eq!(new, ["304 /dists/stable/InRelease"]);
}

#[test]
fn an_update_after_a_change_fetches_the_changed_chunks_only() {
    let (archive, nginx) = TestArchive::served(&["--suite", "stable", "--architecture", "amd64"]);
    let text = |number: usize| {
        // Text that does not compress, so that an index of few packages has many chunks.
        let mut random = archive_tests::Random::new(number as u64 + 1);
        (0..6_000)
            .map(|_| char::from(b'a' + random.below(26) as u8))
            .collect::<String>()
    };
    let packages: Vec<DebBuilder> = (0..200)
        .map(|number| DebBuilder::new(&format!("package{number}"), "1", "all").field("X-Text", &text(number)))
        .collect();
    archive.add(&packages).ok();
    archive.publish();
    let client = Client::of(&archive, &nginx.url());
    client.run(&["update"]).ok();
    archive.add(&[DebBuilder::new("package7", "2", "all")]).ok();
    archive.publish();
    let update = &client.json(&["update"])[0];
    let whole =
        std::fs::metadata(archive.root().join("dists/stable/main/binary-amd64/Packages.zst")).unwrap();
    assert!(
        update["bytes"].as_u64().unwrap() < whole.len() / 2,
        "{update} of {}",
        whole.len()
    );
    assert!(update["requests"].as_u64().unwrap() <= 5, "{update}");
    let found = client.json(&["info", "package7"]);
    assert_eq!(found[0]["version"], "2");
}

#[test]
fn a_key_that_nobody_looked_at_is_not_trusted() {
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.publish();
    let client = Client::new();
    let run = client.run(&["source", "add", &nginx.url(), "--yes"]).exits(2);
    assert!(
        run.stderr.contains("the key was not confirmed"),
        "{}",
        run.report()
    );
    let other = "0000000000000000000000000000000000000000";
    client
        .run(&["source", "add", &nginx.url(), "--fingerprint", other])
        .exits(4);
    assert!(client.run(&["source", "list"]).ok().stdout.is_empty());
}

#[test]
fn what_was_fetched_from_a_source_that_is_gone_or_has_other_keys_counts_for_nothing() {
    let (archive, _nginx, _) = served();
    let url = format!("file:{}", archive.root().display());
    let client = Client::of(&archive, &url);
    client.run(&["update"]).ok();
    client.run(&["info", "greeting"]).ok();
    let keys = std::fs::read_dir(client.home().join("keyrings"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let trusted = std::fs::read(&keys).unwrap();
    std::fs::write(&keys, b"other keys").unwrap();
    assert_eq!(client.run(&["info", "greeting"]).code, 1);
    std::fs::write(&keys, trusted).unwrap();
    client.run(&["info", "greeting"]).ok();
    client.run(&["source", "remove", &url]).ok();
    client.run(&["info", "greeting"]).exits(1);
}
