//! Reading the API of a large archive, beside nginx and a file of the same size.

use super::{Findings, Served, live};
use crate::{Nginx, Run, TestArchive};
use std::process::Command;

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Made-up packages in the archive.
    pub packages: usize,
    /// Connections at once.
    pub connections: usize,
    /// Seconds for each kind of request.
    pub seconds: usize,
}

/// Has wrk ask for one package, for searches and for a file.
pub fn reading(counts: Reading) -> Findings {
    let archive = TestArchive::init(&["--suite", "bench", "--architecture", "amd64"]);
    archive.configure_last_suite("contents = \"off\"");
    live::fill(&archive, counts.packages);
    archive.publish();
    let served = Served::start(archive);
    let page = served.server.get("/api/packages?limit=1", None).json();
    let name = page["items"][0]["name"].as_str().unwrap().to_owned();
    let one = format!("/api/packages/{}", page["items"][0]["id"].as_str().unwrap());
    let size = served.server.get(&one, None).body.len();
    let folder = served.archive.outside();
    std::fs::create_dir_all(folder.join("pool/main")).unwrap();
    std::fs::write(folder.join("pool/main/file.json"), vec![b'x'; size]).unwrap();
    let nginx = Nginx::serve(&folder);

    let mut findings = Findings::default();
    let mut ask = |what: &str, url: String| findings.note(what, wrk(&counts, &url));
    let server = served.server.url();
    ask(
        &format!("`GET /api/packages/ID`, {size} bytes"),
        format!("{server}{one}"),
    );
    ask(
        "a search for a whole name",
        format!("{server}/api/packages/search/{name}"),
    );
    ask(
        "a search for a word that a sixteenth of all have",
        format!("{server}/api/packages/search/daemon?limit=10"),
    );
    ask(
        "nginx and a file of that size",
        format!("{}/pool/main/file.json", nginx.url()),
    );
    findings
}

/// Returns requests in a second and the p99 that wrk measured, and what was not answered by 2xx.
fn wrk(counts: &Reading, url: &str) -> String {
    let said = Run::of(Command::new("wrk").args([
        "--latency",
        "--threads=2",
        &format!("--connections={}", counts.connections),
        &format!("--duration={}s", counts.seconds),
        url,
    ]))
    .ok()
    .stdout;
    assert!(!said.contains("Non-2xx"), "{said}");
    let after = |start: &str| {
        let line = said
            .lines()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    format!("{} requests/s, p99 {}", after("Requests/sec:"), after("99%"))
}
