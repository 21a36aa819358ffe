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
        None => (0..count).map(made_up).collect(),
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
    let mut random = Random(number as u64);
    let mut package = DebBuilder::from_control(control).compression(random.compression(), Compression::Xz);
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

/// A control file such as a real archive's: eight relations, and a description of a few lines.
fn made_up(number: usize) -> String {
    const WORDS: [&str; 16] = [
        "archive", "binary", "cache", "daemon", "editor", "font", "graph", "http", "index", "kernel",
        "library", "mail", "network", "parser", "query", "runtime",
    ];
    let mut random = Random(number as u64 ^ 0x5eed);
    let word = |random: &mut Random| WORDS[random.below(WORDS.len())];
    let name = |number: usize| format!("{}-{}{number}", WORDS[number % 16], WORDS[number / 16 % 16]);
    let depends: Vec<String> = (0..8)
        .map(|_| name(random.below(number + 1)))
        .map(|name| format!("{name} (>= 1.0)"))
        .collect();
    let mut control = format!(
        "Package: {}\nVersion: {}.{}-{}\nArchitecture: {}\nMaintainer: {} team <team@example.org>\nInstalled-Size: {}\n\
         Depends: {}\nSection: misc\nPriority: optional\nHomepage: https://www.example.org/{number}\n\
         Description: {} {} {}\n",
        name(number),
        1 + random.below(9),
        random.below(30),
        1 + random.below(5),
        if number.is_multiple_of(3) { "all" } else { "amd64" },
        word(&mut random),
        random.below(9000),
        depends.join(", "),
        word(&mut random),
        word(&mut random),
        word(&mut random),
    );
    for _ in 0..4 {
        let line: Vec<&str> = (0..9).map(|_| word(&mut random)).collect();
        writeln!(control, " {}", line.join(" ")).unwrap();
    }
    control
}

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A number in (0, 1].
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Log-normal with a sigma of 1: most packages are small, a few are large.
    fn log_normal(&mut self, mean: f64) -> f64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        (mean.ln() - 0.5 + normal).exp()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8))
            .flat_map(|_| self.next().to_le_bytes())
            .take(count)
            .collect()
    }

    /// As in Debian-like archives today: four in five xz, the rest gzip and zstd.
    fn compression(&mut self) -> Compression {
        match self.below(10) {
            0 => Compression::Gzip,
            1 => Compression::Zstd,
            _ => Compression::Xz,
        }
    }
}
