//! Solves for packages of a Packages file: for each name given, or for every package; from an empty status, without
//! recommendations unless `--recommends` stands first. Each plan is audited. Prints milliseconds of CPU
//! time, which other programs on the machine change little. `--list` before the rest prints each plan's packages, too:
//! for a plan without the Essential set, as apt's from an empty status is.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program to measure with"
)]

#[path = "../tests/support/audit.rs"]
mod audit;

use audit::audit;
use debian_control::stanza::{Stanza, StanzaReader};
use resolver::plan::Plan;
use resolver::request::{Recommends, Request, Target};
use resolver::solve::solve;
use resolver::universe::{PackageId, Source, Universe, UniverseBuilder};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let list = arguments.first().is_some_and(|argument| argument == "--list");
    if list {
        arguments.remove(0);
    }
    let recommends = match arguments.first().map(String::as_str) {
        Some("--recommends") => {
            arguments.remove(0);
            Recommends::Take
        }
        _ => Recommends::Leave,
    };
    let (path, names) = arguments
        .split_first()
        .ok_or("usage: solve_packages [--list] [--recommends] FILE [NAME]...")?;
    let text = std::fs::read_to_string(path)?;
    let stanzas = StanzaReader::new(&text).collect::<Result<Vec<_>, _>>()?;
    let mut builder = UniverseBuilder::new(&"amd64".parse()?, &[]);
    for stanza in &stanzas {
        builder.add(stanza, Source::default())?;
    }
    let mut universe = builder.finish();
    if list {
        universe.forget_essential(universe.packages());
    }
    if names.is_empty() {
        all(&universe, recommends);
    }
    for name in names {
        let request = request(vec![Target::named(name)], recommends);
        // The second time everything is warm.
        let _ = solve(&universe, &request);
        let begin = cpu_milliseconds();
        let answer = solve(&universe, &request);
        let took = cpu_milliseconds() - begin;
        match answer {
            Ok(plan) => {
                let chosen: Vec<Stanza<'_>> = plan
                    .unpacked()
                    .filter_map(|id| of(&stanzas, &universe, id))
                    .collect();
                let faults = audit(&chosen, "amd64").len();
                println!(
                    "{name}: {} packages in {took:.2} ms, {faults} faults",
                    chosen.len()
                );
                if list {
                    print_all(&universe, &plan);
                }
            }
            Err(refusal) => println!("{name}: refused in {took:.2} ms: {refusal}"),
        }
    }
    Ok(())
}

fn print_all(universe: &Universe, plan: &Plan) {
    for package in plan.unpacked() {
        let (name, version) = (universe.name(package), universe.version(package));
        println!("  {name} {version}");
    }
}

/// Returns the CPU time of this thread.
fn cpu_milliseconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn request(install: Vec<Target>, recommends: Recommends) -> Request {
    Request {
        install,
        recommends,
        ..Request::default()
    }
}

/// Returns the stanza of a package.
fn of<'a>(stanzas: &[Stanza<'a>], universe: &Universe, package: PackageId) -> Option<Stanza<'a>> {
    // Packages are numbered as they were added, where none stands twice.
    let mut stanzas = universe.packages().zip(stanzas);
    stanzas
        .find(|(id, _)| *id == package)
        .map(|(_, stanza)| stanza.clone())
}

/// Solves for every package, alone.
fn all(universe: &Universe, recommends: Recommends) {
    let mut times: Vec<f64> = Vec::new();
    let mut slowest: Vec<(f64, &str)> = Vec::new();
    let mut refused = 0;
    for package in universe.packages() {
        let label = universe.name(package).to_owned();
        let target = Target::OneOf {
            label,
            packages: vec![package],
        };
        let request = request(vec![target], recommends);
        let begin = cpu_milliseconds();
        refused += usize::from(solve(universe, &request).is_err());
        let took = cpu_milliseconds() - begin;
        times.push(took);
        slowest.push((took, universe.name(package)));
    }
    slowest.sort_by(|left, right| right.0.total_cmp(&left.0));
    for (took, name) in slowest.iter().take(10) {
        println!("{took:.3} ms {name}");
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| {
        times
            .get((times.len() as f64 * part) as usize)
            .or(times.last())
            .copied()
            .unwrap_or(0.0)
    };
    println!("{} solved, {refused} refused", times.len());
    println!(
        "median {:.3} p90 {:.3} p99 {:.3} max {:.3} ms",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}
