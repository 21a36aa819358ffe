//! The JSON of the Debian security tracker: `SOURCE: { CVE: { releases: { RELEASE: … } } }`.

use std::collections::{BTreeMap, BTreeSet};

use debian_control::version::Version;
use serde::{Deserialize, Serialize};

use super::report::Standing;
use crate::severity::Severity;

/// One issue of one source package.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TrackerIssue {
    #[serde(default)]
    releases: BTreeMap<String, TrackerRelease>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct TrackerRelease {
    status: String,
    fixed_version: Option<String>,
    #[serde(default)]
    urgency: String,
}

impl TrackerIssue {
    /// Forgets what it says of other releases.
    pub(super) fn keep_releases(&mut self, releases: &BTreeSet<String>) {
        self.releases.retain(|release, _| releases.contains(release));
    }

    /// Says whether it is about no release any more.
    pub(super) fn is_of_no_release(&self) -> bool {
        self.releases.is_empty()
    }

    /// Returns the releases that it is about.
    pub(super) fn releases(&self) -> impl Iterator<Item = &String> {
        self.releases.keys()
    }

    /// Returns what it says of one release, if its severity is `from` or more.
    pub(super) fn part(&self, release: &str, from: Severity) -> Option<Self> {
        let found = self.releases.get(release)?;
        (Severity::of(&found.urgency) >= from).then(|| Self {
            releases: BTreeMap::from([(release.to_owned(), found.clone())]),
        })
    }

    /// Says whether `version` is affected in a release, and which version is fixed; `None` where it is not.
    ///
    /// As the tracker does: a resolved issue affects what is older than its fixed version, and `0` says that the release
    /// never was affected. An open one affects all versions.
    pub(super) fn judge(
        &self,
        release: &str,
        version: &Version,
    ) -> Option<(Severity, Standing, Option<String>)> {
        let found = self.releases.get(release)?;
        let severity = Severity::of(&found.urgency);
        match found.status.as_str() {
            "open" => Some((severity, Standing::Open, None)),
            "undetermined" => Some((severity, Standing::Undetermined, None)),
            "resolved" => {
                let fixed = found.fixed_version.as_deref().filter(|fixed| *fixed != "0")?;
                let is_older = fixed.parse::<Version>().is_ok_and(|fixed| *version < fixed);
                is_older.then(|| (severity, Standing::Fixable, Some(fixed.to_owned())))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(release: &str, version: &str) -> Option<(Severity, Standing, Option<String>)> {
        let text =
            format!("{{\"description\":\"x\",\"scope\":\"remote\",\"releases\":{{\"bookworm\":{release}}}}}");
        let issue: TrackerIssue = serde_json::from_str(&text).unwrap();
        issue.judge("bookworm", &version.parse().unwrap())
    }

    #[test]
    fn what_is_older_than_the_fixed_version_is_affected_by_dpkgs_order() {
        let resolved =
            r#"{"status":"resolved","fixed_version":"1:2.0-1~deb12u1","urgency":"high","repositories":{}}"#;
        let fixable = Some((
            Severity::High,
            Standing::Fixable,
            Some("1:2.0-1~deb12u1".to_owned()),
        ));
        assert_eq!(judge(resolved, "1:2.0-1~deb12u0"), fixable);
        assert_eq!(judge(resolved, "3.0-1"), fixable);
        assert_eq!(judge(resolved, "1:2.0-1~deb12u1"), None);
        assert_eq!(judge(resolved, "1:2.0-1"), None);
    }

    #[test]
    fn zero_is_a_release_that_never_was_affected() {
        assert_eq!(
            judge(
                r#"{"status":"resolved","fixed_version":"0","urgency":"low"}"#,
                "0~1"
            ),
            None
        );
    }

    #[test]
    fn open_and_undetermined_issues_say_so() {
        let open = r#"{"status":"open","urgency":"not yet assigned","nodsa":"Minor issue"}"#;
        assert_eq!(judge(open, "9"), Some((Severity::Unknown, Standing::Open, None)));
        let undetermined = r#"{"status":"undetermined","urgency":"low**"}"#;
        assert_eq!(
            judge(undetermined, "9"),
            Some((Severity::Low, Standing::Undetermined, None))
        );
    }
}
