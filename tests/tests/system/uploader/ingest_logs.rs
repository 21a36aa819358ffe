//! Downloads out of the logs of the real nginx.

use super::archive;
use archive_tests::{DebBuilder, Nginx, Run, TestArchive, Uploader};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes an archive with `hello` 1.0 and 2.0 in the public suite and `secret` in a private one.
fn filled() -> (TestArchive, String) {
    let (archive, token) = archive();
    let server = Uploader::start(&archive);
    for package in [
        DebBuilder::new("hello", "1.0", "all"),
        DebBuilder::new("hello", "2.0", "all"),
    ] {
        let taken = server.upload(&package, "wait=published", &token);
        assert_eq!(taken.status, 201, "{}", taken.text());
    }
    server.stop();
    (archive, token)
}

/// Runs `uploader ingest-logs`, and returns lines, downloads, unknown packages and malformed lines of each log.
#[track_caller]
fn ingest(archive: &TestArchive, logs: &[&Path]) -> Vec<[u64; 4]> {
    let logs: Vec<&str> = logs.iter().map(|log| log.to_str().unwrap()).collect();
    let run = archive.uploader(&[&["ingest-logs"], &logs[..]].concat(), "").ok();
    counts(&run)
}

fn counts(run: &Run) -> Vec<[u64; 4]> {
    let row = |row: Vec<&str>| [1, 2, 3, 4].map(|column| row[column].parse().unwrap());
    run.rows().into_iter().map(row).collect()
}

fn deb(version: &str) -> String {
    format!("/pool/main/h/hello/hello_{version}_all.deb")
}

#[test]
fn a_log_that_is_not_there_keeps_no_other_from_being_counted() {
    let (archive, _) = filled();
    let there = write(&archive, "access.log", &line(1, "GET", &deb("1.0"), 200));
    let missing = archive.outside().join("access.log.1");
    let logs = [&missing, &there].map(|log| log.to_str().unwrap());
    let run = archive.uploader(&["ingest-logs", logs[0], logs[1]], "").exits(1);
    assert_eq!(counts(&run), [[1, 1, 0, 0]]);
    assert!(run.stderr.contains("access.log.1"), "{}", run.report());
    // One that breaks off in the middle counts for nothing, also not together with the next one.
    let whole: String = (0..2000)
        .map(|second| line(second, "GET", &deb("2.0"), 200))
        .collect();
    let broken = write(&archive, "broken.log", &whole);
    Run::of(Command::new("gzip").arg(&broken)).ok();
    let broken = archive.outside().join("broken.log.gz");
    let packed = fs::read(&broken).unwrap();
    fs::write(&broken, &packed[..packed.len() - 100]).unwrap();
    for more in 2..4 {
        let text = fs::read_to_string(&there).unwrap() + &line(more, "GET", &deb("1.0"), 200);
        fs::write(&there, text).unwrap();
        let logs = [&broken, &there].map(|log| log.to_str().unwrap());
        let run = archive.uploader(&["ingest-logs", logs[0], logs[1]], "").exits(1);
        assert_eq!(counts(&run), [[1, 1, 0, 0]]);
    }
    assert_eq!(sums(&archive, "group=suite")["items"][0]["downloads"], 3);
}

