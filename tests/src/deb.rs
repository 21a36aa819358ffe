//! Packages as files.

use std::path::{Path, PathBuf};

use debian_deb::build::DebBuilder;

/// A package that can be written into a folder.
pub trait WriteDeb {
    /// Writes the package into `folder`, which is made when it is not there, and returns its path.
    fn write_into(&self, folder: &Path) -> PathBuf;
}

impl WriteDeb for DebBuilder {
    fn write_into(&self, folder: &Path) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join(self.file_name());
        std::fs::write(&path, self.build()).unwrap();
        path
    }
}
