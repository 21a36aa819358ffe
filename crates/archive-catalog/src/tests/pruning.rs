//! What becomes of files and rows that no suite holds any more: yanked, condemned, pruned.

use super::*;
use crate::{CountedState, Deleters, Retained, RetainedState, SnapshotId, TreeFile};

pub(super) fn a_condemned_file_is_placed_only_after_its_bytes_were_put_anew(catalog: &SqlCatalog) {
    let path = |name: &str| format!("pool/{name}_1.0.deb");
    let (hello, nginx) = (
        placement("hello", "1.0", "misc"),
        placement("nginx", "1.0", "web"),
    );
    place(catalog, std::slice::from_ref(&hello));
    let refused = |placement: &NewPlacement| {
        let placed = catalog.place(&[vec![placement.clone()]], NOW).unwrap();
        match placed.into_iter().next().unwrap() {
            Err(conflict) => match *conflict {
                Conflict::Condemned { deleted, .. } => Some(deleted),
                other => panic!("{other}"),
            },
            Ok(_) => None,
        }
    };
    // What has a row is needed.
    let condemned = catalog.condemn(&[path("hello"), path("nginx")]).unwrap();
    assert_eq!(
        condemned.iter().map(|file| &file.path).collect::<Vec<_>>(),
        [&path("nginx")]
    );
    // Another machine leaves it to this one, and nobody places it before it is gone.
    assert!(catalog.condemn(&[path("nginx")]).unwrap().is_empty());
    assert_eq!(refused(&nginx), Some(None));
    catalog.condemned_deleted(&condemned).unwrap();
    // Whoever sent the bytes before, and found them there, learns that they are gone.
    let gone = refused(&nginx).unwrap();
    assert_eq!(gone, Some(condemned[0].condemnation));
    let put_anew = NewPlacement {
        put_after: gone,
        ..nginx.clone()
    };

    // Deleted once more, before it was placed: that it was put after the first time says nothing.
    let second = catalog.condemn(&[path("nginx")]).unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!(refused(&put_anew), Some(None));
    catalog.condemned_deleted(&second).unwrap();
    assert_eq!(refused(&put_anew), Some(Some(second[0].condemnation)));
    let put_again = NewPlacement {
        put_after: Some(second[0].condemnation),
        ..nginx
    };
    assert_eq!(refused(&put_again), None);
    assert!(catalog.condemn(&[path("nginx")]).unwrap().is_empty());
}

pub(super) fn what_a_dead_machine_was_deleting_is_deleted_by_another(catalog: &SqlCatalog) {
    let path = "private/private/pool/nginx_1.0.deb".to_owned();
    let left = catalog.condemn(std::slice::from_ref(&path)).unwrap();
    assert_eq!(left.len(), 1);
    catalog
        .write("let time pass", |db| {
            db.execute("update condemned_file set since = since - 3600", &[])
        })
        .unwrap();
    let taken_over = catalog.condemn(std::slice::from_ref(&path)).unwrap();
    assert_eq!(taken_over.len(), 1);
    assert_ne!(taken_over, left);
}

/// What a suite that became private leaves in the public tree, and what came back there.
pub(super) fn what_no_suite_needs_keeps_its_row_until_it_is_gone(catalog: &SqlCatalog) {
    let private = NewPlacement {
        suite: suite("private"),
        ..placement("nginx", "1.0", "web")
    };
    let public_path = format!("pool/{}", "nginx_1.0.deb");
    place(catalog, std::slice::from_ref(&private));
    let file = |put_after| TreeFile {
        sha256: private.content.content.sha256,
        path: public_path.clone(),
        put_after,
    };
    let in_private = catalog.record_pool_files("private", &[file(None)]).unwrap();
    assert!(in_private.is_empty());

    let unneeded = || catalog.condemn_unneeded(None, 10, Deleters::Several).unwrap();
    let first = unneeded();
    assert_eq!(
        first.condemned.iter().map(|file| &file.path).collect::<Vec<_>>(),
        [&public_path]
    );
    let others = unneeded();
    assert_eq!(
        (others.condemned.len(), others.in_hand),
        (0, vec![public_path.clone()])
    );
    // Whoever is alone takes it for left behind.
    let second = catalog.condemn_unneeded(None, 10, Deleters::OnlyThis).unwrap();
    let refused = catalog.record_pool_files("", &[file(None)]).unwrap();
    assert_eq!(refused[0].deleted, None);
    // Of two who delete it, the one that was taken for dead says nothing.
    catalog.condemned_deleted(&first.condemned).unwrap();
    assert_eq!(catalog.pool_files().unwrap().len(), 2);
    catalog.condemned_deleted(&second.condemned).unwrap();
    assert_eq!(catalog.pool_files().unwrap().len(), 1);

    // The suite is public again: its bytes count there once they were put there after that.
    let case = second.condemned[0].condemnation;
    assert_eq!(
        catalog.record_pool_files("", &[file(None)]).unwrap()[0].deleted,
        Some(case)
    );
    assert!(
        catalog
            .record_pool_files("", &[file(Some(case))])
            .unwrap()
            .is_empty()
    );
    assert_eq!(catalog.pool_files().unwrap().len(), 2);
}

