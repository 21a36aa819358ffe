//! Programs and libraries of packages, of which the rootless installation reads the ELF headers.

use std::fs::File;
use std::io::Write as _;

use rootless::elf::Elf;
use rustix::fs::{MemfdFlags, memfd_create};

use crate::target::{FuzzTarget, ParserVerdict, must};

/// The reader of ELF files.
pub(super) struct ElfTarget;

/// Longest text that is taken from a file.
const MAX_TEXT: usize = 4096;

impl FuzzTarget for ElfTarget {
    fn name(&self) -> &'static str {
        "elf"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![
            library(true, false),
            library(true, true),
            library(false, false),
            library(false, true),
        ]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[
            b"\x7fELF\x02\x01\x01",
            b"\x7fELF\x01\x02\x01",
            b"\0iconv_open\0",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\0\0\0\0\0\0\0\0",
        ]
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let mut file: File = memfd_create("elf", MemfdFlags::CLOEXEC)
            .map_err(|error| error.to_string())?
            .into();
        file.write_all(input).map_err(|error| error.to_string())?;
        let elf = Elf::read(&file).map_err(|error| format!("the disk is blamed: {error}"))?;
        let Some(elf) = elf else {
            return Ok(ParserVerdict::Refused);
        };
        let texts = elf.interpreter.iter().chain(&elf.needed).chain(&elf.soname);
        for text in texts.chain(&elf.run_path) {
            must(text.len() <= MAX_TEXT, || {
                format!("a text of {} bytes", text.len())
            })?;
            must(!text.contains('\0'), || format!("{text:?} has a NUL"))?;
        }
        Ok(ParserVerdict::Accepted)
    }
}

/// Width and byte order of numbers in a file.
#[derive(Clone, Copy)]
struct Numbers {
    /// Bytes of an address.
    word: usize,
    is_big_endian: bool,
}

impl Numbers {
    /// Returns a number in so many bytes.
    fn bytes(self, value: u64, width: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = value.to_le_bytes().into_iter().take(width).collect();
        if self.is_big_endian {
            bytes.reverse();
        }
        bytes
    }
}

const STRINGS: &[u8] = b"\0libc.so.6\0libx.so.1\0$ORIGIN:/opt\0iconv_open\0";

/// Entries of the dynamic segment that [`dynamic`] writes.
const ENTRIES: usize = 6;

/// Writes a library of any width and byte order, which needs another and has a name of its own. Source: elf(5).
fn library(is_64: bool, is_big_endian: bool) -> Vec<u8> {
    let word = if is_64 { 8 } else { 4 };
    let numbers = Numbers { word, is_big_endian };
    let (header, segment) = if is_64 { (64, 56) } else { (52, 32) };
    let dynamic_at = header + 2 * segment;
    let strings_at = dynamic_at + ENTRIES * 2 * word;
    let end = (strings_at + STRINGS.len()) as u64;
    let mut file = vec![
        0x7f,
        b'E',
        b'L',
        b'F',
        1 + u8::from(is_64),
        1 + u8::from(is_big_endian),
        1,
    ];
    file.resize(16, 0);
    for (value, width) in [
        (3, 2),
        (62, 2),
        (1, 4),
        (0, word),
        (header as u64, word),
        (0, word),
        (0, 4),
    ] {
        file.extend(numbers.bytes(value, width));
    }
    for value in [header, segment, 2, 0, 0, 0] {
        file.extend(numbers.bytes(value as u64, 2));
    }
    // PT_LOAD and PT_DYNAMIC; the flags stand second in 64 bits, and last but one in 32.
    for (kind, offset, size) in [(1, 0, end), (2, dynamic_at as u64, (ENTRIES * 2 * word) as u64)] {
        file.extend(numbers.bytes(kind, 4));
        if is_64 {
            file.extend(numbers.bytes(4, 4));
        }
        for value in [offset, offset, offset, size, size] {
            file.extend(numbers.bytes(value, word));
        }
        if !is_64 {
            file.extend(numbers.bytes(4, 4));
        }
        file.extend(numbers.bytes(8, word));
    }
    file.extend(dynamic(numbers, strings_at as u64));
    file.extend(STRINGS);
    file
}

/// Writes DT_NEEDED, DT_SONAME, DT_RUNPATH, DT_STRTAB, DT_STRSZ and DT_NULL.
fn dynamic(numbers: Numbers, strings_at: u64) -> Vec<u8> {
    let entries: [(u64, u64); ENTRIES] = [
        (1, 1),
        (14, 11),
        (29, 21),
        (5, strings_at),
        (10, STRINGS.len() as u64),
        (0, 0),
    ];
    let words = entries.iter().flat_map(|(tag, value)| [*tag, *value]);
    words
        .flat_map(|value| numbers.bytes(value, numbers.word))
        .collect()
}
