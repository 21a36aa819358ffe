//! What a program or a shared library says of itself: its loader, the libraries that it needs, its own name.
//!
//! Reads ELF of 32 and of 64 bits in either byte order. What is read comes from packages, so every size is bounded, and no more than
//! the file has is ever read.
//!
//! Source: elf(5), and the "Dynamic Linking" chapter of the System V ABI.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use object::Endianness;
use object::elf::{self, DynamicTag, FileHeader32, FileHeader64, ProgramType};
use object::pod::slice_from_bytes;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader};

/// Most bytes of a file header.
const MAX_HEADER: u64 = 64;
const MAX_SEGMENTS: usize = 256;
const MAX_DYNAMIC: u64 = 1 << 16;
const MAX_STRINGS: u64 = 32 << 20;
const MAX_TEXT: usize = 4096;

/// What an ELF file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elf {
    /// The kind of machine that it is for.
    pub abi: Abi,
    /// The loader that it asks for; static programs and libraries have none.
    pub interpreter: Option<String>,
    /// The libraries that it needs, by their names.
    pub needed: Vec<String>,
    /// The name that others need it by.
    pub soname: Option<String>,
    /// Folders that its libraries are looked for in.
    pub run_path: Vec<String>,
    /// Whether it converts between encodings, with modules that lie in a fixed place.
    pub converts: bool,
    /// Where it lies in memory, if it cannot lie anywhere else: the first address, and the one behind the last.
    pub fixed: Option<(u64, u64)>,
}

/// What a program and its libraries have in common: the loader passes over a library of another kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abi {
    /// `e_machine`.
    machine: u16,
    is_64: bool,
    is_big_endian: bool,
}

impl Elf {
    /// Reads a file; `None` when it is not an ELF file, or a broken one.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    pub fn read(file: &File) -> io::Result<Option<Self>> {
        let header = bytes_at(file, 0, MAX_HEADER)?;
        if let Ok(header) = FileHeader64::<Endianness>::parse(header.as_slice()) {
            return read(file, header);
        }
        match FileHeader32::<Endianness>::parse(header.as_slice()) {
            Ok(header) => read(file, header),
            Err(_) => Ok(None),
        }
    }
}

fn read<H: FileHeader<Endian = Endianness>>(file: &File, header: &H) -> io::Result<Option<Elf>> {
    let Ok(endian) = header.endian() else {
        return Ok(None);
    };
    let count = usize::from(header.e_phnum(endian)).min(MAX_SEGMENTS);
    let size = size_of::<H::ProgramHeader>();
    if count > 0 && usize::from(header.e_phentsize(endian)) != size {
        return Ok(None);
    }
    let table = bytes_at(file, header.e_phoff(endian).into(), (count * size) as u64)?;
    let Ok((segments, _)) = slice_from_bytes::<H::ProgramHeader>(&table, count) else {
        return Ok(None);
    };
    let mut found = Elf {
        abi: Abi {
            machine: header.e_machine(endian).0,
            is_64: header.is_type_64(),
            is_big_endian: header.is_big_endian(),
        },
        ..Elf::default()
    };
    if header.e_type(endian) == elf::ET_EXEC {
        found.fixed = extent(segments, endian);
    }
    let part = |kind: ProgramType, most: u64| {
        let segment = segments.iter().find(|segment| segment.p_type(endian) == kind);
        segment.map(|segment| {
            let size: u64 = segment.p_filesz(endian).into();
            bytes_at(file, segment.p_offset(endian).into(), size.min(most))
        })
    };
    if let Some(bytes) = part(elf::PT_INTERP, MAX_TEXT as u64).transpose()? {
        found.interpreter = text_at(&bytes, 0);
    }
    let Some(dynamic) = part(elf::PT_DYNAMIC, MAX_DYNAMIC).transpose()? else {
        return Ok(Some(found));
    };
    let entries = dynamic.len() / size_of::<H::Dyn>();
    let Ok((entries, _)) = slice_from_bytes::<H::Dyn>(&dynamic, entries) else {
        return Ok(None);
    };
    let entries: Vec<(DynamicTag, u64)> = entries
        .iter()
        .map(|entry| (entry.d_tag(endian), entry.d_val(endian).into()))
        .take_while(|(tag, _)| *tag != elf::DT_NULL)
        .collect();
    let value = |wanted: DynamicTag| {
        let entry = entries.iter().find(|(tag, _)| *tag == wanted);
        entry.map(|(_, value)| *value)
    };
    // The table is named by its address in memory.
    let strings = value(elf::DT_STRTAB).and_then(|address| offset_of(segments, endian, address));
    if let (Some(offset), Some(size)) = (strings, value(elf::DT_STRSZ)) {
        let strings = bytes_at(file, offset, size.min(MAX_STRINGS))?;
        found.read_entries(&entries, &strings);
    }
    Ok(Some(found))
}

