//! The name of a file that is put.

use debian_archive::ingest::FileKind;

use crate::problem::{Code, Problem};

/// Refuses a file that is no package by its name.
pub(crate) fn check_name(name: &str) -> Result<(), Problem> {
    let shown = name.escape_debug();
    match FileKind::of(std::path::Path::new(name)) {
        FileKind::Package => Ok(()),
        FileKind::NotTaken(why) => Err(Problem::new(Code::FileNotTaken, format!("`{shown}`: {why}"))),
        FileKind::Other => Err(Problem::new(
            Code::InvalidUpload,
            format!("expected the name of a .deb or .ddeb, found `{shown}`"),
        )),
    }
}
