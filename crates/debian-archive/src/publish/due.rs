//! When a suite is to be published.

use crate::config::{ContentsPolicy, Suite};
use crate::live_release::LiveRelease;
use archive_catalog::{Publication, Snapshot};

/// Seconds.
const DAY: i64 = 24 * 60 * 60;

/// Returns whether a publish would change anything.
pub(super) fn due(
    suite: &Suite,
    snapshot: &dyn Snapshot,
    live: &LiveRelease,
    settings: &str,
    now: i64,
) -> bool {
    let state = snapshot.state();
    let Some(publication) = &state.publication else {
        return true;
    };
    publication.revision != state.revision
        || publication.settings != settings
        || live.inrelease() != Some(publication.inrelease)
        || due_at(suite, publication, state.revision).is_some_and(|at| now >= at)
}

/// Returns when a publish comes due although nothing changes any more, in Unix seconds.
///
/// Half of a Release's validity before it ends, so that an archive nobody adds to stays valid; or when the Contents
/// indexes, which a publish did not rebuild, have become too old; or when a new day begins and pages say how often packages
/// were downloaded. `revision` is the suite's present revision.
pub(crate) fn due_at(suite: &Suite, publication: &Publication, revision: i64) -> Option<i64> {
    let renewal = renewal_at(suite, publication);
    let contents = contents_due_at(suite, publication, revision);
    let downloads = suite
        .shows_downloads
        .then(|| (publication.date.div_euclid(DAY) + 1) * DAY);
    renewal.into_iter().chain(contents).chain(downloads).min()
}

fn renewal_at(suite: &Suite, publication: &Publication) -> Option<i64> {
    suite.valid_for.map(|span| publication.date + span.seconds() / 2)
}

/// Returns whether what is published is to be signed again although its packages stay: it grows old, or other keys sign.
pub(super) fn renewal_due(suite: &Suite, publication: &Publication, settings: &str, now: i64) -> bool {
    publication.settings != settings || renewal_at(suite, publication).is_some_and(|at| now >= at)
}

/// Returns whether Contents indexes are to be rebuilt.
pub(super) fn contents_due(suite: &Suite, publication: &Publication, revision: i64, now: i64) -> bool {
    contents_due_at(suite, publication, revision).is_some_and(|at| now >= at)
}

/// Returns when Contents indexes are to be rebuilt, the beginning of time where that is in any case.
fn contents_due_at(suite: &Suite, publication: &Publication, revision: i64) -> Option<i64> {
    match (suite.contents, publication.contents) {
        (ContentsPolicy::Off, _) => None,
        (_, None) => Some(i64::MIN),
        (_, Some(contents)) if contents.revision == revision => None,
        (ContentsPolicy::Always, Some(_)) => Some(i64::MIN),
        (ContentsPolicy::After(span), Some(contents)) => Some(contents.at + span.seconds()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use archive_catalog::ContentsState;

    fn publication(contents: Option<ContentsState>) -> Publication {
        Publication {
            revision: 5,
            packages: 0,
            date: 1_000,
            superseded_at: None,
            settings: String::new(),
            inrelease: debian_control::digest::Sha256::of(b""),
            valid_until: None,
            contents,
            files: Vec::new(),
        }
    }

    fn at(settings: &str, contents: Option<(i64, i64)>) -> Option<i64> {
        let text = format!("[[suite]]\ncodename = \"stable\"\n{settings}");
        let config = Config::parse(&text, Path::new("repogen.toml")).unwrap();
        let contents = contents.map(|(at, revision)| ContentsState { at, revision });
        due_at(&config.suites[0], &publication(contents), 5)
    }

    #[test]
    fn a_release_is_renewed_when_half_of_its_validity_is_over() {
        assert_eq!(at("contents = \"off\"\nvalid_for = \"100s\"", None), Some(1_050));
        assert_eq!(at("contents = \"off\"", None), None);
    }

    #[test]
    fn counts_of_downloads_are_brought_up_to_date_when_a_day_begins() {
        let at = |settings: &str| at(&format!("contents = \"off\"\n{settings}"), None);
        assert_eq!(at("[site]\ndownloads = true"), Some(DAY));
        assert_eq!(at("[site]"), None);
        assert_eq!(at("[site]\nenabled = false\ndownloads = true"), None);
        assert_eq!(at("private = true\n[site]\ndownloads = true"), None);
    }

    #[test]
    fn contents_come_due_when_they_are_old_and_show_less_than_the_suite_holds() {
        let hour = "contents = \"1h\"";
        assert_eq!(at(hour, Some((900, 4))), Some(4_500));
        assert_eq!(at(hour, Some((900, 5))), None);
        assert_eq!(
            at("contents = \"1h\"\nvalid_for = \"100s\"", Some((900, 4))),
            Some(1_050)
        );
    }
}