#[test]
fn what_clients_send_need_be_neither_utf_8_nor_http() {
    let (archive, _) = filled();
    let mut text =
        br#"{"remote_addr":"192.0.2.1","time_iso8601":"2026-11-01T10:00:00Z","status":"200","request":"GET "#
            .to_vec();
    text.extend(deb("1.0").bytes());
    text.extend(b" HTTP/2.0\",\"ua\":\"\xe9\"}\n");
    text.extend(br#"192.0.2.2 - - [01/Nov/2026:10:00:00 +0000] "\x16\x03\x01" 400 157 "-" "-""#);
    text.push(b'\n');
    let log = archive.outside().join("odd.log");
    fs::create_dir_all(archive.outside()).unwrap();
    fs::write(&log, text).unwrap();
    assert_eq!(ingest(&archive, &[&log]), [[2, 1, 0, 0]]);
}

/// A line as nginx writes it.
fn line(second: usize, method: &str, path: &str, status: u16) -> String {
    format!(
        "192.0.2.{} - - [01/Nov/2026:10:{:02}:{:02} +0000] \"{method} {path} HTTP/1.1\" {status} 99 \"-\" \"apt\"\n",
        second % 250,
        second / 60 % 60,
        second % 60
    )
}

fn write(archive: &TestArchive, name: &str, text: &str) -> PathBuf {
    fs::create_dir_all(archive.outside()).unwrap();
    let path = archive.outside().join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Returns what the API sums up for nobody in particular.
fn sums(archive: &TestArchive, query: &str) -> Value {
    let server = Uploader::start(archive);
    let answer = server.get(&format!("/api/stats/downloads?{query}"), None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    server.stop();
    answer.json()
}

#[test]
fn what_the_real_nginx_logs_is_counted_and_only_downloads_are() {
    let (archive, _) = filled();
    let log = archive.outside().join("access.log");
    fs::create_dir_all(archive.outside()).unwrap();
    let json_log = archive.outside().join("access.json");
    let nginx = Nginx::serve_with(&archive.root(), |shipped| {
        let logs = format!(
            "    access_log {} combined;\n    access_log {} json;\n    access_log access.log plain;\n    server_tokens off;",
            log.display(),
            json_log.display()
        );
        let format = "log_format json escape=json '{\"time\":\"$time_iso8601\",\"remote_addr\":\"$remote_addr\",\
            \"request\":\"$request\",\"uri\":\"$uri\",\"status\":\"$status\"}';\nserver {\n    listen";
        shipped
            .replacen("    server_tokens off;", &logs, 1)
            .replacen("server {\n    listen", format, 1)
    });
    for path in [
        &deb("1.0"),
        &deb("2.0"),
        &deb("2.0"),
        &deb("3.0"),
        "/dists/stable/InRelease",
    ] {
        nginx.get(path);
    }
    for range in ["bytes=0-9", "bytes=10-19"] {
        let answer = archive_tests::http::request(nginx.port(), "GET", &deb("1.0"), &[("Range", range)]);
        assert_eq!(answer.status, 206);
    }
    archive_tests::http::request(nginx.port(), "HEAD", &deb("1.0"), &[]);
    nginx.access_log();
    // The parts belong to the download before them; the last line is the harness's own.
    assert_eq!(ingest(&archive, &[&log]), [[9, 3, 0, 0]]);
    assert_eq!(ingest(&archive, &[&json_log]), [[9, 3, 0, 0]]);
    let by_version = sums(&archive, "group=version");
    assert_eq!(
        by_version["items"][0],
        json!({"day": null, "name": "hello", "version": "2.0", "suite": null, "downloads": 4})
    );
    assert_eq!(by_version["items"][1]["downloads"], 2);
    assert_eq!(
        sums(&archive, "group=suite")["items"],
        json!([{"day": null, "name": null, "version": null, "suite": "stable", "downloads": 6}])
    );
}

#[test]
fn a_line_counts_once_however_its_log_grows_and_is_called() {
    let (archive, _) = filled();
    let text: String = (0..200)
        .map(|second| line(second, "GET", &deb("1.0"), 200))
        .collect();
    let (first, rest) = text.split_at(text.len() / 2);
    let log = write(&archive, "access.log", first);
    let whole = first.lines().count() as u64 - u64::from(!first.ends_with('\n'));
    assert_eq!(ingest(&archive, &[&log, &log]), [[whole, whole, 0, 0], [0; 4]]);
    fs::write(&log, format!("{first}{rest}")).unwrap();
    assert_eq!(ingest(&archive, &[&log]), [[200 - whole, 200 - whole, 0, 0]]);
    let rotated = archive.outside().join("access.log.1");
    fs::rename(&log, &rotated).unwrap();
    fs::write(&log, line(4000, "GET", &deb("1.0"), 200)).unwrap();
    assert_eq!(ingest(&archive, &[&rotated, &log]), [[0; 4], [1, 1, 0, 0]]);
    Run::of(Command::new("gzip").arg(&rotated)).ok();
    let compressed = archive.outside().join("access.log.1.gz");
    assert_eq!(ingest(&archive, &[&compressed]), [[0; 4]]);
    let mut piped = archive.tool(archive_tests::archive::uploader());
    piped.args(["ingest-logs", "-"]);
    let run = Run::of(piped.stdin(fs::File::open(&compressed).unwrap())).ok();
    assert_eq!(counts(&run), [[0; 4]]);
    assert_eq!(
        sums(&archive, "from=2026-11-01&to=2026-11-01")["items"],
        json!([{"day": "2026-11-01", "name": null, "version": null, "suite": null, "downloads": 201}])
    );
    assert_eq!(
        sums(&archive, "from=2026-11-02&to=2026-11-03")["items"],
        json!([])
    );
}

#[test]
fn forged_and_cut_lines_are_counted_and_passed_over_and_no_address_is_kept() {
    let (archive, _) = filled();
    let mut text = line(1, "GET", &deb("1.0"), 200);
    text += &line(2, "POST", &deb("1.0"), 200);
    text += &line(3, "GET", &deb("1.0"), 404);
    text += &line(4, "GET", "/pool/../pool/main/h/hello/hello_1.0_all.deb", 200);
    text += &line(5, "GET", "/pool/main/h/hello/hello_9.0_all.deb", 200);
    text += &line(6, "GET", &deb("1.0"), 200).replace("2026", "2999");
    text += "GET /pool/main/h/hello/hello_1.0_all.deb\n{\"status\":200}\n{[[[\n\n";
    text += &format!("{}\n", "x".repeat(200_000));
    let mut bytes = text.into_bytes();
    bytes.extend(b"\xff\xfe\0 \"GET / HTTP/1.1\" 200\n");
    bytes.extend(line(7, "GET", &deb("1.0"), 200).trim_end().as_bytes());
    let log = archive.outside().join("access.log");
    fs::create_dir_all(archive.outside()).unwrap();
    fs::write(&log, bytes).unwrap();
    assert_eq!(ingest(&archive, &[&log]), [[12, 1, 1, 7]]);
    for file in ["catalog.db", "catalog.db-wal"] {
        let bytes = fs::read(archive.root().join(file)).unwrap_or_default();
        assert!(!bytes.windows(8).any(|window| window == b"192.0.2."), "{file}");
    }
}

#[test]
fn a_long_first_request_hides_no_log() {
    let (archive, _) = filled();
    for (name, length) in [("a", 3_000), ("b", 8_000), ("c", 60_000), ("d", 200_000)] {
        let long = line(1, "GET", &format!("/{}", name.repeat(length)), 414);
        let log = write(
            &archive,
            name,
            &format!("{long}{}", line(2, "GET", &deb("1.0"), 200)),
        );
        let malformed = u64::from(length > 65_536);
        assert_eq!(
            ingest(&archive, &[&log, &log]),
            [[2, 1, 0, malformed], [0; 4]],
            "{length}"
        );
        // As long as its first line is not whole, it may be any log.
        let cut = write(
            &archive,
            &format!("{name}-cut"),
            &long[..long.len().min(9_000) - 10],
        );
        assert_eq!(ingest(&archive, &[&cut]), [[0; 4]], "{length}");
    }
}

#[test]
fn private_downloads_are_told_to_readers_only() {
    let (archive, token) = filled();
    archive.configure_last_suite("[[suite]]\ncodename = \"inner\"\nprivate = true");
    let server = Uploader::start(&archive);
    let taken = server.upload(
        &DebBuilder::new("secret", "1.0", "all"),
        "suite=inner&wait=published",
        &token,
    );
    assert_eq!(taken.status, 201, "{}", taken.text());
    server.stop();
    let text = line(
        1,
        "GET",
        "/private/inner/pool/main/s/secret/secret_1.0_all.deb",
        200,
    ) + &line(2, "GET", &deb("1.0"), 200);
    assert_eq!(
        ingest(&archive, &[&write(&archive, "log", &text)]),
        [[2, 2, 0, 0]]
    );
    let server = Uploader::start(&archive);
    let names = |token: Option<&str>| {
        let answer = server.get("/api/stats/downloads?group=package&from=2026-11-01", token);
        answer.json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(None), ["hello"]);
    assert_eq!(names(Some(&token)), ["hello", "secret"]);
    for query in [
        "suite=inner",
        "group=week",
        "from=yesterday",
        "limit=0",
        "name=a%20b",
        "suite=none",
        "cursor=x",
        "from=2025-01-01&to=2026-01-02",
    ] {
        let status = server.get(&format!("/api/stats/downloads?{query}"), None).status;
        assert!(matches!(status, 400 | 404), "{query}: {status}");
    }
}

#[test]
fn the_name_of_a_log_forges_no_other_log() {
    let (archive, _) = filled();
    let name = "a.log\t1\t1\t0\t0\n\u{1b}[2Jforged.log";
    let log = write(&archive, name, &line(1, "GET", &deb("1.0"), 200));
    let run = archive.uploader(&["ingest-logs", log.to_str().unwrap()], "").ok();
    assert_eq!(run.rows().len(), 1, "{}", run.report());
    assert!(
        run.stdout.contains("\\u{a}\\u{1b}[2Jforged.log"),
        "{}",
        run.report()
    );
}
