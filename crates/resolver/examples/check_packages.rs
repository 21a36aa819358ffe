//! Checks the packages of one or more Packages files together, as `cpkgs check` does with the suites of its sources. The name of a file
//! begins with its suite, up to a hyphen. Prints how many there are and how many of them cannot be installed, and the seconds that reading them and checking them took; after `--list` also
//! which cannot be installed, and why.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program to measure with"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use debian_control::stanza::StanzaReader;
use resolver::check::check_suites;
use resolver::universe::{PackageId, Source, UniverseBuilder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let list = arguments.first().is_some_and(|argument| argument == "--list");
    let begin = Instant::now();
    let mut builder = UniverseBuilder::new(&"amd64".parse()?, &["i386".parse()?]);
    let mut suites: BTreeMap<String, Vec<PackageId>> = BTreeMap::new();
    for path in arguments.drain(usize::from(list)..) {
        let name = Path::new(&path).file_name().unwrap_or_default().to_string_lossy();
        let suite = name.split('-').next().unwrap_or_default().to_owned();
        let suite = suites.entry(suite).or_default();
        let text = std::fs::read_to_string(&path)?;
        for stanza in StanzaReader::new(&text) {
            suite.extend(builder.add(&stanza?, Source::default())?);
        }
    }
    let universe = builder.finish();
    let read = begin.elapsed();
    let suites: Vec<_> = suites.into_values().collect();
    let broken = check_suites(&universe, &suites);
    let checked = begin.elapsed() - read;
    for one in broken.iter().filter(|_| list) {
        let name = universe.name(one.package);
        let (version, architecture) = (universe.version(one.package), universe.architecture(one.package));
        println!("{name} {version} {architecture}: {}", one.reasons.join("; "));
    }
    println!(
        "{} packages, {} uninstallable; read in {:.2} s, checked in {:.2} s",
        universe.len(),
        broken.len(),
        read.as_secs_f64(),
        checked.as_secs_f64()
    );
    Ok(())
}
