//! Checks a Packages file: prints what cannot be installed and why, and how long it took.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program to measure with"
)]

use std::time::Instant;

use debian_formats::stanza::StanzaReader;
use resolver::check::check;
use resolver::universe::{Source, UniverseBuilder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: check_packages FILE")?;
    let begin = Instant::now();
    let text = std::fs::read_to_string(&path)?;
    let mut builder = UniverseBuilder::new(&"amd64".parse()?, &[]);
    for stanza in StanzaReader::new(&text) {
        builder.add(&stanza?, Source::default())?;
    }
    let universe = builder.finish();
    let loaded = begin.elapsed();
    let broken = check(&universe);
    let checked = begin.elapsed() - loaded;
    for broken in &broken {
        let (name, version) = (universe.name(broken.package), universe.version(broken.package));
        println!("{name} {version}");
        for reason in &broken.reasons {
            println!("    {reason}");
        }
    }
    let count = universe.len();
    eprintln!(
        "{count} packages, {} broken; loaded in {loaded:?}, checked in {checked:?}",
        broken.len()
    );
    Ok(())
}
