//! What is known of one source package, as far as it decides whether a suite takes a version of it.

use std::collections::BTreeMap;

use debian_control::version::Version;
use serde::{Deserialize, Serialize};

use super::osv::OsvRecord;
use super::report::Standing;
use super::tracker::TrackerIssue;
use crate::severity::Severity;

/// How bad a vulnerability is, what is known of the version, and which one is fixed.
pub(super) type Judged = (Severity, Standing, Option<String>);

/// The issues and records of one source package in one release.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Advisory {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) issues: BTreeMap<String, TrackerIssue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) records: Vec<OsvRecord>,
}

impl Advisory {
    /// Returns the vulnerabilities of a version of severity `from` or more, of which it is known that they affect it.
    pub(crate) fn blocking(
        &self,
        release: &str,
        source: &str,
        version: &Version,
        from: Severity,
    ) -> Vec<String> {
        judge(
            (release, source, version),
            self.issues.iter(),
            self.records.iter(),
        )
        .into_iter()
        .filter(|(_, (severity, standing, _))| *severity >= from && *standing != Standing::Undetermined)
        .map(|(id, _)| id)
        .collect()
    }
}

/// Returns the vulnerabilities of a version of a source package in a release, by name.
pub(super) fn judge<'a>(
    (release, source, version): (&str, &str, &Version),
    issues: impl Iterator<Item = (&'a String, &'a TrackerIssue)>,
    records: impl Iterator<Item = &'a OsvRecord>,
) -> BTreeMap<String, Judged> {
    let mut found = BTreeMap::new();
    for (id, issue) in issues {
        if let Some(judged) = issue.judge(release, version) {
            found.insert(id.clone(), judged);
        }
    }
    for record in records {
        if let Some(judged) = record.judge(release, source, version) {
            // Several records may be about one CVE: the worst counts.
            let known = found
                .entry(record.name().to_owned())
                .or_insert_with(|| judged.clone());
            if judged.0 > known.0 {
                *known = judged;
            }
        }
    }
    found
}
