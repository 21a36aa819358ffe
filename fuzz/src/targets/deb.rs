//! Whole packages.

use std::io::{self, Read};

use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;
use debian_deb::build::{DebBuilder, assemble, compress};
use debian_deb::compression::Compression;
use debian_deb::{Data, DataPath};

use crate::mutate::mutate;
use crate::random::Random;
use crate::target::{FuzzTarget, ParserVerdict, must};

/// The reader of packages.
pub struct DebTarget;

/// Where the random numbers of the seeds begin.
const SEEDS: u64 = 2026;

/// Text that has a meaning somewhere in a package.
pub(super) const WORDS: &[&[u8]] = &[
    b"!<arch>\n",
    b"debian-binary   ",
    b"control.tar.gz  ",
    b"data.tar.xz     ",
    b"_extra          ",
    b"#1/20           ",
    b"//              ",
    b"9999999999",
    b"`\n",
    b"ustar  \0",
    b"ustar\x0000",
    b"././@LongLink\0",
    b"./control\0",
    b"control\0",
    b"../",
    b"77777777777\0",
    b"\x80\0\0\0\0\0\0\0\0\0\x02\0",
    b"\0\0\0\0\0\0\0\0",
    b"\nPackage: other\n",
    b"\n\n",
    b"Version: 1:2-3\n",
    b"Depends: a (>= 1), b | c\n",
    b"\x1f\x8b\x08\0",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
];

impl FuzzTarget for DebTarget {
    fn name(&self) -> &'static str {
        "deb"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        (0..40)
            .map(|case| mutant(&mut Random::new(SEEDS, case)))
            .filter(|deb| debian_deb::read(&deb[..], &Limits::default(), Data::List).is_ok())
            .collect()
    }

    fn words(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn max_length(&self) -> usize {
        16 << 10
    }

    /// Now and then another package takes the place of the input: one that is wrong in a layer which compression or a checksum hides
    /// from changes of single bytes.
    fn repair(&self, input: &mut Vec<u8>, seed: u32) {
        match seed % 8 {
            0 => {}
            1 => *input = mutant(&mut Random::new(u64::from(seed), 0)),
            _ => mend_checksums(input),
        }
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let limits = Limits {
            max_data_bytes: 64 << 20,
            ..Limits::default()
        };
        let skipped = debian_deb::read(input, &limits, Data::Skip);
        let listed = debian_deb::read(Trickle(input), &limits, Data::List);
        let Ok(listed) = listed else {
            // What is skipped may be wrong without harm.
            return Ok(ParserVerdict::Refused);
        };
        let skipped = skipped.map_err(|error| format!("listed, but not skipped: {error}"))?;
        must(skipped.control_files == listed.control_files, || {
            "the control files depend on the data".to_owned()
        })?;
        must(skipped.files.is_none(), || {
            "files without reading the data".to_owned()
        })?;
        for path in listed.files.iter().flatten() {
            must(DataPath::parse(path.as_bytes()).as_ref() == Ok(path), || {
                format!("`{path}` is not clean")
            })?;
            must(!path.is_root(), || "the root is listed as a file".to_owned())?;
        }
        let control = listed.package.control();
        let again = BinaryPackage::parse(control.as_bytes(), &limits);
        let again = again.map_err(|error| format!("its own control text is refused: {error}"))?;
        must(again.control() == control, || {
            "the control text changes when read again".to_owned()
        })?;
        let cut = input.get(..input.len() - 1).unwrap_or_default();
        must(debian_deb::read(cut, &limits, Data::Skip).is_err(), || {
            "it reads without its last byte".to_owned()
        })?;
        Ok(ParserVerdict::Accepted)
    }
}

/// Makes a package that is wrong in one of its layers, the others right.
pub fn mutant(random: &mut Random) -> Vec<u8> {
    let package = base(random);
    let mut control = package.control().into_bytes();
    let [mut control_stream, mut data_stream] = [const { Vec::new() }; 2];
    let layer = random.below(8);
    if layer == 0 {
        mutate(&mut control, WORDS, random);
    }
    let control_compression = pick(
        random,
        &[
            Compression::None,
            Compression::Gzip,
            Compression::Xz,
            Compression::Zstd,
        ],
    );
    let data_compression = pick(random, &Compression::ALL);
    for (stream, mut tar, compression, which) in [
        (
            &mut control_stream,
            package.control_tar_with(&control),
            control_compression,
            0,
        ),
        (&mut data_stream, package.data_tar(), data_compression, 1),
    ] {
        if layer == 1 + which || layer == 3 + which {
            mutate_tar(&mut tar, random);
        }
        *stream = compress(compression, &tar);
        if layer == 5 + which {
            mutate(stream, WORDS, random);
        }
    }
    let control_name = format!("control.tar{}", control_compression.extension());
    let data_name = format!("data.tar{}", data_compression.extension());
    let mut members: Vec<(&str, &[u8])> = vec![
        ("debian-binary", b"2.0\n"),
        ("_extra", b"odd"),
        (&control_name, &control_stream),
        (&data_name, &data_stream),
        ("_late", b""),
    ];
    members.retain(|(name, _)| !name.starts_with('_') || random.once_in(4));
    let mut bytes = assemble(&members);
    if layer == 7 {
        mutate_frame(&mut bytes, random);
    }
    bytes
}

