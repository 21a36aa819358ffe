//! Files of a system.

use std::fs;
use std::io;
use std::path::Path;

use debian_control::stanza::index_text;

use super::SystemError;

/// Reads a file of dpkg's or apt's as they do: bytes that are no text are no fault.
pub(super) fn read_text(path: &Path) -> Result<String, SystemError> {
    let bytes = fs::read(path).map_err(|source| SystemError::file(path, source))?;
    Ok(index_text(bytes))
}

/// Reads one that need not be there; nothing is in one that is not.
pub(super) fn read_text_if_any(path: &Path) -> Result<String, SystemError> {
    match read_text(path) {
        Err(SystemError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(String::new())
        }
        text => text,
    }
}
