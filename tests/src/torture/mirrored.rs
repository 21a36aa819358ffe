//! Readers of a mirror that is brought up to date while the archive is published again and again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Account, Churn, Clients, owner};
use crate::{Run, TestArchive};

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct MirroredReads {
    /// Changes, each published by itself.
    pub publishes: usize,
    /// Clients that read the mirror all the while.
    pub clients: usize,
    /// Packages at the start.
    pub packages: usize,
    /// Decides the changes and what is downloaded.
    pub seed: u64,
}

/// Publishes change after change, replicates again and again meanwhile, and has clients read the mirror at `url`.
pub fn mirrored_reads(
    archive: &TestArchive,
    url: &str,
    replicate: impl Fn(&[&str]) -> Run,
    counts: MirroredReads,
) -> Account {
    let mut account = Account::default();
    let mut churn = Churn::fill(archive, counts.packages, counts.seed);
    owner::publish(archive, &mut account);
    replicate(&[]).ok();
    let sources = archive.read("stable.sources");
    let own_url = sources
        .lines()
        .find_map(|line| line.strip_prefix("URIs: "))
        .expect("a source has a URL");
    let clients = Clients::start(&sources.replace(own_url, url), counts.clients, counts.seed);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let publisher = scope.spawn(|| {
            let mut account = Account::default();
            for _ in 0..counts.publishes {
                churn.step(&mut account);
                owner::publish(archive, &mut account);
            }
            is_over.store(true, Ordering::Relaxed);
            account
        });
        while !is_over.load(Ordering::Relaxed) {
            // What no Release names goes in every other run, under clients that may still read one of before.
            let more: &[&str] = if account.counted("replications").is_multiple_of(2) {
                &[]
            } else {
                &["--delete"]
            };
            let run = replicate(more);
            account.count("replications");
            if run.code != 0 {
                account.fault(format!("replicate failed\n{}", run.report()));
            }
        }
        account.merge(
            publisher
                .join()
                .expect("a publisher counts its failures and goes on"),
        );
    });
    account.merge(clients.finish());
    replicate(&[]).ok();
    account
}
