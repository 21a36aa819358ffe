//! Files that can be made again: each says what it was made of, and whether it is whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// The form of the files; it changes whenever what is in them does.
const FORMAT: &str = "cpkgs library 2";

/// Returns what was kept under a key; `None` when there is nothing, or it is stale or damaged.
pub(super) fn read(path: &Path, key: &str) -> Option<Vec<u8>> {
    let mut bytes = fs::read(path).ok()?;
    let head = head(key);
    let (before, body) = bytes.split_at_checked(head.len() + 4)?;
    let (found, checksum) = before.split_at_checked(head.len())?;
    let checksum = u32::from_le_bytes(checksum.try_into().ok()?);
    (found == head.as_bytes() && crc32fast::hash(body) == checksum).then_some(())?;
    bytes.drain(..head.len() + 4);
    Some(bytes)
}

/// Keeps bytes under a key.
pub(super) fn write(path: &Path, key: &str, body: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(head(key).as_bytes())?;
    file.write_all(&crc32fast::hash(body).to_le_bytes())?;
    file.write_all(body)?;
    file.persist(path)?;
    Ok(())
}

fn head(key: &str) -> String {
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
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path, "k"), None);
        fs::write(&path, b"").unwrap();
        assert_eq!(read(&path, "k"), None);
    }
}
