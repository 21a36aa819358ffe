//! Runs the torture scenarios with large counts: `torture [SCENARIO...]`, all of them when none is named.
//!
//! Prints what was done and counted, and exits 1 when there was a fault. The counts come from the environment; see
//! docs/explanation/torture.md. `REPOGEN` names the program.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the developers' own"
)]

use archive_tests::torture::Account;
use archive_tests::torture::full::{FullDisks, full_disks};
use archive_tests::torture::generations::generations;
use archive_tests::torture::kills::{Kills, kills};
use archive_tests::torture::power::{PowerCuts, power_cuts};
use archive_tests::torture::stops::{Stops, stops};
use archive_tests::torture::torn::{Between, TornReads, torn_reads};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SCENARIOS: [&str; 7] = [
    "torn",
    "torn-proxy",
    "kills",
    "power",
    "stops",
    "full",
    "generations",
];

fn main() -> ExitCode {
    let mut named: Vec<String> = std::env::args().skip(1).collect();
    if named.is_empty() {
        named = SCENARIOS.map(str::to_owned).to_vec();
    }
    if let Some(unknown) = named.iter().find(|name| !SCENARIOS.contains(&name.as_str())) {
        eprintln!(
            "torture: no scenario `{unknown}`; there are {}",
            SCENARIOS.join(", ")
        );
        return ExitCode::from(2);
    }
    let counts = Counts::of_environment();
    println!("seed {} (TORTURE_SEED)", counts.seed);
    let mut faults = 0;
    for name in named {
        let started = Instant::now();
        match counts.run(&name) {
            Some(account) => {
                faults += account.faults();
                println!("{name}, {} s\n{account}", started.elapsed().as_secs());
            }
            None => println!("{name}: skipped, this machine lets nobody mount in a namespace of one's own\n"),
        }
    }
    ExitCode::from(u8::from(faults > 0))
}

/// The counts of all scenarios.
struct Counts {
    publishes: usize,
    kills: usize,
    cuts: usize,
    pairs: usize,
    stops: usize,
    stopped_for: Duration,
    disk_step: u64,
    generations: usize,
    clients: usize,
    packages: usize,
    seed: u64,
}

impl Counts {
    fn of_environment() -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self {
            publishes: number("PUBLISHES", 1_000) as usize,
            kills: number("KILLS", 300) as usize,
            cuts: number("CUTS", 300) as usize,
            pairs: number("PAIRS", 100) as usize,
            stops: number("STOPS", 3) as usize,
            stopped_for: Duration::from_secs(number("STOP_SECONDS", 60)),
            disk_step: number("DISK_STEP", 4096),
            generations: number("GENERATIONS", 1_000) as usize,
            clients: number("CLIENTS", 4) as usize,
            packages: number("PACKAGES", 300) as usize,
            seed: number("SEED", time.as_secs()),
        }
    }

    fn run(&self, scenario: &str) -> Option<Account> {
        let &Self {
            clients,
            packages,
            seed,
            ..
        } = self;
        let torn = |between| {
            torn_reads(TornReads {
                publishes: self.publishes,
                clients,
                packages,
                between,
                seed,
            })
        };
        Some(match scenario {
            "torn" => torn(Between::Nothing),
            "torn-proxy" => torn(Between::StaleProxy),
            "kills" => kills(Kills {
                publishes: self.kills,
                adds: self.kills,
                clients,
                packages,
                seed,
            }),
            "power" => power_cuts(PowerCuts {
                kills: self.cuts,
                packages: packages.min(20),
                seed,
            }),
            "stops" => stops(Stops {
                pairs: self.pairs,
                stopped_for: self.stopped_for,
                stops: self.stops,
                clients,
                packages,
                seed,
            }),
            "full" => {
                return full_disks(FullDisks {
                    step: self.disk_step,
                    clients,
                    packages,
                    seed,
                });
            }
            _ => generations(self.generations),
        })
    }
}

/// Returns the number that `TORTURE_NAME` says, or `usual`.
fn number(name: &str, usual: u64) -> u64 {
    let name = format!("TORTURE_{name}");
    let Ok(text) = std::env::var(&name) else {
        return usual;
    };
    text.parse()
        .unwrap_or_else(|_| panic!("{name} should be a number, and is `{text}`"))
}
