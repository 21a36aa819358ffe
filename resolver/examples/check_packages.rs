//! Checks a Packages file: prints one line for each package that cannot be installed, and the time it took.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

use std::time::Instant;
use debian_formats::stanza::StanzaReader;
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
    let broken = resolver::check::check(&universe);
    for broken in &broken {
        println!("{} {}", universe.name(broken.package), universe.version(broken.package));
        for reason in &broken.reasons {
            println!("    {reason}");
        }
    }
    eprintln!("{} packages, {} broken; loading {loaded:?}, all {:?}", universe.len(), broken.len(), begin.elapsed());
    Ok(())
}
