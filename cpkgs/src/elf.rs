//! What a program or a shared library says of itself: its loader, the libraries that it needs, its own name.
//!
//! Reads 64-bit files with the low byte first, which are those of amd64, arm64, riscv64 and ppc64el; to everything else it
//! says that it is none. What is read comes from packages, so that every size is bounded and every offset checked.
//!
//! Source: elf(5), and the "Dynamic Linking" chapter of the System V ABI.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

const MAX_SEGMENTS: u64 = 256;
const MAX_DYNAMIC: u64 = 1 << 16;
const MAX_STRINGS: u64 = 32 << 20;
const MAX_TEXT: usize = 4096;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;

const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;

/// What an ELF file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elf {
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
}

#[derive(Clone, Copy)]
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
}

impl Elf {
    /// Reads a file; `None` when it is no ELF file of the supported kind, or a broken one.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    pub fn read(file: &File) -> io::Result<Option<Self>> {
        match read(file) {
            // An offset past the end, or past what the kernel counts with.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput
                ) =>
            {
                Ok(None)
            }
            read => read,
        }
    }
}

fn read(file: &File) -> io::Result<Option<Elf>> {
    let mut header = [0; 64];
    file.read_exact_at(&mut header, 0)?;
    // 64 bits, low byte first.
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Ok(None);
    }
    let segments = segments(file, &header)?;
    let mut elf = Elf::default();
    if let Some(segment) = segments.iter().find(|segment| segment.kind == PT_INTERP) {
        let bytes = bytes_at(file, segment.offset, segment.size.min(MAX_TEXT as u64))?;
        elf.interpreter = text_at(&bytes, 0);
    }
    if let Some(dynamic) = segments.iter().find(|segment| segment.kind == PT_DYNAMIC) {
        read_dynamic(file, &segments, *dynamic, &mut elf)?;
    }
    Ok(Some(elf))
}

fn segments(file: &File, header: &[u8; 64]) -> io::Result<Vec<Segment>> {
    let start = number(header, 32, 8);
    let size = number(header, 54, 2);
    let count = number(header, 56, 2).min(MAX_SEGMENTS);
    if size < 56 {
        return Ok(Vec::new());
    }
    (0..count)
        .map(|index| {
            let mut bytes = [0; 56];
            file.read_exact_at(&mut bytes, start.saturating_add(index * size))?;
            Ok(Segment {
                kind: u32::try_from(number(&bytes, 0, 4)).unwrap_or(0),
                offset: number(&bytes, 8, 8),
                address: number(&bytes, 16, 8),
                size: number(&bytes, 32, 8),
            })
        })
        .collect()
}

fn read_dynamic(file: &File, segments: &[Segment], dynamic: Segment, elf: &mut Elf) -> io::Result<()> {
    let table = bytes_at(file, dynamic.offset, dynamic.size.min(MAX_DYNAMIC))?;
    let entries = || {
        table
            .chunks_exact(16)
            .map(|entry| (number(entry, 0, 8), number(entry, 8, 8)))
            .take_while(|(tag, _)| *tag != 0)
    };
    let value = |wanted| entries().find(|(tag, _)| *tag == wanted).map(|(_, value)| value);
    let (Some(address), Some(size)) = (value(DT_STRTAB), value(DT_STRSZ)) else {
        return Ok(());
    };
    let Some(offset) = file_offset(segments, address) else {
        return Ok(());
    };
    let strings = bytes_at(file, offset, size.min(MAX_STRINGS))?;
    for (tag, value) in entries() {
        let text = || usize::try_from(value).ok().and_then(|at| text_at(&strings, at));
        match tag {
            DT_NEEDED => elf.needed.extend(text()),
            DT_SONAME => elf.soname = text(),
            DT_RPATH | DT_RUNPATH => {
                let folders = text().unwrap_or_default();
                elf.run_path.extend(
                    folders
                        .split(':')
                        .filter(|one| !one.is_empty())
                        .map(str::to_owned),
                );
            }
            _ => {}
        }
    }
    elf.converts = strings
        .windows(b"\0iconv_open\0".len())
        .any(|window| window == b"\0iconv_open\0");
    Ok(())
}

fn file_offset(segments: &[Segment], address: u64) -> Option<u64> {
    let segment = segments.iter().find(|segment| {
        segment.kind == PT_LOAD
            && address
                .checked_sub(segment.address)
                .is_some_and(|inside| inside < segment.size)
    })?;
    segment.offset.checked_add(address - segment.address)
}

fn bytes_at(file: &File, offset: u64, size: u64) -> io::Result<Vec<u8>> {
    // No more than there is: the size is the file's own word.
    let there = file.metadata()?.len().saturating_sub(offset);
    let mut bytes = vec![0; usize::try_from(size.min(there)).unwrap_or(0)];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let bytes = bytes.get(at..at + length).unwrap_or_default();
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
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
