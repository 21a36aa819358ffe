//! The last build of an index: its manifest, and the files it made.
//!
//! Given to a build by whoever publishes. The files are those that are served, so their first bytes are copied and never
//! changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use crate::form::Form;
use crate::manifest::IndexManifest;

/// What a build builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousBuild {
    /// What the last build wrote of itself.
    pub manifest: IndexManifest,
    /// The files of its compressed forms. Where one is missing or has another size, all are joined from cached chunks.
    pub files: BTreeMap<Form, PathBuf>,
}

impl PreviousBuild {
    /// Opens the file of a form; `None` where it is not the one that the manifest describes.
    pub(super) fn open(&self, form: Form) -> Option<File> {
        let file = File::open(self.files.get(&form)?).ok()?;
        let size = self.manifest.outputs.get(&form)?.size;
        (file.metadata().ok()?.len() == size).then_some(file)
    }
}
