//! Files of a system.

use std::fs;
use std::path::Path;

use super::SystemError;

pub(super) fn read_text(path: &Path) -> Result<String, SystemError> {
    fs::read_to_string(path).map_err(|source| SystemError::file(path, source))
}
