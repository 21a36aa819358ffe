//! Puts load on an uploader with large counts: `bench-uploads [SCENARIO...]`, all of them when none is named.
//!
//! Writes Markdown to standard output. The counts come from the environment; see docs/benchmarks/uploads-how.md. `UPLOADER` and
//! `REPOGEN` name the programs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the developers' own"
)]

use archive_tests::Run;
use archive_tests::load::Findings;
use archive_tests::load::killed::{Killed, killed};
use archive_tests::load::large::{Large, large};
use archive_tests::load::live::{Live, live};
use archive_tests::load::memory::{Memory, memory};
use archive_tests::load::rate::{Rate, rate};
use archive_tests::load::reading::{Reading, reading};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

const SCENARIOS: [(&str, &str); 6] = [
    ("rate", "Many at once"),
    ("memory", "Memory over many uploads"),
    ("live", "From an upload to a live index"),
    ("large", "A large upload"),
    ("killed", "A server that is killed"),
    ("reading", "Reading"),
];

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let known = |name: &String| SCENARIOS.iter().any(|(known, _)| known == name);
    if let Some(unknown) = named.iter().find(|name| !known(name)) {
        let names = SCENARIOS.map(|(name, _)| name).join(", ");
        eprintln!("bench-uploads: no scenario `{unknown}`; there are {names}");
        return ExitCode::from(2);
    }
    println!("# Load on the uploader\n\n{}", machine());
    println!("How each of them is done stands in [uploads-how.md](uploads-how.md).");
    for (name, title) in SCENARIOS {
        if named.is_empty() || named.iter().any(|wanted| wanted == name) {
            eprintln!("bench-uploads: {name}");
            println!("\n## {title}\n\n| | |\n| --- | --- |\n{}", run(name));
        }
    }
    ExitCode::SUCCESS
}

fn run(name: &str) -> Findings {
    match name {
        "rate" => rate(Rate {
            clients: count("LOAD_CLIENTS", 100),
            uploads: count("LOAD_UPLOADS", 5_000),
            bytes: count("LOAD_BYTES", 40_000),
        }),
        "memory" => memory(Memory {
            clients: count("LOAD_CLIENTS", 100),
            uploads: count("LOAD_MEMORY_UPLOADS", 20_000),
        }),
        "live" => {
            live(&Live {
                root: std::env::var_os("LOAD_ROOT").map(PathBuf::from),
                packages: count("LOAD_PACKAGES", 63_000),
                uploads: count("LOAD_LIVE_UPLOADS", 30),
                every: Duration::from_secs(2),
                burst: count("LOAD_BURST", 200),
            })
            .findings
        }
        "large" => {
            large(Large {
                bytes: count("LOAD_LARGE_MIB", 1024) << 20,
                cuts: count("LOAD_CUTS", 20),
                seed: count("LOAD_SEED", 1) as u64,
            })
            .findings
        }
        "killed" => killed(Killed {
            clients: count("LOAD_KILL_CLIENTS", 16),
            uploads: count("LOAD_KILL_UPLOADS", 1_000),
            kill_at: count("LOAD_KILL_UPLOADS", 1_000) / 2,
        }),
        _ => reading(Reading {
            packages: count("LOAD_PACKAGES", 63_000),
            connections: count("LOAD_CONNECTIONS", 32),
            seconds: count("LOAD_SECONDS", 10),
        }),
    }
}

/// Reads a count from the environment.
fn count(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is `{text}`: expected a whole number"))
    })
}

/// Says what it was measured on, and when.
fn machine() -> String {
    let said = |program: &str, arguments: &[&str]| {
        let run = Run::of(Command::new(program).args(arguments)).ok();
        run.stdout.trim().to_owned()
    };
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpus
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")
                .and_then(|rest| rest.split_once(": "))
        })
        .map_or("unknown", |(_, name)| name);
    let folder = std::env::temp_dir().display().to_string();
    format!(
        "Written by `make bench-uploads` on {}: {} cores of {cpu}, {}, Linux {}, the archive on {}.\n",
        said("date", &["+%F"]),
        said("nproc", &[]),
        said("sh", &["-c", "free -h | awk '/^Mem/ {print $2}'"]),
        said("uname", &["-r"]),
        said("stat", &["-f", "-c", "%T", &folder]),
    )
}
