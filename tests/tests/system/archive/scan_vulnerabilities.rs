//! `repogen scan-vulnerabilities`, with data in the form of the Debian security tracker and of OSV.

use archive_tests::WriteDeb as _;
use archive_tests::changes::changes;
use archive_tests::{DebBuilder, Nginx, TestArchive, Uploader, Watching};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Makes an archive with two packages of the source `hello`, one of them rebuilt, and one of nobody's.
fn archive() -> TestArchive {
    let archive = TestArchive::init(&["--suite", "bookworm"]);
    archive.add(&[
        DebBuilder::new("hello", "2.10-3+b1", "amd64").field("Source", "hello (2.10-3)"),
        DebBuilder::new("hello-doc", "2.10-3", "all").field("Source", "hello"),
        DebBuilder::new("ours", "1.0", "all"),
    ]);
    archive
}

/// The tracker's form, cut to what decides.
fn tracker() -> Value {
    let issue = |release: Value| json!({"description": "x", "scope": "remote", "releases": {"bookworm": release, "sid": {"status": "open", "urgency": "high", "repositories": {}}}});
    json!({
        "hello": {
            "CVE-2026-0001": issue(json!({"status": "resolved", "fixed_version": "2.10-3+deb12u1", "urgency": "high", "repositories": {"bookworm": "2.10-3"}})),
            "CVE-2026-0002": issue(json!({"status": "resolved", "fixed_version": "2.10-3", "urgency": "high"})),
            "CVE-2026-0003": issue(json!({"status": "resolved", "fixed_version": "0", "urgency": "high"})),
            "CVE-2026-0004": issue(json!({"status": "open", "urgency": "not yet assigned", "nodsa": "Minor issue", "nodsa_reason": ""})),
            "CVE-2026-0005": issue(json!({"status": "undetermined", "urgency": "low"})),
            "CVE-2026-0006": issue(json!({"status": "open", "urgency": "unimportant"})),
        },
        "other": {"CVE-2026-0007": issue(json!({"status": "open", "urgency": "high"}))},
    })
}

