//! `cpkgs update` with a Release whose Date is missing, or cannot be read.

use archive_tests::Client;
use debian_control::release::format_date;

use super::source::Foreign;

const FLAT: [&str; 2] = ["--suite", "./"];
const UNDATED: [&str; 3] = ["--suite", "./", "--accept-undated"];

/// Publishes a package of a version, with a Release that has this line, signed so many seconds ahead of now.
fn publish(foreign: &Foreign, version: &str, date: &str, ahead: i64) {
    let index = format!(
        "Package: greeting\nVersion: {version}\nArchitecture: all\nFilename: a.deb\nSize: 1\nSHA256: {}\n",
        "0".repeat(64)
    );
    std::fs::write(foreign.path("Packages"), &index).unwrap();
    let digest = debian_control::digest::sha256(index.as_bytes());
    let text = format!("{date}SHA256:\n {digest} {} Packages\n", index.len());
    std::fs::write(foreign.path("Release"), text).unwrap();
    let at = debian_control::release::format_iso(cpkgs::machine::now() + ahead).replace([':', '-', 'Z'], "");
    let how = ["--faked-system-time", &at, "--clearsign"];
    foreign.sign(&how, &foreign.path("Release"), &foreign.path("InRelease"));
}

fn version(client: &Client) -> String {
    let shown = &client.json(&["info", "greeting"])[0]["version"];
    shown.as_str().unwrap().to_owned()
}

#[test]
fn a_date_in_another_writing_of_one_time_is_read() {
    let foreign = Foreign::new();
    let now = format_date(cpkgs::machine::now() - 60);
    for (from, to) in [("UTC", "utc"), ("UTC", "+0000"), (",", ""), ("UTC", "-00:00")] {
        publish(&foreign, "1", &format!("Date: {}\n", now.replace(from, to)), 0);
        let client = foreign.client(&FLAT);
        let run = client.run(&["update"]).ok();
        assert!(!run.stderr.contains("warning"), "{}", run.report());
        assert_eq!(version(&client), "1");
    }
}

#[test]
fn a_release_without_a_date_counts_as_of_its_signature_where_that_was_said() {
    for date in ["", "Date: Dim, 29 Nov 2026 19:31:38 UTC\n", "Date: today\n"] {
        let foreign = Foreign::new();
        publish(&foreign, "1", date, 0);
        let run = foreign.added(&FLAT).ok();
        assert!(run.stderr.contains("--accept-undated"), "{}", run.report());
        let run = foreign.client(&FLAT).run(&["update"]).exits(4);
        assert!(run.stderr.contains("accept_undated = true"), "{}", run.report());
        assert!(!run.stderr.contains("is not a Release"), "{}", run.report());
        let client = foreign.client(&UNDATED);
        // It is said at each update.
        for _ in 0..2 {
            let run = client.run(&["update"]).ok();
            let said =
                "has no Date that can be read: it is accepted because of `accept_undated = true`, as of ";
            assert!(run.stderr.contains(said), "{}", run.report());
        }
        assert_eq!(version(&client), "1");
    }
}

#[test]
fn an_undated_state_that_was_signed_before_one_that_was_seen_never_counts() {
    let foreign = Foreign::new();
    publish(&foreign, "1", "", 0);
    let client = foreign.client(&UNDATED);
    let old = std::fs::read(foreign.path("InRelease")).unwrap();
    client.run(&["update"]).ok();
    publish(&foreign, "2", "", 5);
    client.run(&["update"]).ok();
    assert_eq!(version(&client), "2");
    std::fs::write(foreign.path("InRelease"), old).unwrap();
    let run = client.run(&["update"]).ok();
    assert!(
        run.stderr.contains("the server has a state of"),
        "{}",
        run.report()
    );
    assert_eq!(version(&client), "2");
    // What is here says nothing where it is gone: then the old state is refused.
    std::fs::remove_dir_all(client.path("cache")).unwrap();
    let run = client.run(&["update"]).exits(4);
    assert!(
        run.stderr.contains("an old state is being replayed"),
        "{}",
        run.report()
    );
}