/// Returns where in the file is what will be at an address.
fn offset_of<P: ProgramHeader<Endian = Endianness>>(
    segments: &[P],
    endian: Endianness,
    address: u64,
) -> Option<u64> {
    segments.iter().find_map(|segment| {
        let start: u64 = segment.p_vaddr(endian).into();
        let inside = address.checked_sub(start)?;
        let is_here = segment.p_type(endian) == elf::PT_LOAD && inside < segment.p_filesz(endian).into();
        let offset: u64 = segment.p_offset(endian).into();
        is_here.then(|| offset.checked_add(inside))?
    })
}

/// Returns the first address that segments are loaded at, and the one behind the last.
fn extent<P: ProgramHeader<Endian = Endianness>>(segments: &[P], endian: Endianness) -> Option<(u64, u64)> {
    let loaded = segments
        .iter()
        .filter(|segment| segment.p_type(endian) == elf::PT_LOAD);
    let ends = loaded.map(|segment| {
        let start: u64 = segment.p_vaddr(endian).into();
        Some((start, start.checked_add(segment.p_memsz(endian).into())?))
    });
    let ends: Vec<(u64, u64)> = ends.collect::<Option<_>>()?;
    let first = ends.iter().map(|(start, _)| *start).min()?;
    Some((first, ends.iter().map(|(_, end)| *end).max()?))
}

impl Elf {
    fn read_entries(&mut self, entries: &[(DynamicTag, u64)], strings: &[u8]) {
        for (tag, value) in entries {
            let text = || usize::try_from(*value).ok().and_then(|at| text_at(strings, at));
            match *tag {
                elf::DT_NEEDED => self.needed.extend(text()),
                elf::DT_SONAME => self.soname = text(),
                elf::DT_RPATH | elf::DT_RUNPATH => {
                    let folders = text().unwrap_or_default();
                    let folders = folders.split(':').filter(|folder| !folder.is_empty());
                    self.run_path.extend(folders.map(str::to_owned));
                }
                _ => {}
            }
        }
        let name = b"\0iconv_open\0";
        self.converts = memchr::memmem::find(strings, name).is_some();
    }
}

/// Reads so many bytes from an offset on, or fewer where the file ends.
fn bytes_at(file: &File, offset: u64, size: u64) -> io::Result<Vec<u8>> {
    // The size is the file's own word, so what is there bounds it.
    let there = file.metadata()?.len().saturating_sub(offset);
    let length = usize::try_from(size.min(there)).expect("sizes are bounded by the callers");
    let mut bytes = vec![0; length];
    match file.read_exact_at(&mut bytes, offset) {
        // An offset past what the kernel counts with.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(Vec::new()),
        read => read.map(|()| bytes),
    }
}

