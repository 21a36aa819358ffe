//! What every command works with: the root, the location and the printer.

use std::path::PathBuf;

use debian_archive::archive::{Archive, OpenError};
use debian_archive::at_start;
use debian_archive::error_text::with_causes;
use debian_archive::location::ArchiveLocation;
use debian_control::terminal::escaped;

use super::exit::Failure;
use super::printer::Printer;

/// What every command works with.
pub(super) struct Context {
    pub(super) root: PathBuf,
    pub(super) printer: Printer,
}

impl Context {
    /// Says where the archive is, by the root and the environment.
    pub(super) fn location(&self) -> Result<ArchiveLocation, Failure> {
        let (storage, database) = (variable("STORAGE_URL")?, variable("DATABASE_URL")?);
        let storage = bucket_storage::open_named(storage.as_deref(), std::env::vars_os())?;
        Ok(ArchiveLocation::new(&self.root, storage, database.as_deref())?)
    }

    /// Opens the archive.
    pub(super) fn archive(&self) -> Result<Archive, Failure> {
        Ok(Archive::open(&self.location()?)?)
    }

    /// Opens the archive for a program that stays, which waits a while for a database that is being restarted.
    pub(super) fn archive_at_start(&mut self) -> Result<Archive, Failure> {
        let location = self.location()?;
        let tell = |error: &OpenError| {
            let (error, seconds) = (with_causes(error), at_start::PATIENCE.as_secs());
            let text = format!("warning: {error}: it is tried again for {seconds} s");
            self.printer.info(escaped(&text).replace('\n', "\\n"));
        };
        Ok(at_start::patiently(|| Archive::open(&location), tell)?)
    }
}

/// Reads a variable; one that is no text does not count as left out, and is not shown, since it may hold a password.
fn variable(name: &str) -> Result<Option<String>, Failure> {
    let value = std::env::var_os(name).map(std::ffi::OsString::into_string);
    value
        .transpose()
        .map_err(|_| Failure::usage(format_args!("the variable {name} is not UTF-8")))
}