pub(super) fn what_was_yanked_keeps_its_file_until_it_comes_back(catalog: &SqlCatalog) {
    place(
        catalog,
        &[placement("kept", "1.0", "misc"), placement("gone", "1.0", "misc")],
    );
    let named = |name: &str| Selection {
        name: Some(name.parse().unwrap()),
        ..Selection::default()
    };
    catalog
        .yank(&[named("kept")], "loses data", None, NOW + 1)
        .unwrap();
    catalog.remove(&[named("gone")], None, NOW + 1).unwrap();
    let retention = Retention {
        suite: suite("stable"),
        keep_versions: None,
        keep_generations: 0,
        publications_until: NOW + 100,
        removed_until: NOW + 100,
    };
    let prune = || catalog.prune(std::slice::from_ref(&retention), NOW + 100, PruneMode::Delete);
    let files = prune().unwrap().files;
    assert!(files.len() == 1 && files[0].contains("gone"), "{files:?}");
    let yanked = catalog.yanked(&suite("stable")).unwrap();
    assert_eq!(yanked.len(), 1);
    assert_eq!((yanked[0].reason.as_str(), yanked[0].at), ("loses data", NOW + 1));

    place(catalog, &[placement("kept", "1.0", "misc")]);
    assert!(catalog.yanked(&suite("stable")).unwrap().is_empty());
    catalog.remove(&[named("kept")], None, NOW + 2).unwrap();
    assert!(
        catalog.yanked(&suite("stable")).unwrap().is_empty(),
        "it was merely removed"
    );
}

pub(super) fn what_was_yanked_and_came_back_goes_as_other_packages_do(catalog: &SqlCatalog) {
    let kept = placement("kept", "1.0", "misc");
    place(catalog, std::slice::from_ref(&kept));
    let named = Selection {
        name: Some("kept".parse().unwrap()),
        ..Selection::default()
    };
    let yank = || catalog.yank(std::slice::from_ref(&named), "loses data", None, NOW + 1);
    let yanked = || catalog.yanked(&suite("stable")).unwrap().len();
    let state = CountedState {
        state: RetainedState {
            id: SnapshotId::of(NOW),
            revision: 1,
            date: NOW,
            kept: Retained::Live,
        },
        packages: 1,
    };
    yank().unwrap();
    place(catalog, &[kept]);
    yank().unwrap();
    assert_eq!(yanked(), 1);
    assert!(
        catalog
            .roll_back(&suite("stable"), &state, None, NOW + 2)
            .unwrap()
    );
    assert_eq!(yanked(), 0);

    catalog
        .remove(std::slice::from_ref(&named), None, NOW + 3)
        .unwrap();
    let retention = Retention {
        suite: suite("stable"),
        keep_versions: None,
        keep_generations: 0,
        publications_until: NOW + 100,
        removed_until: NOW + 100,
    };
    let pruned = catalog.prune(&[retention], NOW + 100, PruneMode::Delete).unwrap();
    assert_eq!(pruned.files.len(), 1, "{:?}", pruned.files);
    assert_eq!(yanked(), 0);
}

pub(super) fn a_dry_run_says_what_a_prune_then_does_and_waits_for_no_writer(catalog: &SqlCatalog) {
    for (name, version) in [
        ("keep", "1"),
        ("old", "1"),
        ("old", "2"),
        ("old", "3"),
        ("gone", "1"),
        ("pinned", "1"),
    ] {
        place(catalog, &[placement(name, version, "misc")]);
    }
    let mut other = placement("gone", "2", "misc");
    other.suite = suite("private");
    place(catalog, &[other]);
    let remove = |name: &str, yanked: bool| {
        let selection = Selection {
            name: Some(name.parse().unwrap()),
            ..Selection::default()
        };
        let done = if yanked {
            catalog.yank(&[selection], "broken", None, NOW)
        } else {
            catalog.remove(&[selection], None, NOW)
        };
        assert!(!done.unwrap().is_empty());
    };
    remove("gone", false);
    remove("pinned", true);
    let retention = |name: &str, removed_until: i64| Retention {
        suite: suite(name),
        keep_versions: Some(1),
        keep_generations: 1,
        publications_until: NOW,
        removed_until,
    };
    // The other suite keeps what was removed for longer.
    let retentions = [retention("stable", NOW + 1), retention("private", NOW)];
    let dry = catalog
        .write("hold the turn to write", |_| {
            Ok(catalog.prune(&retentions, NOW + 10, PruneMode::DryRun).unwrap())
        })
        .unwrap();
    let versions: Vec<String> = dry.versions.iter().map(|one| one.version.to_string()).collect();
    assert_eq!(versions, ["1", "2"]);
    assert_eq!(dry.files, ["pool/gone_1.deb"]);
    let before = catalog.pool_files().unwrap().len();
    let done = catalog.prune(&retentions, NOW + 10, PruneMode::Delete).unwrap();
    assert_eq!(dry, done);
    assert_eq!(catalog.pool_files().unwrap().len(), before - 1);
    let again = catalog.prune(&retentions, NOW + 10, PruneMode::DryRun).unwrap();
    assert_eq!(again, crate::PruneResult::default());
    let nothing = catalog.prune(&[], NOW + 10, PruneMode::DryRun).unwrap();
    assert_eq!(nothing, crate::PruneResult::default());
}
