//! What a package was unpacked to: `files` beside its tree, by which what was damaged since is found.
//!
//! One entry for each file and link, ended by a NUL: `f` and the CRC-32 of a file's content, `l` and that of a link's target, or `h`
//! for a further name of a file; eight digits, a space, the path. A CRC tells accidents, not malice: who may write to the store
//! may write to this as well.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crc32fast::Hasher;

/// Its name.
const FILES: &str = "files";

/// What is noted while a package is unpacked.
#[derive(Debug, Default)]
pub(super) struct Record(Vec<u8>);

impl Record {
    /// Copies the content of a file, and notes it.
    pub(super) fn copy(&mut self, path: &[u8], content: &mut dyn Read, file: &mut File) -> io::Result<()> {
        let mut content = Summed::of(content);
        io::copy(&mut content, file)?;
        self.note(b'f', content.hasher, path);
        Ok(())
    }

    /// Notes a symbolic link.
    pub(super) fn symlink(&mut self, path: &[u8], target: &[u8]) {
        let mut hasher = Hasher::new();
        hasher.update(target);
        self.note(b'l', hasher, path);
    }

    /// Notes a further name of a file.
    pub(super) fn hard_link(&mut self, path: &[u8]) {
        self.note(b'h', Hasher::new(), path);
    }

    fn note(&mut self, kind: u8, hasher: Hasher, path: &[u8]) {
        self.0.push(kind);
        self.0
            .extend_from_slice(format!("{:08x} ", hasher.finalize()).as_bytes());
        self.0.extend_from_slice(path);
        self.0.push(0);
    }

    /// Writes it into the folder of the package.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        fs::write(folder.join(FILES), &self.0)
    }
}

/// Returns what is not as it was unpacked, in words: the first that is found.
pub(super) fn fault(folder: &Path) -> Option<String> {
    let Ok(record) = fs::read(folder.join(FILES)) else {
        return Some("the list of its files cannot be read".to_owned());
    };
    let tree = folder.join("tree");
    let mut entries = record.split(|byte| *byte == 0);
    // What follows the last NUL.
    if entries.next_back() != Some(&[]) {
        return Some("the list of its files is cut off".to_owned());
    }
    entries.find_map(|entry| {
        let (Some((kind, sum)), Some(path)) = (entry.get(..9).and_then(<[u8]>::split_first), entry.get(10..))
        else {
            return Some("the list of its files is not as it was written".to_owned());
        };
        let shown = String::from_utf8_lossy(path);
        match sum_of(*kind, &tree.join(std::ffi::OsStr::from_bytes(path))) {
            Ok(found) if found.as_bytes() == sum => None,
            Ok(_) => Some(format!("`{shown}` is not as it came")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(format!("`{shown}` is gone")),
            Err(error) => Some(format!("`{shown}` cannot be read: {error}")),
        }
    })
}

fn sum_of(kind: u8, path: &Path) -> io::Result<String> {
    let mut hasher = Hasher::new();
    match kind {
        b'f' => {
            let mut content = Summed::of(File::open(path)?);
            io::copy(&mut content, &mut io::sink())?;
            hasher = content.hasher;
        }
        b'l' => hasher.update(fs::read_link(path)?.as_os_str().as_bytes()),
        _ => {
            fs::symlink_metadata(path)?;
        }
    }
    Ok(format!("{:08x}", hasher.finalize()))
}

/// Sums up what is read.
struct Summed<R> {
    reader: R,
    hasher: Hasher,
}

impl<R: Read> Summed<R> {
    fn of(reader: R) -> Self {
        Self {
            reader,
            hasher: Hasher::new(),
        }
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hasher
            .update(buffer.get(..read).expect("a read fills no more than the buffer"));
        Ok(read)
    }
}