fn osv(id: &str, fixed: &str) -> Value {
    json!({"id": id, "modified": "2026-11-01T00:00:00Z", "upstream": [id.replace("DEBIAN-", "")], "schema_version": "1.7.0",
        "affected": [{"package": {"ecosystem": "Debian:12", "name": "hello", "purl": "pkg:deb/debian/hello"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
            "ecosystem_specific": {"urgency": "medium"}}]})
}

fn write(archive: &TestArchive, name: &str, value: &Value) -> String {
    fs::create_dir_all(archive.outside()).unwrap();
    let path = archive.outside().join(name);
    fs::write(&path, value.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_trackers_own_rule_says_what_is_affected() {
    let archive = archive();
    let data = write(&archive, "tracker.json", &tracker());
    let run = archive
        .repogen(&["scan-vulnerabilities", "--source", &data])
        .exits(1);
    let lines: Vec<String> = run.rows().into_iter().map(|row| row.join(" ")).collect();
    assert_eq!(
        lines,
        [
            "bookworm high CVE-2026-0001 fixable hello 2.10-3 2.10-3+deb12u1",
            "bookworm low CVE-2026-0005 undetermined hello 2.10-3 ",
            "bookworm unknown CVE-2026-0004 open hello 2.10-3 ",
            "bookworm unimportant CVE-2026-0006 open hello 2.10-3 ",
        ]
    );
    assert!(
        run.stderr.contains("2 source packages, 1 of them known"),
        "{}",
        run.report()
    );
    archive.add(&[DebBuilder::new("hello", "2.10-4", "amd64")]);
    let run = archive
        .repogen(&["scan-vulnerabilities", "--source", &data, "--json"])
        .exits(1);
    let first: Value = serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(
        first["packages"],
        json!([
            {"name": "hello", "version": "2.10-3+b1", "architecture": "amd64"},
            {"name": "hello-doc", "version": "2.10-3", "architecture": "all"},
        ])
    );
    assert!(!run.stdout.contains("\"id\":\"CVE-2026-0001\",\"severity\":\"high\",\"standing\":\"fixable\",\"fixed_version\":\"2.10-3+deb12u1\",\"source\":\"hello\",\"source_version\":\"2.10-4\""));
}

#[test]
fn of_a_release_that_the_data_does_not_have_nothing_is_known() {
    let archive = archive();
    let data = write(&archive, "tracker.json", &tracker());
    archive.configure_last_suite(&format!(
        "[vulnerabilities]\nsource = \"{data}\"\nreleases = {{ bookworm = \"buster\" }}"
    ));
    let run = archive.repogen(&["scan-vulnerabilities"]).ok();
    assert!(run.stderr.contains("0 of them known"), "{}", run.report());
}

#[test]
fn records_of_osv_are_read_from_a_file_a_folder_and_a_zip() {
    let archive = archive();
    let records = [
        osv("DEBIAN-CVE-2026-0001", "2.10-3+deb12u1"),
        osv("DEBIAN-CVE-2026-0002", "2.10-3"),
    ];
    let list = write(&archive, "list.json", &json!(records));
    let folder = archive.outside().join("osv");
    fs::create_dir_all(&folder).unwrap();
    for record in &records {
        fs::write(
            folder.join(format!("{}.json", record["id"].as_str().unwrap())),
            record.to_string(),
        )
        .unwrap();
    }
    let zip = archive.outside().join("all.zip");
    let script = "import sys, shutil; shutil.make_archive(sys.argv[1], 'zip', sys.argv[2])";
    let made = Command::new("python3")
        .args(["-c", script])
        .arg(zip.with_extension(""))
        .arg(&folder)
        .status();
    assert!(made.unwrap().success());
    let settings = "[vulnerabilities]\nsource = \"unused\"\nreleases = { bookworm = \"Debian:12\" }\n";
    archive.configure_last_suite(settings);
    for source in [Path::new(&list), &folder, &zip] {
        let run = archive
            .repogen(&["scan-vulnerabilities", "--source", source.to_str().unwrap()])
            .exits(1);
        let rows = run.rows();
        assert_eq!(rows.len(), 1, "{}", run.report());
        assert_eq!(
            rows[0][1..4],
            ["medium", "CVE-2026-0001", "fixable"],
            "{}",
            run.report()
        );
    }
}

#[test]
fn what_is_neither_is_refused_and_nothing_is_kept() {
    let archive = archive();
    let folder = archive.outside().join("no-records");
    fs::create_dir_all(&folder).unwrap();
    archive
        .repogen(&["scan-vulnerabilities", "--source", folder.to_str().unwrap()])
        .exits(1);
    for (name, value) in [
        ("text.json", json!("x")),
        ("fields.json", json!({"a": 1, "b": "c"})),
        ("list.json", json!([1])),
        ("empty.json", json!({})),
        ("nothing.json", json!([])),
    ] {
        let data = write(&archive, name, &value);
        let run = archive
            .repogen(&["scan-vulnerabilities", "--source", &data])
            .exits(1);
        assert!(
            run.stderr
                .contains("neither the JSON of the Debian security tracker nor records of OSV"),
            "{}",
            run.report()
        );
    }
    let run = archive
        .repogen(&["scan-vulnerabilities", "--source", "missing.json"])
        .exits(1);
    assert!(run.stderr.contains("missing.json"), "{}", run.report());
    let run = archive.repogen(&["scan-vulnerabilities"]).exits(2);
    assert!(run.stderr.contains("[vulnerabilities]"), "{}", run.report());
}

#[test]
fn a_watch_fetches_the_data_and_the_api_shows_it_to_readers() {
    let archive = archive();
    archive.configure_last_suite("private = true");
    let web = tempfile::tempdir().unwrap();
    fs::create_dir_all(web.path().join("pool")).unwrap();
    fs::write(web.path().join("pool/tracker.json"), tracker().to_string()).unwrap();
    let nginx = Nginx::serve(web.path());
    archive.configure_last_suite(&format!(
        "[vulnerabilities]\nsource = \"{}/pool/tracker.json\"\nevery = \"6h\"",
        nginx.url()
    ));
    let mut watching = Watching::start(&archive);
    watching.until("the suite was scanned", |watching| {
        watching
            .stderr()
            .contains("suite `bookworm`: 2 known vulnerabilities in 2 source packages")
    });
    watching.stop();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::start(&archive);
    let path = "/api/suites/bookworm/vulnerabilities";
    assert_eq!(server.get(path, None).status, 404);
    let first = server.get(&format!("{path}?limit=3"), Some(&token)).json();
    assert_eq!(
        (&first["release"], &first["known"]),
        (&json!("bookworm"), &json!(1)),
        "{first}"
    );
    assert_eq!(first["items"][0]["id"], "CVE-2026-0001");
    let next = first["next"].as_str().unwrap();
    let rest = server
        .get(&format!("{path}?limit=3&cursor={next}"), Some(&token))
        .json();
    assert_eq!(
        (rest["items"].as_array().unwrap().len(), &rest["next"]),
        (1, &Value::Null),
        "{rest}"
    );
}

/// Has the suite take nothing of severity `high` or more, by data of which `fixed` is the first fixed version of `hello`.
fn gated(archive: &TestArchive, fixed: &str, expected: i32) {
    let issue =
        json!({"releases": {"bookworm": {"status": "resolved", "fixed_version": fixed, "urgency": "high"}}});
    let low = json!({"releases": {"bookworm": {"status": "open", "urgency": "low"}}});
    let data =
        json!({"hello": {"CVE-2026-0001": issue, "CVE-2026-0002": low}, "quiet": {"CVE-2026-0002": low}});
    let data = write(archive, "gate.json", &data);
    archive
        .repogen(&["scan-vulnerabilities", "--source", &data])
        .exits(expected);
}

#[test]
fn a_suite_that_blocks_takes_no_version_that_is_known_to_be_vulnerable() {
    let archive = TestArchive::init(&["--suite", "bookworm", "--suite", "sid"]);
    archive.configure_last_suite("[vulnerabilities]\nsource = \"unused\"\nblock = { bookworm = \"high\" }\n");
    archive.account("root", &["--role", "admin"]);
    archive.account("jane", &["--role", "maintainer"]);
    // No suite holds anything of it yet: it is known all the same.
    gated(&archive, "2.0", 0);
    let server = Uploader::start(&archive);
    let (root, jane) = (server.login("root"), server.login("jane"));
    let upload = |version: &str, query: &str, token: &str| {
        let package = DebBuilder::new("hello", version, "all");
        let answer = server.upload(&package, query, token);
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        (answer.status, code)
    };
    let blocked = (409, "vulnerable".to_owned());
    assert_eq!(upload("1.0", "suite=bookworm", &jane), blocked);
    assert_eq!(upload("2.0", "suite=bookworm", &jane).0, 201, "it is fixed");
    assert_eq!(
        upload("1.0", "suite=sid", &jane).0,
        201,
        "the other suite takes all"
    );
    let open = DebBuilder::new("quiet", "1.0", "all");
    assert_eq!(
        server.upload(&open, "suite=bookworm", &jane).status,
        201,
        "it is low"
    );
    // A preview says so, too.
    let promote = |token: &str, more: Value| {
        let mut body = json!({"from": "sid", "names": ["hello=1.0"]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = server.json("POST", "/api/suites/bookworm/promotions", Some(token), &body);
        (
            answer.status,
            answer.json()["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(promote(&jane, json!({})), blocked);
    assert_eq!(promote(&jane, json!({"dry_run": true})), blocked);
    // Only an administrator takes it upon themselves, and that is written down.
    let allow = json!({"allow_vulnerable": true});
    assert_eq!(promote(&jane, allow.clone()), (403, "forbidden".to_owned()));
    assert_eq!(
        upload("1.0", "suite=bookworm&allow_vulnerable=true", &jane).0,
        403
    );
    assert_eq!(promote(&root, json!({})), blocked);
    assert_eq!(promote(&root, allow).0, 200);
    assert_eq!(
        upload("1.1", "suite=bookworm&allow_vulnerable=true", &root).0,
        201
    );
    let audit = server
        .get("/api/audit?action=package.add&limit=100", Some(&root))
        .json();
    let added = audit["items"].as_array().unwrap().iter();
    // What was refused is written down a moment later, in a sum.
    let mut added = added.filter(|item| item["action"] == "package.add");
    for by_root in [added.next().unwrap(), added.next().unwrap()] {
        assert_eq!(
            by_root["detail"]["accepted_vulnerabilities"],
            json!(["CVE-2026-0001"]),
            "{by_root}"
        );
    }
    // The next scan counts at once; the shell has a switch of its own.
    gated(&archive, "3.0", 1);
    assert_eq!(upload("2.1", "suite=bookworm", &jane), blocked);
    let file = DebBuilder::new("hello", "2.2", "all").write_into(&archive.outside());
    let add = |more: &[&str]| {
        let mut arguments = vec!["add", "--suite", "bookworm"];
        arguments.extend(more);
        arguments.push(file.to_str().unwrap());
        archive.repogen(&arguments)
    };
    let refused = add(&[]).exits(1);
    assert!(refused.stdout.contains("CVE-2026-0001"), "{}", refused.report());
    add(&["--allow-vulnerable"]).exits(0);
}

#[test]
fn what_the_data_calls_a_vulnerability_is_one_line_and_moves_no_cursor() {
    let archive = archive();
    let issue = json!({"releases": {"bookworm": {"status": "open", "urgency": "high"}}});
    let name = "CVE-1\nbookworm\thigh\tCVE-2\topen\tforged\u{1b}[2J";
    let data = write(&archive, "odd.json", &json!({"hello": {name: issue}}));
    let run = archive
        .repogen(&["scan-vulnerabilities", "--source", &data])
        .exits(1);
    let rows = run.rows();
    assert_eq!(rows.len(), 1, "{}", run.report());
    assert_eq!(
        rows[0][2],
        "CVE-1\\u{a}bookworm\\u{9}high\\u{9}CVE-2\\u{9}open\\u{9}forged\\u{1b}[2J"
    );
}

#[test]
fn a_scan_that_ends_while_a_package_is_on_its_way_counts() {
    let archive = TestArchive::init(&["--suite", "bookworm"]);
    archive.configure_last_suite("[vulnerabilities]\nsource = \"unused\"\nblock = \"high\"\n");
    let catalog = rusqlite::Connection::open(archive.root().join("catalog.db")).unwrap();
    let rules = |fixed: &str| -> String {
        gated(&archive, fixed, 0);
        let rules = "select rules from advisory where source = 'hello'";
        catalog.query_row(rules, [], |row| row.get(0)).unwrap()
    };
    let (later, _) = (rules("2.0"), rules("1.0"));
    let file = DebBuilder::new("hello", "1.5", "all").write_into(&archive.outside());
    catalog.execute_batch("begin immediate").unwrap();
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| archive.repogen(&["add", file.to_str().unwrap()]));
        // It has been judged, has its name in the pool, and waits for its row.
        let named = archive.root().join("pool/main/h/hello/hello_1.5_all.deb");
        while !named.exists() {
            assert!(!adding.is_finished(), "it waits for no row: this tests nothing");
            std::thread::yield_now();
        }
        let update = "update advisory set rules = ?1 where source = 'hello'";
        catalog.execute(update, [&later]).unwrap();
        catalog.execute_batch("commit").unwrap();
        let refused = adding.join().unwrap().exits(1);
        assert!(refused.stdout.contains("CVE-2026-0001"), "{}", refused.report());
        assert!(!named.exists());
    });
    assert_eq!(archive.repogen(&["list"]).ok().stdout, "");
    archive
        .repogen(&["add", "--allow-vulnerable", file.to_str().unwrap()])
        .ok();
}

#[test]
fn what_comes_by_dput_or_comes_back_may_be_accepted_too() {
    let archive = TestArchive::init(&["--suite", "bookworm"]);
    archive.configure_last_suite("[vulnerabilities]\nsource = \"unused\"\nblock = \"high\"\n");
    archive.account("root", &["--role", "admin"]);
    let root = archive.token("root", &["admin"]);
    gated(&archive, "1.0", 0);
    let server = Uploader::start(&archive);
    let put = |name: &str, query: &str, bytes: &[u8]| {
        let path = format!("/api/upload/bookworm/queue/{name}{query}");
        server.send("PUT", &path, Some(&root), (&[], bytes))
    };
    let deb = DebBuilder::new("hello", "1.5", "all").build();
    let listed = changes("hello", &[("hello_1.5_all.deb", &deb)]);
    assert_eq!(put("hello_1.5_all.deb", "", &deb).status, 202);
    gated(&archive, "2.0", 0);
    let refused = put("hello.changes", "", listed.as_bytes());
    assert_eq!(refused.status, 409, "{}", refused.text());
    // What was refused for that still waits: only the .changes file is to be sent again.
    let accepted = put("hello.changes", "?allow_vulnerable=true", listed.as_bytes());
    assert_eq!(accepted.status, 201, "{}", accepted.text());

    let package = server.get("/api/packages?name=hello", None).json()["items"][0].clone();
    let id = package["id"].as_str().unwrap();
    let path = format!("/api/packages/{id}");
    let told = json!({"section": "web", "tags": ["fast"]});
    assert_eq!(server.json("PUT", &path, Some(&root), &told).status, 200);
    let reason = json!({"reason": "loses data"});
    let yank = format!("{path}/yank");
    assert_eq!(server.json("POST", &yank, Some(&root), &reason).status, 200);
    let restore = |query: &str| {
        let path = format!("/api/suites/bookworm/yanked/{id}{query}");
        server.send("DELETE", &path, Some(&root), (&[], &[]))
    };
    assert_eq!(restore("").json()["code"], "vulnerable");
    assert_eq!(restore("?allow_vulnerable=true").status, 204);
    let back = server.get(&path, None).json();
    assert_eq!(
        (&back["section"], &back["tags"][0]["name"]),
        (&json!("web"), &json!("fast"))
    );
    let audit = server
        .get("/api/audit?action=package.add&limit=100", Some(&root))
        .json();
    let accepted = audit["items"].as_array().unwrap().iter();
    let accepted =
        accepted.filter(|item| item["detail"]["accepted_vulnerabilities"] == json!(["CVE-2026-0001"]));
    assert_eq!(accepted.count(), 2, "{audit}");
}

#[test]
fn pages_follow_a_scan_without_an_upload_and_tell_nothing_of_private_suites() {
    let archive = archive();
    archive.repogen(&["publish"]).exits(0);
    let twin = || -> Value {
        let path = archive.root().join("browse/bookworm/hello/index.json");
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    assert_eq!(twin()["builds"][0]["vulnerabilities"], json!([]));
    let data = write(&archive, "tracker.json", &tracker());
    let scan = |data: &str| archive.repogen(&["scan-vulnerabilities", "--source", data]);
    scan(&data).exits(1);
    archive.repogen(&["publish"]).exits(0);
    let found = twin()["builds"][0]["vulnerabilities"].clone();
    assert_eq!(
        found[0],
        json!({"id": "CVE-2026-0001", "severity": "high", "standing": "fixable", "fixed_version": "2.10-3+deb12u1"})
    );
    // The same once more changes nothing; what is fixed by other data goes.
    scan(&data).exits(1);
    let again = archive.repogen(&["publish"]).exits(0);
    assert!(again.stdout.contains("unchanged"), "{}", again.report());
    scan(&write(&archive, "empty.json", &json!({"other": {}}))).exits(0);
    archive.repogen(&["publish"]).exits(0);
    assert_eq!(twin()["builds"][0]["vulnerabilities"], json!([]));
}
