use debian_control::digest::Sha256;
use proptest::prelude::*;

use crate::testing::TestServer;
use crate::{
    Catalog, Content, CountedState, DatabaseUrl, NewContent, NewPlacement, Pin, PlacementOutcome, PruneMode,
    Retained, RetainedState, Retention, Selection, SnapshotId, SnapshotPackage, SqlCatalog,
};

/// A change of a suite.
#[derive(Debug, Clone)]
enum Step {
    Place { package: u8, version: u8, extra: bool },
    Remove { package: u8 },
    GoBack { to: prop::sample::Index },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..4_u8, 0..3_u8, any::<bool>())
            .prop_map(|(package, version, extra)| Step::Place { package, version, extra }),
        2 => (0..4_u8).prop_map(|package| Step::Remove { package }),
        1 => any::<prop::sample::Index>().prop_map(|to| Step::GoBack { to }),
    ];
    prop::collection::vec(step, 1..24)
}

fn wish(package: u8, version: u8, extra: bool) -> NewPlacement {
    let (name, version_text) = (format!("package-{package}"), format!("1.{version}"));
    let content = Content {
        sha256: Sha256::from_bytes([package * 16 + version + 1; 32]),
        size: 1,
        name: name.parse().unwrap(),
        version: version_text.parse().unwrap(),
        architecture: "all".parse().unwrap(),
        source: name.parse().unwrap(),
        control: format!("Package: {name}\n"),
        created_at: 0,
    };
    NewPlacement {
        suite: "stable".parse().unwrap(),
        component: if extra { "extra" } else { "main" }.parse().unwrap(),
        tree: String::new(),
        path: format!("pool/{name}_{version_text}_all.deb"),
        content: NewContent {
            content,
            paths: Vec::new(),
        },
        put_after: None,
        accepted: Vec::new(),
        judged: None,
        metadata: crate::listing::Description::default(),
        by: None,
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    catalog: SqlCatalog,
}

impl Bench {
    /// A catalog on each database.
    fn each() -> [Self; 2] {
        let folder = tempfile::tempdir().unwrap();
        let file = DatabaseUrl::Sqlite(folder.path().join("catalog.db"));
        [
            Self::new(folder, &file),
            Self::new(tempfile::tempdir().unwrap(), &TestServer::shared().database()),
        ]
    }

    fn new(folder: tempfile::TempDir, url: &DatabaseUrl) -> Self {
        let catalog = SqlCatalog::create(url).unwrap();
        catalog.ensure_suites(&["stable".parse().unwrap()]).unwrap();
        Self {
            _folder: folder,
            catalog,
        }
    }

    fn packages(&self, revision: Option<i64>) -> Vec<SnapshotPackage> {
        let snapshot = self
            .catalog
            .snapshot(&"stable".parse().unwrap(), "", revision)
            .unwrap();
        snapshot.packages().unwrap()
    }

    fn roll_back(&self, to: i64, now: i64) -> bool {
        let held = self.packages(Some(to)).len() as u64;
        let suite = "stable".parse().unwrap();
        let state = |packages| CountedState {
            state: RetainedState {
                id: SnapshotId::of(to),
                revision: to,
                date: to,
                kept: Retained::Live,
            },
            packages,
        };
        let forgotten = self.catalog.roll_back(&suite, &state(held + 1), None, now);
        assert!(matches!(forgotten, Err(crate::CatalogError::StateForgotten(_))));
        self.catalog.roll_back(&suite, &state(held), None, now).unwrap()
    }

    fn revision(&self) -> i64 {
        let snapshot = self
            .catalog
            .snapshot(&"stable".parse().unwrap(), "", None)
            .unwrap();
        snapshot.state().revision
    }

    fn remove(&self, package: u8) {
        let selection = Selection {
            suite: Some("stable".parse().unwrap()),
            name: Some(format!("package-{package}").parse().unwrap()),
            ..Selection::default()
        };
        self.catalog
            .remove(std::slice::from_ref(&selection), None, 1)
            .unwrap();
    }

    fn take(&self, step: &Step, revisions: &[i64]) {
        match step {
            Step::Place {
                package,
                version,
                extra,
            } => {
                self.catalog
                    .place(&[vec![wish(*package, *version, *extra)]], 1)
                    .unwrap();
            }
            Step::Remove { package } => self.remove(*package),
            Step::GoBack { to } => {
                let to = revisions[to.index(revisions.len())];
                let before = (self.revision(), self.packages(None));
                let changed = self.roll_back(to, 1);
                assert_eq!(changed, before.1 != self.packages(Some(to)), "says what it did");
                assert_eq!(
                    changed,
                    before.0 != self.revision(),
                    "a revision for a change, and none else"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn going_back_gives_what_was_held_and_changes_no_earlier_state(steps in steps()) {
        for bench in Bench::each() {
        let mut past = vec![(bench.revision(), bench.packages(None))];
        for step in &steps {
            let revisions: Vec<i64> = past.iter().map(|(revision, _)| *revision).collect();
            bench.take(step, &revisions);
            past.push((bench.revision(), bench.packages(None)));
        }
        for (revision, held) in &past {
            prop_assert_eq!(&bench.packages(Some(*revision)), held);
            bench.roll_back(*revision, 2);
            prop_assert_eq!(&bench.packages(None), held);
        }
        }
    }

    #[test]
    fn a_pinned_state_outlives_every_prune(steps in steps(), at in any::<prop::sample::Index>()) {
        for bench in Bench::each() {
        let suite = "stable".parse().unwrap();
        let pinned_at = at.index(steps.len());
        let mut pinned = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            bench.take(step, &[0, bench.revision()]);
            if number == pinned_at {
                pinned = bench.packages(None);
                let pin = Pin { id: SnapshotId::of(7), revision: bench.revision(), date: 7 };
                bench.catalog.pin(&suite, &pin, None, 1).unwrap();
            }
            prune(&bench);
        }
        let states = bench.catalog.states(&suite).unwrap();
        prop_assert_eq!(states.len(), 1);
        let counted = CountedState { state: states[0].clone(), packages: pinned.len() as u64 };
        prop_assert_eq!(bench.catalog.counted_states(&suite).unwrap(), [counted]);
        // With the paths of their files, which would be empty had those been given up.
        prop_assert_eq!(&bench.packages(Some(states[0].revision)), &pinned);

        prop_assert!(bench.catalog.unpin(&suite, &states[0].id, None, 1).unwrap());
        for package in 0..4 {
            bench.remove(package);
        }
        prune(&bench);
        prop_assert_eq!(bench.packages(Some(states[0].revision)), Vec::new());
        prop_assert!(bench.catalog.pool_files().unwrap().is_empty());
        }
    }
}

fn prune(bench: &Bench) {
    let retention = Retention {
        suite: "stable".parse().unwrap(),
        keep_versions: None,
        keep_generations: 0,
        publications_until: 1_000,
        removed_until: 1_000,
    };
    bench
        .catalog
        .prune(&[retention], 1_000, PruneMode::Delete)
        .unwrap();
}

#[test]
fn what_stands_in_another_component_now_goes_back_to_where_it_stood() {
    for bench in Bench::each() {
        bench.take(
            &Step::Place {
                package: 0,
                version: 0,
                extra: false,
            },
            &[],
        );
        let (then, held) = (bench.revision(), bench.packages(None));
        bench.remove(0);
        let placed = bench.catalog.place(&[vec![wish(0, 0, true)]], 1).unwrap();
        assert_eq!(placed, [Ok(vec![PlacementOutcome::Added])]);
        assert!(bench.roll_back(then, 2));
        assert_eq!(bench.packages(None), held);
    }
}
