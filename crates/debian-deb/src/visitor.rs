//! Whoever is shown a package while it is read.

use std::io::{self, Read};

use crate::control::ControlFiles;
use crate::tarball::TarEntry as DataEntry;
use debian_control::package::BinaryPackage;

/// Takes a package's entries as they are read.
///
/// An error ends the reading and comes out as [`DebError::Visitor`](crate::DebError::Visitor).
pub trait DataVisitor {
    /// Takes what `control.tar` says, before the first entry: the place to turn down a package that is another than
    /// was expected.
    ///
    /// # Errors
    ///
    /// Whatever should end the reading.
    fn control(&mut self, package: &BinaryPackage, control_files: &ControlFiles) -> io::Result<()> {
        let _ = (package, control_files);
        Ok(())
    }

    /// Takes one entry of `data.tar`; `content` holds its bytes when it is a file, and need not be read.
    ///
    /// The end of `data.tar` has not been seen yet: what is done with an entry must be undone when the reading fails
    /// later.
    ///
    /// # Errors
    ///
    /// Whatever should end the reading.
    fn entry(&mut self, entry: &DataEntry, content: &mut dyn Read) -> io::Result<()>;
}
