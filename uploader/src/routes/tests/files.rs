//! Files and their parts, as far as they are refused.

use super::world;
use crate::temporary_server::{Answered, TemporaryServer};

const FILE: &str = "/pool/main/h/hello/hello_1.0_all.deb";

async fn get(server: &TemporaryServer, header: (&str, &str)) -> Answered {
    server.ask(("GET", FILE), None, &[header], "").await
}

#[tokio::test]
async fn a_range_is_the_same_however_large_its_numerals_are() {
    let (server, _) = world().await;
    let whole = server.ask(("GET", FILE), None, &[], "").await;
    let size: usize = whole.headers["content-length"].to_str().unwrap().parse().unwrap();
    for (range, status, part) in [
        ("bytes=2-3", 206, format!("bytes 2-3/{size}")),
        (
            "bytes=2-18446744073709551616",
            206,
            format!("bytes 2-{}/{size}", size - 1),
        ),
        (
            "bytes=-18446744073709551616",
            206,
            format!("bytes 0-{}/{size}", size - 1),
        ),
        ("bytes=18446744073709551616-", 416, format!("bytes */{size}")),
        ("bytes=0-0,5-6", 200, String::new()),
        ("bytes=3-2", 200, String::new()),
    ] {
        let answer = get(&server, ("range", range)).await;
        assert_eq!(answer.status, status, "{range}");
        let shown = answer.headers.get("content-range");
        let shown = shown.map_or("", |shown| shown.to_str().unwrap());
        assert_eq!(shown, part, "{range}");
    }
}

#[tokio::test]
async fn what_is_refused_of_a_file_is_a_problem_that_nobody_keeps() {
    let (server, _) = world().await;
    for (header, status, code) in [
        (("range", "bytes=9999999-"), 416, "range_not_satisfiable"),
        (
            ("if-unmodified-since", "Mon, 01 Jan 2001 00:00:00 GMT"),
            412,
            "precondition_failed",
        ),
    ] {
        let answer = get(&server, header).await;
        assert_eq!(answer.status, status, "{header:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert!(
            answer.body.contains(&format!("\"code\":\"{code}\"")),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_method_that_files_have_not_is_told_which_they_have() {
    let (server, _) = world().await;
    let answer = server.ask(("POST", FILE), None, &[], "").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.headers["allow"], "GET, HEAD");
}
