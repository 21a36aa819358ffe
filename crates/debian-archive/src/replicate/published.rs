//! What is published of a suite, read in one piece while publishers go on.

use std::time::Duration;

use debian_control::digest;

use super::ReplicateError;
use crate::archive::Archive;
use crate::config::Suite;
use crate::live_release::signed_text;
use archive_catalog::Publication;

/// How often it is read again while a publisher is between writing and recording.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// One publication and its Release files.
pub(super) struct PublishedSuite {
    pub(super) publication: Publication,
    pub(super) inrelease: Vec<u8>,
    pub(super) release: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl PublishedSuite {
    /// Says whether nothing was published between both.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.inrelease == other.inrelease
    }

    /// Reads it: the Release files are those of the publication, and belong together.
    pub(super) fn read(archive: &Archive, suite: &Suite) -> Result<Self, ReplicateError> {
        for _ in 0..ATTEMPTS {
            if let Some(read) = Self::try_read(archive, suite)? {
                return Ok(read);
            }
            std::thread::sleep(PAUSE);
        }
        Err(ReplicateError::Unsettled(suite.codename.clone()))
    }

    /// Reads it; `None` when a publisher was at work meanwhile.
    fn try_read(archive: &Archive, suite: &Suite) -> Result<Option<Self>, ReplicateError> {
        let publications = archive.catalog().publications(&suite.codename)?;
        let newest = publications.into_iter().next();
        let publication = newest.ok_or_else(|| ReplicateError::Unpublished(suite.codename.clone()))?;
        let read = |name: &str| super::required(archive, &format!("{}/{name}", archive.dists(suite)));
        let inrelease = read("InRelease")?;
        let (release, signature) = (read("Release")?, read("Release.gpg")?);
        // It is the same text with a signature around it; the detached one is written before both.
        let inrelease_text = String::from_utf8_lossy(&inrelease);
        let signed = signed_text(&inrelease_text).map(str::trim_end);
        let is_one = digest::sha256(&inrelease) == publication.inrelease
            && signed == Some(String::from_utf8_lossy(&release).trim_end())
            && read("Release.gpg")? == signature
            && read("Release")? == release;
        Ok(is_one.then_some(Self {
            publication,
            inrelease,
            release,
            signature,
        }))
    }
}

/// Returns the Date of a Release file or an InRelease, in Unix seconds; `None` where there is none that can be read.
pub(super) fn date_of(text: &str) -> Option<i64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Date:"))?;
    debian_control::release::parse_date(line.trim())
}