fn text_at(bytes: &[u8], at: usize) -> Option<String> {
    let bytes = bytes.get(at..)?;
    let end = bytes.iter().take(MAX_TEXT).position(|byte| *byte == 0)?;
    String::from_utf8(bytes.get(..end)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_this_machine_needs_a_loader_and_libraries() {
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        let elf = Elf::read(&file).unwrap().unwrap();
        assert!(elf.interpreter.unwrap().contains("ld-"));
        assert!(elf.needed.iter().any(|name| name.starts_with("libc.so")));
    }

    /// A shared library, as a linker makes it: one segment that is the whole file, and one with the dynamic entries.
    fn library(is_64: bool, is_big_endian: bool) -> Vec<u8> {
        file(3, is_64, is_big_endian)
    }

    /// The same as a file of any type.
    fn file(kind: u64, is_64: bool, is_big_endian: bool) -> Vec<u8> {
        let word = if is_64 { 8 } else { 4 };
        let (header, segment) = if is_64 { (64, 56) } else { (52, 32) };
        let number = |value: u64, width: usize| -> Vec<u8> {
            let bytes = value.to_le_bytes()[..width].to_vec();
            if is_big_endian {
                bytes.into_iter().rev().collect()
            } else {
                bytes
            }
        };
        let strings = b"\0libc.so.6\0libx.so.1\0/opt/x:$ORIGIN\0iconv_open\0";
        let dynamic_at = header + 2 * segment;
        let entries = [
            (1, 1),
            (14, 11),
            (29, 21),
            (5, 0),
            (10, strings.len() as u64),
            (0, 0),
        ];
        let strings_at = dynamic_at + entries.len() * 2 * word;
        let mut file = b"\x7fELF".to_vec();
        file.extend([1 + u8::from(is_64), 1 + u8::from(is_big_endian), 1, 0]);
        file.extend([0; 8]);
        file.extend([number(kind, 2), number(21, 2), number(1, 4)].concat());
        file.extend([number(0, word), number(header as u64, word), number(0, word)].concat());
        file.extend(number(0, 4));
        for half in [header, segment, 2, 0, 0, 0] {
            file.extend(number(half as u64, 2));
        }
        let whole = (strings_at + strings.len()) as u64;
        let base = 0x1000;
        for (kind, offset, size) in [
            (1, 0, whole),
            (2, dynamic_at as u64, (strings_at - dynamic_at) as u64),
        ] {
            let rest = [offset, base + offset, base + offset, size, size].map(|value| number(value, word));
            file.extend(number(kind, 4));
            if is_64 {
                file.extend(number(4, 4));
                file.extend(rest.concat());
            } else {
                file.extend(rest.concat());
                file.extend(number(4, 4));
            }
            file.extend(number(0, word));
        }
        for (tag, value) in entries {
            let value = if tag == 5 { base + strings_at as u64 } else { value };
            file.extend([number(tag, word), number(value, word)].concat());
        }
        file.extend(strings);
        file
    }

    #[test]
    fn a_library_of_any_width_and_byte_order_says_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut abis = Vec::new();
        for (is_64, is_big_endian) in [(true, false), (true, true), (false, false), (false, true)] {
            std::fs::write(&path, library(is_64, is_big_endian)).unwrap();
            let elf = Elf::read(&File::open(&path).unwrap()).unwrap().unwrap();
            assert_eq!(elf.needed, ["libc.so.6"], "{is_64} {is_big_endian}");
            assert_eq!(elf.soname.as_deref(), Some("libx.so.1"));
            assert_eq!(elf.run_path, ["/opt/x", "$ORIGIN"]);
            assert!(elf.converts);
            assert!(!abis.contains(&elf.abi));
            abis.push(elf.abi);
        }
    }

    #[test]
    fn a_program_that_can_lie_in_one_place_only_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for (is_64, is_big_endian) in [(true, false), (false, true)] {
            let fixed = |kind| {
                let bytes = file(kind, is_64, is_big_endian);
                std::fs::write(&path, &bytes).unwrap();
                let elf = Elf::read(&File::open(&path).unwrap()).unwrap().unwrap();
                (elf.fixed, 0x1000 + bytes.len() as u64)
            };
            let (found, end) = fixed(2);
            assert_eq!(found, Some((0x1000, end)));
            assert_eq!(fixed(3).0, None);
        }
    }

    #[test]
    fn no_changed_byte_makes_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for (is_64, is_big_endian) in [(true, false), (false, true)] {
            let whole = library(is_64, is_big_endian);
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 0xff;
                std::fs::write(&path, &changed).unwrap();
                let _ = Elf::read(&File::open(&path).unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_made_up_is_none_and_no_panic() {
        let whole = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for length in [0, 5, 16, 63, 64, 100, 120, 500, 1000] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let _ = Elf::read(&File::open(&path).unwrap()).unwrap();
        }
        let mut wild = whole[..64].to_vec();
        wild[6..].fill(0xff);
        std::fs::write(&path, &wild).unwrap();
        assert_eq!(Elf::read(&File::open(&path).unwrap()).unwrap(), None);
    }
}
