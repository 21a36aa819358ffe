//! Records of OSV. Source: the schema of OSV, version 1.7, and its section on evaluation.

use std::collections::BTreeSet;
use std::fmt;

use debian_control::version::Version;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::report::Standing;
use crate::severity::Severity;

/// A record, as far as it is needed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OsvRecord {
    pub(super) id: String,
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    upstream: Vec<String>,
    #[serde(default, deserialize_with = "some_packages")]
    affected: Vec<OsvAffected>,
    #[serde(default)]
    severity: Vec<OsvSeverity>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OsvAffected {
    package: Option<OsvPackage>,
    #[serde(default)]
    ranges: Vec<OsvRange>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    severity: Vec<OsvSeverity>,
    ecosystem_specific: Option<OsvSpecific>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OsvPackage {
    ecosystem: String,
    name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OsvRange {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<OsvEvent>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OsvEvent {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OsvSeverity {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OsvSpecific {
    urgency: Option<String>,
}

/// Most packages that a record is about; the largest have some hundred.
const MAX_AFFECTED: usize = 10_000;

/// Reads the packages of a record: an empty one takes three bytes there and a hundred times as much in memory.
fn some_packages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OsvAffected>, D::Error> {
    struct SomePackages;

    impl<'de> Visitor<'de> for SomePackages {
        type Value = Vec<OsvAffected>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("the packages that a record is about")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut packages = Vec::new();
            while let Some(package) = list.next_element()? {
                if packages.len() == MAX_AFFECTED {
                    let what = format!("a record is about more than {MAX_AFFECTED} packages");
                    return Err(serde::de::Error::custom(what));
                }
                packages.push(package);
            }
            Ok(packages)
        }
    }

    deserializer.deserialize_seq(SomePackages)
}

/// What an event says of a version that has come to it.
enum Turn<'a> {
    Introduced,
    Fixed(&'a str),
    LastAffected,
}

impl OsvRecord {
    /// Returns the names of the packages that it is about in an ecosystem; none where it was withdrawn.
    pub(super) fn packages(&self) -> impl Iterator<Item = (&str, &str)> {
        let affected = self.affected.iter().filter(|_| self.withdrawn.is_none());
        affected
            .filter_map(|affected| affected.package.as_ref())
            .map(|package| (package.ecosystem.as_str(), package.name.as_str()))
    }

    /// Returns how many packages and versions it names: about what it takes in memory.
    pub(super) fn weight(&self) -> usize {
        let events = |ranges: &[OsvRange]| ranges.iter().map(|range| 1 + range.events.len()).sum::<usize>();
        let affected = self.affected.iter();
        let affected = affected.map(|one| 1 + one.versions.len() + events(&one.ranges));
        1 + self.aliases.len() + self.upstream.len() + affected.sum::<usize>()
    }

    /// Returns the CVE that it is about, or its own name: an advisory of a distribution may be about several, each with a record.
    pub(super) fn name(&self) -> &str {
        let names = std::iter::once(&self.id)
            .chain(&self.upstream)
            .chain(&self.aliases);
        let mut cves = names.filter(|name| name.starts_with("CVE-"));
        match cves.next() {
            Some(cve) if cve == &self.id || cves.all(|other| other == cve) => cve,
            _ => &self.id,
        }
    }

    /// Forgets what it says of other releases.
    pub(super) fn keep_releases(&mut self, releases: &BTreeSet<String>) {
        let is_wanted = |package: &OsvPackage| releases.contains(&package.ecosystem);
        self.affected
            .retain(|affected| affected.package.as_ref().is_some_and(is_wanted));
    }

    /// Returns what it says of one package of an ecosystem, if its severity is `from` or more.
    pub(super) fn part(&self, ecosystem: &str, name: &str, from: Severity) -> Option<Self> {
        let is_it = |affected: &OsvAffected| {
            let package = affected.package.as_ref();
            package.is_some_and(|package| package.ecosystem == ecosystem && package.name == name)
                && self.severity(affected) >= from
        };
        let affected: Vec<OsvAffected> = self.affected.iter().filter(|one| is_it(one)).cloned().collect();
        (!affected.is_empty() && self.withdrawn.is_none()).then(|| Self {
            affected,
            ..self.clone()
        })
    }

    /// Says whether a version of a package is affected, and which one is fixed; `None` where it is not.
    pub(super) fn judge(
        &self,
        ecosystem: &str,
        name: &str,
        version: &Version,
    ) -> Option<(Severity, Standing, Option<String>)> {
        let is_it = |package: &OsvPackage| package.ecosystem == ecosystem && package.name == name;
        let mut of_package = self
            .affected
            .iter()
            .filter(|affected| affected.package.as_ref().is_some_and(is_it));
        of_package.find_map(|affected| {
            let fixed = affected.affects(version)?;
            let standing = if fixed.is_some() {
                Standing::Fixable
            } else {
                Standing::Open
            };
            Some((self.severity(affected), standing, fixed.map(str::to_owned)))
        })
    }

    /// Vectors of CVSS are not read: a distribution's own word counts.
    fn severity(&self, affected: &OsvAffected) -> Severity {
        let own = affected
            .ecosystem_specific
            .as_ref()
            .and_then(|own| own.urgency.as_deref());
        let scores = affected.severity.iter().chain(&self.severity);
        let mut named = scores.filter(|score| !score.kind.starts_with("CVSS"));
        own.or_else(|| named.next().map(|score| score.score.as_str()))
            .map_or(Severity::Unknown, Severity::of)
    }
}

impl OsvAffected {
    /// Returns the version that fixes it, where there is one; `None` where the version is not affected.
    fn affects(&self, version: &Version) -> Option<Option<&str>> {
        let ranges = self.ranges.iter().filter(|range| range.kind == "ECOSYSTEM");
        let mut hit = None;
        for range in ranges {
            if let Some(fixed) = range.affects(version) {
                hit = Some(fixed);
                break;
            }
        }
        let listed = || self.versions.iter().any(|listed| listed == version.as_str());
        hit.or_else(|| listed().then_some(None))
    }
}

impl OsvRange {
    /// Goes through the events in the order of their versions, as far as `version`.
    fn affects(&self, version: &Version) -> Option<Option<&str>> {
        let mut turns: Vec<(Version, Turn<'_>)> = Vec::new();
        let mut affected = false;
        for event in &self.events {
            let (text, turn) = match (&event.introduced, &event.fixed, &event.last_affected) {
                (Some(text), None, None) => (text, Turn::Introduced),
                (None, Some(text), None) => (text, Turn::Fixed(text)),
                (None, None, Some(text)) => (text, Turn::LastAffected),
                _ => continue,
            };
            if text == "0" && matches!(turn, Turn::Introduced) {
                affected = true;
            } else if let Ok(at) = text.parse() {
                turns.push((at, turn));
            }
        }
        turns.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut fixed = None;
        for (at, turn) in &turns {
            match turn {
                Turn::Introduced if at <= version => affected = true,
                Turn::Fixed(_) if at <= version => affected = false,
                Turn::LastAffected if at < version => affected = false,
                Turn::Fixed(text) => {
                    fixed = Some(*text);
                    break;
                }
                _ => {}
            }
        }
        affected.then_some(fixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(events: &str, more: &str) -> OsvRecord {
        let text = format!(
            "{{\"id\":\"DEBIAN-CVE-2026-1\",\"upstream\":[\"CVE-2026-1\"]{more},\"affected\":[{{\"package\":{{\"ecosystem\":\"Debian:12\",\
             \"name\":\"hello\"}},\"ranges\":[{{\"type\":\"ECOSYSTEM\",\"events\":[{events}]}}],\"ecosystem_specific\":{{\"urgency\":\"high\"}}}}]}}"
        );
        serde_json::from_str(&text).unwrap()
    }

    fn judge(events: &str, version: &str) -> Option<(Standing, Option<String>)> {
        let judged = record(events, "").judge("Debian:12", "hello", &version.parse().unwrap());
        judged.map(|(_, standing, fixed)| (standing, fixed))
    }

    #[test]
    fn a_version_is_affected_from_where_it_was_introduced_to_where_it_was_fixed() {
        let events = r#"{"introduced":"0"},{"fixed":"1.0-2"},{"introduced":"2.0"},{"fixed":"2.0-3"}"#;
        let fixed = |version: &str| Some((Standing::Fixable, Some(version.to_owned())));
        assert_eq!(judge(events, "1.0-1"), fixed("1.0-2"));
        assert_eq!(judge(events, "1.0-2"), None);
        assert_eq!(judge(events, "2.0~rc1"), None);
        assert_eq!(judge(events, "2.0-2"), fixed("2.0-3"));
        assert_eq!(judge(events, "2.0-10"), None);
        assert_eq!(judge(r#"{"introduced":"0"}"#, "9"), Some((Standing::Open, None)));
        let last = r#"{"introduced":"1"},{"last_affected":"2"}"#;
        assert_eq!(judge(last, "2"), Some((Standing::Open, None)));
        assert_eq!(judge(last, "2+b1"), None);
    }

    #[test]
    fn a_record_has_the_name_of_its_cve_and_the_urgency_of_the_distribution() {
        let found = record(r#"{"introduced":"0"}"#, "");
        assert_eq!(found.name(), "CVE-2026-1");
        let named = |id: &str, upstream: &str| {
            let text = format!(r#"{{"id":"{id}","upstream":{upstream},"affected":[]}}"#);
            serde_json::from_str::<OsvRecord>(&text)
                .unwrap()
                .name()
                .to_owned()
        };
        // Which of them a version still has, only their own records say.
        assert_eq!(named("DSA-1-1", r#"["CVE-2026-1","CVE-2026-2"]"#), "DSA-1-1");
        assert_eq!(named("DSA-1-1", r#"["CVE-2026-1","CVE-2026-1"]"#), "CVE-2026-1");
        assert_eq!(named("CVE-2026-3", r#"["CVE-2026-1"]"#), "CVE-2026-3");
        let judged = found.judge("Debian:12", "hello", &"1".parse().unwrap());
        assert_eq!(judged.map(|(severity, ..)| severity), Some(Severity::High));
        assert!(found.judge("Debian:13", "hello", &"1".parse().unwrap()).is_none());
    }

    #[test]
    fn a_withdrawn_record_is_about_nothing() {
        let withdrawn = record(r#"{"introduced":"0"}"#, ",\"withdrawn\":\"2026-01-01T00:00:00Z\"");
        assert_eq!(withdrawn.packages().count(), 0);
    }
}
