//! From a stanza to the addresses of its file.

use debian_control::packages::IndexEntry;
use debian_control::stanza::Stanza;

use super::PackageCacheError;
use crate::fetch::{Download, Location, LocationError};

/// Returns how to fetch the file of a package from an archive with these roots.
///
/// # Errors
/// When its stanza does not say, or names a place outside the archive.
pub fn download<'r>(
    text: &str,
    suite: &str,
    roots: impl IntoIterator<Item = &'r String>,
) -> Result<Download, PackageCacheError> {
    let refused = |why: String| PackageCacheError::Entry {
        package: text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("Package: ")
            .to_owned(),
        suite: suite.to_owned(),
        why,
    };
    let stanza = Stanza::of_index(text).map_err(|error| refused(error.to_string()))?;
    let entry = IndexEntry::from_stanza(&stanza).map_err(|error| refused(error.to_string()))?;
    let location = |root: &String| -> Result<Location, LocationError> {
        // Tools that are run in the folder itself write it so.
        let path = entry.filename.trim_start_matches("./");
        root.parse::<Location>()?.below(path)
    };
    let locations: Vec<Location> = roots
        .into_iter()
        .map(location)
        .collect::<Result<_, _>>()
        .map_err(|error| refused(error.to_string()))?;
    if locations.is_empty() {
        return Err(refused("no source has it".to_owned()));
    }
    Ok(Download {
        name: stanza.line("Package").unwrap_or_default().to_owned(),
        locations,
        size: entry.size,
        sha256: entry.sha256,
    })
}
