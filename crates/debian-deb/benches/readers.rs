//! The readers by themselves, on bytes in memory: packages, and the stanzas of an index.

#![expect(clippy::unwrap_used, reason = "a benchmark is a test")]

use std::fmt::Write as _;

use debian_control::digest::sha256;
use debian_control::limits::Limits;
use debian_control::packages::IndexEntry;
use debian_control::stanza::StanzaReader;
use debian_deb::compression::Compression;
use debian_deb::{Data, build::DebBuilder};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

/// A package of 200 files of 4 KiB, of text that compresses about as programs do.
fn package(compression: Compression) -> Vec<u8> {
    let depends = "libc6 (>= 2.36), libgcc-s1 (>= 3.0), libssl3 (>= 3.0.0), zlib1g (>= 1:1.2.0)";
    let package = DebBuilder::new("benchmark", "1:2.3.4-5+deb12u1", "amd64").field("Depends", depends);
    (0..200)
        .fold(package, |package, number: u32| {
            let content: String = (0..256).fold(String::new(), |mut text, line: u32| {
                let mixed = line.wrapping_mul(0x9e37_79b9) ^ number.wrapping_mul(0x85eb_ca6b);
                let _ = writeln!(text, "{mixed:015x}");
                text
            });
            package.file(
                &format!("usr/lib/benchmark/part-{number}.txt"),
                content.as_bytes(),
            )
        })
        .compressed(compression, compression)
        .build()
}

const COMPRESSIONS: [Compression; 3] = [Compression::Gzip, Compression::Xz, Compression::Zstd];

#[divan::bench(args = COMPRESSIONS)]
fn deb_control(bencher: Bencher<'_, '_>, compression: Compression) {
    let bytes = package(compression);
    bencher
        .counter(BytesCount::of_slice(&bytes))
        .bench(|| debian_deb::read(&bytes[..], &Limits::default(), Data::Skip).unwrap());
}

#[divan::bench(args = COMPRESSIONS)]
fn deb_control_and_file_list(bencher: Bencher<'_, '_>, compression: Compression) {
    let bytes = package(compression);
    bencher
        .counter(BytesCount::of_slice(&bytes))
        .bench(|| debian_deb::read(&bytes[..], &Limits::default(), Data::List).unwrap());
}

/// How many stanzas the index has that is read.
const STANZAS: usize = 10_000;

fn index() -> String {
    (0..STANZAS).fold(String::new(), |mut text, number| {
        let digest = sha256(&number.to_le_bytes());
        let _ = write!(
            text,
            "Package: package-{number:05}\nVersion: 1.{number}-1\nArchitecture: amd64\nMaintainer: Team <team@example.org>\n\
             Installed-Size: {number}\nDepends: libc6 (>= 2.36), libgcc-s1 (>= 3.0), libstdc++6 (>= 11), package-{:05}\n\
             Section: misc\nPriority: optional\nHomepage: https://www.example.org/{number}\n\
             Description: package number {number}\n It has a description\n .\n of some lines.\n\
             Filename: pool/main/p/package-{number:05}/package-{number:05}_1.{number}-1_amd64.deb\nSize: {number}\nSHA256: {digest}\n\n",
            number / 2
        );
        text
    })
}

#[divan::bench]
fn stanza_texts(bencher: Bencher<'_, '_>) {
    let index = index();
    bencher
        .counter(BytesCount::of_str(&index))
        .counter(ItemsCount::new(STANZAS))
        .bench(|| {
            let mut reader = StanzaReader::new(&index);
            std::iter::from_fn(move || reader.next_text()).count()
        });
}

#[divan::bench]
fn stanza_fields(bencher: Bencher<'_, '_>) {
    let index = index();
    bencher
        .counter(BytesCount::of_str(&index))
        .counter(ItemsCount::new(STANZAS))
        .bench(|| {
            StanzaReader::new(&index)
                .filter(|stanza| stanza.as_ref().unwrap().line("Package").is_some())
                .count()
        });
}

#[divan::bench]
fn stanza_entries(bencher: Bencher<'_, '_>) {
    let index = index();
    bencher
        .counter(BytesCount::of_str(&index))
        .counter(ItemsCount::new(STANZAS))
        .bench(|| {
            StanzaReader::new(&index)
                .filter(|stanza| IndexEntry::from_stanza(stanza.as_ref().unwrap()).is_ok())
                .count()
        });
}
