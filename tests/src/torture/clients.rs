//! Machines that update and download in a loop while the archive changes under them.

use super::Account;
use crate::apt::AptRun;
use crate::index::{self, Stanza};
use crate::{Apt, Random};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Where a client's downloads go, in the folder of its apt.
const DOWNLOADS: &str = "downloads";

/// Several clients, each with an apt of its own and a thread of its own.
pub struct Clients {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Account>>,
}

impl Clients {
    /// Starts `count` clients of the archives that a `.sources` text names.
    pub fn start(sources: &str, count: usize, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..count)
            .map(|number| {
                let mut client = Client {
                    apt: Apt::new(sources),
                    random: Random::new(seed.wrapping_add(number as u64)),
                    account: Account::default(),
                };
                let stop = Arc::clone(&stop);
                std::thread::spawn(move || {
                    // One round at least, however short the scenario.
                    loop {
                        client.round();
                        if stop.load(Ordering::Relaxed) {
                            return client.account;
                        }
                    }
                })
            })
            .collect();
        Self { stop, threads }
    }

    /// Lets each client end its round, and returns what all of them saw.
    pub fn finish(self) -> Account {
        self.stop.store(true, Ordering::Relaxed);
        let mut account = Account::default();
        for what in [
            "client rounds",
            "client downloads",
            "client failures",
            "client warnings",
        ] {
            account.add(what, 0);
        }
        for thread in self.threads {
            account.merge(thread.join().expect("a client counts its failures and goes on"));
        }
        account
    }
}

struct Client {
    apt: Apt,
    random: Random,
    account: Account,
}

impl Client {
    /// Updates, then downloads one of the packages that are listed now.
    fn round(&mut self) {
        self.account.count("client rounds");
        let update = self.apt.get(DOWNLOADS, &["update"]);
        if !self.passes(&update) {
            return;
        }
        let texts = self.apt.packages_lists();
        let listed: Vec<Stanza> = texts.iter().flat_map(|text| index::stanzas(text)).collect();
        if !listed.is_empty() {
            let stanza = &listed[self.random.below(listed.len())];
            self.download(stanza);
        }
    }

    fn download(&mut self, stanza: &Stanza) {
        self.account.count("client downloads");
        let wanted = format!("{}={}", stanza["package"], stanza["version"]);
        let run = self.apt.get(DOWNLOADS, &["download", &wanted]);
        if !self.passes(&run) {
            return;
        }
        let found = digests(&self.apt.path(DOWNLOADS));
        if found != [stanza["sha256"].clone()] {
            self.account.count("client failures");
            self.account.fault(format!(
                "{wanted}: {} is listed, and {found:?} came",
                stanza["sha256"]
            ));
        }
    }

    /// Says whether apt succeeded without a word, and notes it when not.
    fn passes(&mut self, run: &AptRun) -> bool {
        let complaints = run.complaints();
        if run.run.code == 0 && complaints.is_empty() {
            return true;
        }
        let kind = if run.run.code == 0 {
            "client warnings"
        } else {
            "client failures"
        };
        self.account.count(kind);
        self.account
            .fault(format!("{complaints:?}\n{}", run.run.report()));
        false
    }
}

/// Returns the digests of the files in a folder, and deletes them.
fn digests(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let digest = index::sha256(&std::fs::read(&path).unwrap());
            std::fs::remove_file(path).unwrap();
            digest
        })
        .collect()
}
