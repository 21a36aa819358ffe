//! Tar archives by themselves.

use std::convert::Infallible;

use debian_deb::build::DebBuilder;
use debian_deb::tarball::{TarBounds, walk};
use debian_deb::{DataKind, DataPath};

use super::deb::{WORDS, mend_checksums};
use crate::target::{FuzzTarget, ParserVerdict, must};

/// The walk over a tar archive.
pub(super) struct TarTarget;

const BOUNDS: TarBounds = TarBounds {
    max_entries: 1000,
    max_path_bytes: 4096,
    max_paths_bytes: 1 << 20,
};

impl FuzzTarget for TarTarget {
    fn name(&self) -> &'static str {
        "tar"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![
            DebBuilder::new("tar", "1", "all")
                .file("usr/file", [b'x'; 600])
                .file(&"n".repeat(120), b"content")
                .file(&format!("{}/file", "l".repeat(130)), b"")
                .hardlink("usr/hard", "usr/file")
                .symlink("usr/link", &"target/".repeat(15))
                .data_tar(),
        ]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn max_length(&self) -> usize {
        16 << 10
    }

    fn repair(&self, input: &mut Vec<u8>, seed: u32) {
        // Some stay wrong, so that what refuses them is tried, too.
        if !seed.is_multiple_of(8) {
            mend_checksums(input);
        }
    }

    /// What the walk takes, the `tar` crate by itself must see in the same way.
    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let mut ours = Vec::new();
        let walked = walk::<_, Infallible>(input, &BOUNDS, |entry, _| {
            ours.push((entry.path.clone(), entry.kind == DataKind::Directory, entry.size));
            Ok(())
        });
        if walked.is_err() {
            return Ok(ParserVerdict::Refused);
        }
        let mut archive = tar::Archive::new(input);
        let mut theirs = Vec::new();
        for entry in archive.entries().map_err(|error| error.to_string())? {
            let entry = entry.map_err(|error| format!("the tar crate refuses it: {error}"))?;
            let name = entry.path_bytes();
            let path =
                DataPath::parse(&name).map_err(|error| format!("the tar crate sees a path: {error}"))?;
            theirs.push((
                path,
                name.ends_with(b"/") || entry.header().entry_type().is_dir(),
                entry.size(),
            ));
        }
        must(ours.len() == theirs.len(), || {
            format!("{} entries, for the tar crate {}", ours.len(), theirs.len())
        })?;
        let differs = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
        must(differs.is_none(), || {
            format!("the tar crate sees another entry: {differs:?}")
        })?;
        Ok(ParserVerdict::Accepted)
    }
}
