//! Would apt accept this archive, today and under the rules that are announced?
//!
//! Looks at what decides that and can go bad while nobody changes anything: keys, signatures, dates, what the web server
//! makes of the files, permissions and space. Quick, and reads only; [`Archive::verify`] reads every byte instead. How
//! files are fetched is the caller's concern ([`Served`]).

mod diagnosis;
mod disk;
mod headers;
mod keys;
mod published;
mod served;
mod served_suite;

use debian_control::digest::sha256;

use crate::archive::Archive;
use crate::config::Suite;
use crate::sign::{SignError, Signer};
use diagnosis::Report;

pub use diagnosis::{Area, Diagnosis, Level};
pub use headers::{Answer, Ask, Served};

use crate::verify::ArchiveVerifyError;

/// How many days before its end a key is worth a warning: clients need that long to get another.
pub const KEY_NOTICE_DAYS: i64 = 30;

impl Archive {
    /// Examines `suites` and what they share, as it is at `now`.
    ///
    /// `served` asks the server at `url`; without one, that part is skipped and said to be.
    pub fn diagnose(
        &self,
        suites: &[&Suite],
        signer: Result<&dyn Signer, &SignError>,
        served: Option<&dyn Served>,
        now: i64,
    ) -> Result<Vec<Diagnosis>, ArchiveVerifyError> {
        let mut report = Report::default();
        keys::diagnose(self, signer, now, &mut report)?;
        let mut live = Vec::new();
        for suite in suites {
            if let Some(release) = published::diagnose(self, suite, now, &mut report)? {
                live.push((*suite, release));
            }
        }
        disk::diagnose(self, suites, &mut report);
        match (served, &self.config().url) {
            (Some(server), Some(url)) => {
                let answers = served::diagnose(self, url, server, &mut report)?;
                for (suite, release) in live.iter().filter(|_| answers) {
                    served_suite::diagnose(self, suite, release, server, now, &mut report)?;
                }
            }
            (_, None) => report.skip(
                Area::Served,
                "repogen.toml",
                "no `url`: nothing is asked of the server",
            ),
            (None, Some(url)) => report.skip(Area::Served, url, "not checked: --offline"),
        }
        Ok(report.into_diagnoses())
    }
}

/// Returns whether two files are the same, in words for a report where they are not.
fn same(found: &[u8], expected: &[u8]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "{} bytes with SHA-256 {}; the archive has {} with {}",
        found.len(),
        sha256(found),
        expected.len(),
        sha256(expected)
    ))
}
