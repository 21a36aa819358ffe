//! Makes a pool of packages to measure with: `make-pool OUT COUNT [PACKAGES]`.
//!
//! Without PACKAGES the control data is made up. With it, a `Packages` file (plain, gz, xz or zst), COUNT of its stanzas are
//! used, spread evenly over the file, so that names, sizes of fields and relations are those of a real archive. The files inside
//! are random bytes of log-normal size. The same arguments give the same pool.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a tool of the developers' own"
)]

use archive_tests::WriteDeb as _;
use archive_tests::made_up::{Random, control};
use archive_tests::{Compression, DebBuilder};
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The mean size of what a package installs.
const MEAN_BYTES: f64 = 40.0 * 1024.0;

/// Fields that stand in an index only, not in a package.
const OF_THE_INDEX: [&str; 7] = [
    "filename",
    "size",
    "md5sum",
    "sha1",
    "sha256",
    "sha512",
    "description-md5",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (out, count, packages) = match arguments.as_slice() {
        [out, count] => (out, count, None),
        [out, count, packages] => (out, count, Some(packages)),
        _ => return usage(),
    };
    let Ok(count) = count.parse() else { return usage() };
    let controls = match packages {
        Some(file) => spread(&stanzas(&decompressed(Path::new(file))), count),
        None => (0..count).map(control).collect(),
    };
    if controls.len() < count {
        eprintln!("make-pool: {} stanzas, and {count} are wanted", controls.len());
        return ExitCode::FAILURE;
    }
    write_all(Path::new(out), &controls);
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: make-pool OUT COUNT [PACKAGES]");
    ExitCode::from(2)
}

/// Builds and writes the packages on all cores.
fn write_all(out: &Path, controls: &[String]) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(number) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&n| n < controls.len())
                {
                    write_one(out, number, controls.get(number).expect("counted"));
                }
            });
        }
    });
}

fn write_one(out: &Path, number: usize, control: &str) {
    let mut random = Random::new(number as u64);
    let mut package = DebBuilder::from_control(control).compressed(compression(&mut random), Compression::Xz);
    let name = package.value("Package").to_owned();
    let total = random.log_normal(MEAN_BYTES).min(64.0 * MEAN_BYTES) as usize;
    let files = 1 + random.below(4);
    for file in 0..files {
        package = package.file(
            &format!("usr/share/{name}/{file}.bin"),
            random.bytes(total / files + 1),
        );
    }
    let source = match package.value("Source").split(' ').next() {
        Some(source) if !source.is_empty() => source.to_owned(),
        _ => name,
    };
    let prefix_length = if source.starts_with("lib") { 4 } else { 1 };
    let prefix: String = source.chars().take(prefix_length).collect();
    package.write_into(&out.join("pool/main").join(prefix).join(source));
}

fn decompressed(file: &Path) -> String {
    let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
    let mut text = Vec::new();
    match bytes.as_slice() {
        [0x1f, 0x8b, ..] => flate2::read::MultiGzDecoder::new(&bytes[..])
            .read_to_end(&mut text)
            .unwrap(),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => liblzma::read::XzDecoder::new_multi_decoder(&bytes[..])
            .read_to_end(&mut text)
            .unwrap(),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::Decoder::new(&bytes[..])
            .unwrap()
            .read_to_end(&mut text)
            .unwrap(),
        _ => return String::from_utf8(bytes).expect("a Packages file is UTF-8"),
    };
    String::from_utf8(text).expect("a Packages file is UTF-8")
}

/// Splits a `Packages` file into the control texts of its packages.
fn stanzas(text: &str) -> Vec<String> {
    text.split("\n\n")
        .filter(|stanza| !stanza.trim().is_empty())
        .map(control_of)
        .collect()
}

fn control_of(stanza: &str) -> String {
    let mut control = String::new();
    let mut kept = true;
    for line in stanza.trim_matches('\n').lines() {
        if !line.starts_with([' ', '\t']) {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            kept = !OF_THE_INDEX.contains(&name.as_str());
        }
        if kept {
            writeln!(control, "{line}").unwrap();
        }
    }
    control
}

fn spread(all: &[String], count: usize) -> Vec<String> {
    let count = count.min(all.len());
    (0..count)
        .filter_map(|number| all.get(number * all.len() / count))
        .cloned()
        .collect()
}

/// As in Debian-like archives today: four in five xz, the rest gzip and zstd.
fn compression(random: &mut Random) -> Compression {
    match random.below(10) {
        0 => Compression::Gzip,
        1 => Compression::Zstd,
        _ => Compression::Xz,
    }
}
