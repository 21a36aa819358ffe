//! Many at once: how many uploads are durable in a second, and whether each of them is there.

use super::{Findings, Served, at_once, mebibytes, package, percentiles, plain};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Clients at once.
    pub clients: usize,
    /// Packages in all, each another.
    pub uploads: usize,
    /// Bytes in each.
    pub bytes: usize,
}

/// Uploads packages at once, and looks for each of them in lists, in the pool and in the published index.
pub fn rate(counts: Rate) -> Findings {
    let packages: Vec<Vec<u8>> = (0..counts.uploads)
        .map(|number| package(&name(number), counts.bytes))
        .collect();
    let served = Served::fresh();
    let started = Instant::now();
    let answers = at_once(counts.clients, counts.uploads, |number| {
        served.upload(&packages[number], "")
    });
    let took = started.elapsed();
    let (statuses, mut times): (Vec<u16>, Vec<Duration>) = answers.into_iter().unzip();
    assert!(statuses.iter().all(|status| *status == 201), "not all were taken");
    let peak = served.server.memory("VmHWM");
    check(&served, &packages);

    let plain = plain::in_a_loop(&served.archive.outside(), &packages);
    let rate = |took: Duration| counts.uploads as f64 / took.as_secs_f64();
    let mut findings = Findings::default();
    findings.note("clients at once", counts.clients);
    findings.note("packages, each another", counts.uploads);
    findings.note("bytes that do not compress in each", counts.bytes);
    findings.note("durable uploads in a second", format!("{:.0}", rate(took)));
    findings.note("p50 / p95 / p99 of an upload", percentiles(&mut times));
    findings.note("most memory of the uploader", mebibytes(peak));
    findings.note(
        "the same files by write, fsync, link, fsync of the folder and a commit of SQLite, one after the other: files in a second",
        format!("{:.0}", rate(plain)),
    );
    findings.note(
        "the uploader's rate beside that",
        format!("{:.2}", rate(took) / rate(plain)),
    );
    findings
}

fn name(number: usize) -> String {
    format!("package-{number}")
}

/// Fails when a package is not listed once, not fetched with its bytes, or not published once.
fn check(served: &Served, packages: &[Vec<u8>]) {
    let listed = listed(served);
    assert_eq!(listed.len(), packages.len());
    for (number, bytes) in packages.iter().enumerate() {
        let filename = &listed[&name(number)];
        let fetched = served.server.get(&format!("/{filename}"), None);
        assert!(fetched.status == 200 && fetched.body == *bytes, "{filename}");
    }
    let (status, _) = served.upload(&package("last", 1), "?wait=published");
    assert_eq!(status, 201);
    let mut published: Vec<String> = served
        .archive
        .packages("bench", "main", "amd64")
        .iter()
        .map(|stanza| stanza["package"].clone())
        .collect();
    published.sort_unstable();
    let mut expected: Vec<String> = (0..packages.len()).map(name).collect();
    expected.push("last".into());
    expected.sort_unstable();
    assert_eq!(published, expected);
}

/// Returns the names of all packages that are listed, with their files; fails when one is there twice.
pub(super) fn listed(served: &Served) -> BTreeMap<String, String> {
    let mut listed = BTreeMap::new();
    let mut path = "/api/packages?limit=500".to_owned();
    loop {
        let page = served.server.get(&path, None).json();
        for item in page["items"].as_array().unwrap() {
            let text = |field: &str| item[field].as_str().unwrap().to_owned();
            let before = listed.insert(text("name"), text("filename"));
            assert_eq!(before, None, "{item} is listed twice");
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/api/packages?limit=500&cursor={next}"),
            None => return listed,
        }
    }
}
