//! Reads and writes the memory of a process that is followed. What stands there is the program's, and bounded here.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;

/// Most bytes of a text, as the kernel has it for a path.
const MAX_TEXT: usize = 4096;
/// Most arguments of a program that are looked at.
const MAX_WORDS: usize = 100_000;
/// What is read at a time does not go beyond such a border: what is behind it may not be there.
const PAGE: u64 = 4096;
/// How much is read at a time, where all of it is in one page.
const STEP: u64 = 256;
/// Bytes of a pointer.
const POINTER: usize = 8;

/// The memory of a process that is stopped.
pub(super) struct ProcessMemory(File);

impl ProcessMemory {
    /// Opens it. That of a process which becomes another program is another one.
    pub(super) fn of(process: i32) -> io::Result<Self> {
        let path = format!("/proc/{process}/mem");
        Ok(Self(OpenOptions::new().read(true).write(true).open(path)?))
    }

    /// Reads a text that ends with a zero; nothing where there is none, or a longer one.
    pub(super) fn text(&self, address: u64) -> Option<Vec<u8>> {
        let mut found = Vec::new();
        let mut at = address;
        while found.len() < MAX_TEXT {
            let size = (PAGE - at % PAGE).min(STEP);
            let bytes = self.read(at, usize::try_from(size).ok()?)?;
            if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
                found.extend(bytes.get(..end)?);
                return Some(found);
            }
            found.extend(bytes);
            at = at.checked_add(size)?;
        }
        None
    }

    /// Reads pointers up to one that is zero; nothing where there are too many.
    pub(super) fn pointers(&self, address: u64) -> Option<Vec<u64>> {
        let mut found = Vec::new();
        while found.len() < MAX_WORDS {
            let at = address.checked_add((found.len() * POINTER) as u64)?;
            let bytes: [u8; POINTER] = self.read(at, POINTER)?.try_into().ok()?;
            match u64::from_ne_bytes(bytes) {
                0 => return Some(found),
                pointer => found.push(pointer),
            }
        }
        None
    }

    /// Reads bytes; nothing where they are not all there.
    pub(super) fn read(&self, address: u64, size: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; size];
        self.0.read_exact_at(&mut bytes, address).ok()?;
        Some(bytes)
    }

    /// Writes bytes.
    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, address)
    }
}

/// What is put into the memory of a process for one system call: texts and lists of pointers, one after another.
pub(super) struct Sheet {
    address: u64,
    bytes: Vec<u8>,
}

impl Sheet {
    pub(super) fn new(address: u64) -> Self {
        Self {
            address,
            bytes: Vec::new(),
        }
    }

    /// Adds a text; returns where it will be.
    pub(super) fn text(&mut self, text: &[u8]) -> u64 {
        let at = self.address + self.bytes.len() as u64;
        self.bytes.extend(text);
        self.bytes.push(0);
        at
    }

    /// Adds pointers and a zero; returns where they will be.
    pub(super) fn pointers(&mut self, pointers: impl Iterator<Item = u64>) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(POINTER), 0);
        let at = self.address + self.bytes.len() as u64;
        for pointer in pointers.chain([0]) {
            self.bytes.extend(pointer.to_ne_bytes());
        }
        at
    }

    /// Writes it, unless it is larger than the place for it.
    pub(super) fn write(&self, memory: &ProcessMemory, most: u64) -> io::Result<()> {
        if self.bytes.len() as u64 > most {
            return Err(io::ErrorKind::ArgumentListTooLong.into());
        }
        memory.write(self.address, &self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> ProcessMemory {
        ProcessMemory::of(std::process::id().cast_signed()).unwrap()
    }

    #[test]
    fn texts_and_pointers_are_read_to_their_end_and_not_where_nothing_is() {
        let own = own();
        let text_of = |bytes: &[u8]| own.text(bytes.as_ptr() as u64);
        let long = [vec![b'x'; 1000], vec![0]].concat();
        assert_eq!(text_of(b"/usr\0more").unwrap(), b"/usr");
        assert_eq!(text_of(&long).unwrap().len(), 1000);
        assert_eq!(text_of(&[b'x'; 5000]), None);
        assert_eq!(own.text(8), None);
        assert_eq!(own.text(u64::MAX), None);
        let list = [5_u64, 6, 0, 7];
        assert_eq!(own.pointers(list.as_ptr() as u64).unwrap(), [5, 6]);
        assert_eq!(own.pointers(8), None);
    }

    #[test]
    fn a_sheet_says_where_things_will_be_and_refuses_to_be_too_large() {
        let mut place = [0_u8; 64];
        let mut sheet = Sheet::new(place.as_mut_ptr() as u64);
        let first = sheet.text(b"abc");
        let list = sheet.pointers([first].into_iter());
        assert!(sheet.write(&own(), 8).is_err());
        sheet.write(&own(), 64).unwrap();
        let words = own().pointers(list).unwrap();
        assert_eq!(own().text(words[0]).unwrap(), b"abc");
    }
}
