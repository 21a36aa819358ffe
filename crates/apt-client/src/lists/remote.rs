//! The folder of one suite, on its archive and the archive's mirrors.

use debian_control::digest::Digester;
use debian_control::release::IndexFile;

use super::error::UpdateError;
use crate::fetch::{FetchError, Fetcher, FileRequest, FileResponse, Location, Validators};
use crate::source::Source;

/// Asks for files of a suite, and counts what came.
pub(super) struct Remote<'a> {
    fetcher: &'a Fetcher,
    source: &'a Source,
    /// The suite, as it is configured.
    asked: &'a str,
    pub(super) requests: u64,
    pub(super) bytes: u64,
}

/// Whether files are also served under their digest. Source: the Debian wiki, DebianRepository/Format, `Acquire-By-Hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByHash {
    /// They are.
    Served,
    /// They are not.
    NotServed,
}

impl ByHash {
    /// Takes what a Release says.
    pub(super) fn said(acquire_by_hash: bool) -> Self {
        if acquire_by_hash {
            Self::Served
        } else {
            Self::NotServed
        }
    }
}

impl<'a> Remote<'a> {
    pub(super) fn new(fetcher: &'a Fetcher, source: &'a Source, asked: &'a str) -> Self {
        Self {
            fetcher,
            source,
            asked,
            requests: 0,
            bytes: 0,
        }
    }

    /// Fetches a file that a Release lists, and holds it against that.
    pub(super) fn listed(
        &mut self,
        listed: &IndexFile,
        by_hash: ByHash,
    ) -> Result<(Location, Vec<u8>), UpdateError> {
        let path = below(self.asked, &listed.path);
        if listed.size == 0 {
            // Nothing is what was signed; some servers do not even have it.
            let location = self.source.location.below(&path)?;
            check(&location, &[], listed)?;
            return Ok((location, Vec::new()));
        }
        let mut paths = vec![(listed.path.clone(), ByHash::NotServed)];
        if by_hash == ByHash::Served {
            paths.insert(0, (hashed(listed), ByHash::Served));
        }
        let mut missing = None;
        for (path, by_hash) in paths {
            match self.ask(&path, listed.size, None) {
                Ok((location, FileResponse::Body { bytes, .. })) => {
                    check(&location, &bytes, listed)?;
                    return Ok((location, bytes));
                }
                Ok((_, FileResponse::NotModified)) => {}
                Err(UpdateError::Fetch(error)) if error.may_be_missing() => {
                    missing = missing.or(Some(error));
                }
                // Whatever a server has against the digest, it may serve the name, and that is what apt asks for next.
                Err(UpdateError::Fetch(
                    error @ (FetchError::Status { .. }
                    | FetchError::Denied { .. }
                    | FetchError::Astray { .. }),
                )) if by_hash == ByHash::Served => {
                    missing = missing.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        Err(missing
            .expect("what is asked for without conditions comes or is missing")
            .into())
    }

    /// Asks for a file below the suite's folder.
    pub(super) fn ask(
        &mut self,
        path: &str,
        limit: u64,
        known: Option<&Validators>,
    ) -> Result<(Location, FileResponse), UpdateError> {
        self.ask_roots(path, (limit, known, None))
    }

    /// Asks for so many bytes, from an offset on, of a file that is served under its digest.
    pub(super) fn ask_range(
        &mut self,
        listed: &IndexFile,
        range: (u64, u64),
    ) -> Result<(Location, FileResponse), UpdateError> {
        self.ask_roots(&hashed(listed), (range.1, None, Some(range)))
    }

    /// Asks the archive for a file or a part of it, and its mirrors when it cannot be reached.
    fn ask_roots(
        &mut self,
        path: &str,
        (limit, known, range): (u64, Option<&Validators>, Option<(u64, u64)>),
    ) -> Result<(Location, FileResponse), UpdateError> {
        let path = below(self.asked, path);
        let mut failed = None;
        for root in self.source.roots() {
            let location = root.below(&path)?;
            self.requests += 1;
            let get = FileRequest {
                location: &location,
                limit,
                known,
                range,
            };
            match self.fetcher.get(&get) {
                Ok(got) => {
                    if let FileResponse::Body { bytes, .. } = &got {
                        self.bytes += bytes.len() as u64;
                    }
                    return Ok((location, got));
                }
                Err(error) if error.is_passing() => failed = failed.or(Some(error)),
                Err(error) => return Err(error.into()),
            }
        }
        Err(failed.expect("an archive has a root").into())
    }
}

/// Returns where a file of a suite is below the archive's root.
///
/// A suite whose name ends in a slash is a folder that has everything by itself. Source: sources.list(5), "exact path".
fn below(asked: &str, path: &str) -> String {
    match flat_folder(asked) {
        None => format!("dists/{asked}/{path}"),
        Some("") => path.to_owned(),
        Some(folder) => format!("{folder}/{path}"),
    }
}

/// Returns the folder of a suite that stands by itself, without `dists` and components; empty for the archive's root.
pub(super) fn flat_folder(asked: &str) -> Option<&str> {
    let folder = asked.strip_suffix('/')?;
    Some(match folder.strip_prefix("./") {
        Some(folder) => folder,
        None if folder == "." => "",
        None => folder,
    })
}

fn hashed(listed: &IndexFile) -> String {
    let folder = listed
        .path
        .rsplit_once('/')
        .map_or(String::new(), |(folder, _)| format!("{folder}/"));
    format!("{folder}by-hash/SHA256/{}", listed.sha256)
}

/// Holds bytes against what the Release lists.
fn check(location: &Location, bytes: &[u8], listed: &IndexFile) -> Result<(), FetchError> {
    let mut digester = Digester::sha256();
    digester.update(bytes);
    let sha256 = digester.finish().sha256;
    let (what, found, expected) = if bytes.len() as u64 != listed.size {
        ("size", bytes.len().to_string(), listed.size.to_string())
    } else if sha256 != listed.sha256 {
        ("SHA256", sha256.to_string(), listed.sha256.to_string())
    } else {
        return Ok(());
    };
    Err(FetchError::Wrong {
        location: location.clone(),
        what,
        found,
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_that_ends_in_a_slash_stands_by_itself() {
        for (asked, path) in [
            ("stable", "dists/stable/InRelease"),
            ("stable/updates", "dists/stable/updates/InRelease"),
            ("/", "InRelease"),
            ("./", "InRelease"),
            ("debs/", "debs/InRelease"),
            ("./debs/amd64/", "debs/amd64/InRelease"),
        ] {
            assert_eq!(below(asked, "InRelease"), path, "{asked}");
        }
    }
}
