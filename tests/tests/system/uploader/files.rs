//! Ranges of files, and which requests count as downloads.

use std::time::{Duration, Instant};

use archive_tests::{DebBuilder, Uploader};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
}

#[test]
fn parts_of_files_are_read_as_the_rule_says() {
    let (_archive, server, token) = Uploader::with_admin();
    let answer = server.upload(&hello("1.0"), "", &token).json();
    let (id, size) = (answer["id"].as_str().unwrap(), answer["size"].as_u64().unwrap());
    let filename = answer["filename"].as_str().unwrap();
    for path in [format!("/{filename}"), format!("/api/packages/{id}/download")] {
        let get = |headers: &[(&str, &str)]| server.send("GET", &path, None, (headers, &[]));
        let whole = get(&[]);
        let tag = whole.header("etag").unwrap();
        let date = whole.header("last-modified").unwrap();
        for (headers, status, length) in [
            (vec![("Range", "bytes=-4")], 206, 4),
            (vec![("Range", "bytes=-999999999")], 206, size),
            (vec![("Range", "bytes=0-9"), ("If-Range", "\"other\"")], 200, size),
            (vec![("Range", "bytes=0-9"), ("If-Range", &tag)], 206, 10),
            (
                vec![("Range", "bytes=0-9"), ("If-Range", &format!("W/{tag}"))],
                200,
                size,
            ),
            (vec![("Range", "bytes=0-9"), ("If-Range", &date)], 206, 10),
            (
                vec![
                    ("Range", "bytes=0-9"),
                    ("If-Range", "Sat, 01 Jan 2000 00:00:00 GMT"),
                ],
                200,
                size,
            ),
            (vec![("If-Range", "\"other\"")], 200, size),
            (vec![("Range", "bytes=999999999-")], 416, 0),
        ] {
            let answer = get(&headers);
            assert_eq!(answer.status, status, "{path} {headers:?}");
            if status != 416 {
                assert_eq!(answer.body.len() as u64, length, "{path} {headers:?}");
            }
        }
    }
}

#[test]
fn only_whole_files_count_as_downloads() {
    let (_archive, server, token) = Uploader::with_admin();
    let id = server.upload(&hello("1.0"), "", &token).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/packages/{id}/download");
    let tag = server.get(&path, None).header("etag").unwrap();
    for (method, header, value) in [
        ("GET", "Range", "bytes=0-9"),
        ("GET", "Range", "bytes=0-"),
        ("GET", "Range", "bytes=-4"),
        ("GET", "If-None-Match", tag.as_str()),
        ("HEAD", "Accept", "*/*"),
    ] {
        server.send(method, &path, None, (&[(header, value)], &[]));
    }
    let path = format!("/api/packages/{id}");
    let downloads = || server.get(&path, None).json()["downloads"].clone();
    // Counts are written every few seconds.
    let begun = Instant::now();
    while downloads() == 0 && begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(downloads(), 1);
}
