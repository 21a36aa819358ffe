//! The `uploader`, route by route.

mod audit;
mod authorization;
mod backup;
mod catalog_replaced;
mod ci_recipes;
mod config;
mod cors;
mod downloads;
mod dput;
mod files;
mod headers;
mod ingest_logs;
mod log;
mod metrics;
mod nginx;
mod openapi;
mod package_edit;
mod packages;
mod private_suites;
mod promotions;
mod query;
mod resumable_uploads;
mod sessions;
mod rate_limits;
mod readyz;
mod single_sign_on;
mod suite_states;
mod token;
mod trusted_publishing;
mod upload;
mod upload_cut_off;
mod upload_digest;
mod upload_put;
mod upload_rights;
mod upload_suites;
mod users;
mod webhooks;
mod webhooks_https;
mod world;
mod yank;

use archive_tests::{DebBuilder, TestArchive, Uploader, http::Response};
use std::collections::BTreeMap;
use std::thread;

fn counted(statuses: impl IntoIterator<Item = u16>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

/// Sends packages at once, each on a connection of its own, and returns the statuses.
fn at_once(server: &Uploader, token: &str, packages: &[DebBuilder]) -> Vec<u16> {
    thread::scope(|scope| {
        let sent: Vec<_> = packages
            .iter()
            .map(|package| scope.spawn(move || server.upload(package, "", token).status))
            .collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    })
}

#[track_caller]
fn assert_problem(answer: &Response, status: u16, code: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type").as_deref(),
        Some("application/problem+json"),
        "{}",
        answer.text()
    );
    let body = answer.json();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(
        answer.header("x-content-type-options").as_deref(),
        Some("nosniff")
    );
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
    body["detail"].as_str().unwrap().to_owned()
}

/// An archive with an administrator, and a token of his.
fn archive() -> (TestArchive, String) {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    (archive, token)
}