/// Changes the outer archive, near its headers rather than in the streams.
fn mutate_frame(bytes: &mut Vec<u8>, random: &mut Random) {
    let headers: Vec<usize> = bytes
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| *pair == b"`\n")
        .map(|(end, _)| end + 2)
        .collect();
    let end = random.pick(&headers).copied().unwrap_or(68);
    let begin = end.saturating_sub(60);
    let mut header: Vec<u8> = bytes.drain(begin..end).collect();
    mutate(&mut header, WORDS, random);
    bytes.splice(begin..begin, header);
    if random.once_in(4) {
        mutate(bytes, WORDS, random);
    }
}

/// Changes a tar archive, and mends the checksums most of the time so that the change is seen at all.
fn mutate_tar(tar: &mut Vec<u8>, random: &mut Random) {
    let headers = headers(tar);
    match random.pick(&headers) {
        Some(&begin) if !random.once_in(4) => {
            let mut header: Vec<u8> = tar.drain(begin..begin + 512).collect();
            mutate(&mut header, WORDS, random);
            header.resize(512, 0);
            tar.splice(begin..begin, header);
        }
        _ => mutate(tar, WORDS, random),
    }
    if !random.once_in(8) {
        mend(tar, &headers);
    }
}

/// Offsets of the headers of an archive that is still right.
fn headers(tar: &[u8]) -> Vec<usize> {
    let mut offsets = Vec::new();
    let mut at = 0;
    while let Some(bytes) = tar
        .get(at..at + 512)
        .filter(|bytes| bytes.iter().any(|&byte| byte != 0))
    {
        offsets.push(at);
        let size = ::tar::Header::from_byte_slice(bytes)
            .entry_size()
            .unwrap_or_default();
        at += 512 + (size as usize).next_multiple_of(512);
    }
    offsets
}

fn mend(tar: &mut [u8], headers: &[usize]) {
    for &begin in headers {
        let Some(block) = tar.get_mut(begin..begin + 512) else {
            continue;
        };
        let mut header = ::tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
    }
}

/// Mends the checksums of all headers of tar archives that lie uncompressed somewhere in `bytes`.
pub(super) fn mend_checksums(bytes: &mut [u8]) {
    const MAGIC_OFFSET: usize = 257;
    let magics = bytes.windows(5).enumerate().filter(|(_, word)| word == b"ustar");
    let headers: Vec<usize> = magics
        .filter_map(|(at, _)| at.checked_sub(MAGIC_OFFSET))
        .collect();
    mend(bytes, &headers);
}

fn base(random: &mut Random) -> DebBuilder {
    let mut package = DebBuilder::new("hello", "1:2.10-3+b1", pick(random, &["amd64", "all", "arm64"]))
        .field("Section", "devel")
        .field("Installed-Size", "12");
    if random.once_in(2) {
        package = package
            .depends("libc6 (>= 2.36), default-mta | mail-transport-agent, perl:any")
            .field("Source", "hello-src (2.10-3)")
            .field("Description", "says hello\n It does so\n .\n  at once.");
    }
    if random.once_in(2) {
        package = package
            .control_file("conffiles", b"/etc/hello\n")
            .control_file("postinst", b"#!/bin/sh\n");
    }
    if random.once_in(2) {
        package = package
            .file("usr/bin/hello", b"#!/bin/sh\necho hello\n")
            .symlink("usr/bin/hi", "hello");
    }
    if random.once_in(2) {
        package = package
            .file(&"l".repeat(120), b"")
            .file("etc/hello", [b'x'; 700])
            .hardlink("etc/hi", "etc/hello");
    }
    package
}

fn pick<T: Copy>(random: &mut Random, items: &[T]) -> T {
    *random.pick(items).expect("the lists here have items")
}

/// Hands out few bytes at a time, as a slow connection does.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = buf.len().min(61);
        self.0.read(buf.get_mut(..count).unwrap_or_default())
    }
}
