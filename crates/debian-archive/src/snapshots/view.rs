//! States and differences as JSON: the shape that the programs of the archive give out.

use archive_catalog::{CountedState, Progress, Retained};
use debian_control::release::format_iso;
use serde::Serialize;

use super::{Difference, SnapshotChange};
use crate::config::Suite;

/// A state of a suite that can be gone back to.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Snapshot))]
pub struct StateView {
    /// Its name: the date of its Release without its marks.
    pub id: String,
    /// Codename.
    pub suite: String,
    /// Date of its Release.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub date: String,
    /// How many packages it holds.
    pub packages: u64,
    /// Whether it stays until it is deleted.
    pub pinned: bool,
    /// Whether it is what is published now.
    pub live: bool,
    /// Until when it is kept; null where it is pinned or live.
    pub kept_until: Option<String>,
}

impl StateView {
    /// Returns a state of a suite that is published so far.
    pub fn new(suite: &Suite, counted: &CountedState, progress: Option<&Progress>) -> Self {
        let CountedState { state, packages } = counted;
        let live = progress.and_then(|progress| progress.publication.as_ref());
        Self {
            id: state.id.to_string(),
            suite: suite.codename.to_string(),
            date: format_iso(state.date),
            packages: *packages,
            pinned: state.kept == Retained::Pinned,
            // One that is pinned may be live as well, which its `Retained` does not say.
            live: live.is_some_and(|live| (live.revision, live.date) == (state.revision, state.date)),
            kept_until: match state.kept {
                Retained::SupersededAt(at) => Some(format_iso(at + suite.publications_kept_for())),
                Retained::Pinned | Retained::Live => None,
            },
        }
    }
}

/// A difference between two states of a suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Difference))]
pub struct DifferenceView {
    /// `added`, `removed` or `changed`: to another version, or of the same version the section or priority.
    pub change: &'static str,
    /// Codename.
    pub suite: String,
    /// Component.
    pub component: String,
    /// `Package`.
    pub name: String,
    /// `Architecture`.
    pub architecture: String,
    /// The version that goes; null where none does.
    pub before: Option<String>,
    /// The version that comes; null where none does.
    pub after: Option<String>,
}

impl DifferenceView {
    /// Returns a difference of a suite.
    pub fn new(suite: &Suite, difference: &Difference) -> Self {
        let (before, after) = match &difference.change {
            SnapshotChange::Added(version) => (None, Some(version)),
            SnapshotChange::Removed(version) => (Some(version), None),
            SnapshotChange::Changed { from, to } => (Some(from), Some(to)),
        };
        Self {
            change: difference.change.as_str(),
            suite: suite.codename.to_string(),
            component: difference.component.to_string(),
            name: difference.name.to_string(),
            architecture: difference.architecture.to_string(),
            before: before.map(ToString::to_string),
            after: after.map(ToString::to_string),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use archive_catalog::{Publication, RetainedState, SnapshotId};

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_pinned_state_is_live_while_it_is_what_is_published() {
        let config = Config::parse("[[suite]]\ncodename = \"stable\"\n", Path::new("repogen.toml")).unwrap();
        let suite = config.suites.first().unwrap();
        let published = |revision, date| Progress {
            suite: suite.codename.clone(),
            revision,
            publication: Some(Publication {
                revision,
                packages: 1,
                date,
                superseded_at: None,
                settings: String::new(),
                inrelease: debian_control::digest::Sha256::from_bytes([0; 32]),
                valid_until: None,
                contents: None,
                files: Vec::new(),
            }),
        };
        let pinned = CountedState {
            state: RetainedState {
                id: SnapshotId::of(100),
                revision: 7,
                date: 100,
                kept: Retained::Pinned,
            },
            packages: 1,
        };
        let is_live = |progress: Option<&Progress>| StateView::new(suite, &pinned, progress).live;
        assert!(is_live(Some(&published(7, 100))));
        // Published again, or changed, under a later Date.
        assert!(!is_live(Some(&published(7, 101))));
        assert!(!is_live(Some(&published(8, 101))));
        assert!(!is_live(None));
    }
}
