//! Files that can be made again: each says what it was made of, and whether it is whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// The form of the files; it changes whenever what is in them does.
const FORMAT: &str = "cpkgs library 8";

/// Returns what was kept under a key; `None` when there is nothing, or it is stale or damaged.
pub(crate) fn read(path: &Path, key: &str) -> Option<Vec<u8>> {
    let mut bytes = fs::read(path).ok()?;
    let tail = tail(key);
    let (before, found) = bytes.split_at_checked(bytes.len().checked_sub(tail.len())?)?;
    let (body, checksum) = before.split_last_chunk::<4>()?;
    let whole = found == tail.as_bytes() && crc32fast::hash(body) == u32::from_le_bytes(*checksum);
    let length = body.len();
    // What says so stands at the end, so that nothing has to be moved.
    bytes.truncate(length);
    whole.then_some(bytes)
}

/// Keeps bytes under a key.
pub(crate) fn write(path: &Path, key: &str, body: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(body)?;
    file.write_all(&crc32fast::hash(body).to_le_bytes())?;
    file.write_all(tail(key).as_bytes())?;
    file.persist(path)?;
    Ok(())
}

fn tail(key: &str) -> String {
    format!("{FORMAT} {key}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stale_or_damaged_is_as_if_it_were_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/facts");
        assert_eq!(read(&path, "k"), None);
        write(&path, "k", b"body").unwrap();
        assert_eq!(read(&path, "k").unwrap(), b"body");
        assert_eq!(read(&path, "other"), None);
        let mut bytes = fs::read(&path).unwrap();
        bytes[0] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path, "k"), None);
        fs::write(&path, b"").unwrap();
        assert_eq!(read(&path, "k"), None);
    }
}
