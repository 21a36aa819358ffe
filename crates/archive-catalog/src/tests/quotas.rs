//! What quotas promise.

use super::*;

fn of_stable() -> QuotaOwner {
    QuotaOwner::Suite(suite("stable"))
}

fn of_jane() -> QuotaOwner {
    QuotaOwner::Account("jane".parse().unwrap())
}

fn limit(catalog: &SqlCatalog, owner: &QuotaOwner, max_bytes: Option<u64>, max_packages: Option<u64>) {
    let quota = Quota {
        max_bytes,
        max_packages,
    };
    assert!(catalog.set_quota(owner, &quota, &event("suite.quota")).unwrap());
}

/// Returns bytes and packages.
fn used(catalog: &SqlCatalog, owner: &QuotaOwner) -> (u64, u64) {
    let usage = catalog.quota(owner).unwrap().unwrap().usage;
    (usage.bytes, usage.packages)
}

fn sized(name: &str, version: &str, size: u64) -> NewPlacement {
    let mut wish = placement(name, version, "misc");
    wish.content.content.size = size;
    wish
}

fn placed(catalog: &SqlCatalog, set: &[NewPlacement]) -> bool {
    let placed = catalog.place(&[set.to_vec()], NOW).unwrap().remove(0);
    match placed {
        Ok(_) => true,
        Err(conflict) => {
            assert!(matches!(*conflict, Conflict::QuotaExceeded { .. }), "{conflict}");
            false
        }
    }
}

fn with_jane(catalog: &SqlCatalog) {
    let new = account("jane", Role::Maintainer);
    catalog.create_account(&new, &event("user.create")).unwrap();
}

pub(super) fn a_set_that_exceeds_a_quota_is_refused_as_a_whole_and_says_whose(catalog: &SqlCatalog) {
    with_jane(catalog);
    limit(catalog, &of_stable(), Some(100), None);
    assert!(placed(catalog, &[sized("one", "1", 60)]));
    assert!(!placed(
        catalog,
        &[sized("two", "1", 20), sized("three", "1", 21)]
    ));
    assert_eq!(used(catalog, &of_stable()), (60, 1), "nothing of it stays");
    let set = vec![sized("two", "1", 20), sized("three", "1", 21)];
    let refused = catalog.place(&[set], NOW).unwrap().remove(0);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the quota of suite `stable` is 100 bytes: 60 are used, and with this it would be 101",
        "what comes before it in the set is not placed"
    );
    // What a refused set would have used is free for the next one of the same transaction.
    let sets = [
        vec![sized("two", "1", 20), sized("three", "1", 21)],
        vec![sized("four", "1", 20), sized("five", "1", 20)],
        vec![sized("six", "1", 1)],
    ];
    let answers: Vec<bool> = catalog
        .place(&sets, NOW)
        .unwrap()
        .iter()
        .map(Result::is_ok)
        .collect();
    assert_eq!(answers, [false, true, false]);
    assert_eq!(used(catalog, &of_stable()), (100, 3));

    limit(catalog, &of_stable(), None, None);
    limit(catalog, &of_jane(), None, Some(3));
    let refused = catalog
        .place(&[vec![sized("six", "1", 1)]], NOW)
        .unwrap()
        .remove(0);
    let said = refused.unwrap_err().to_string();
    assert_eq!(
        said,
        "the quota of account `jane` is 3 packages: 3 are used, and with this it would be 4"
    );
    // Others have their own, and a shell has none.
    let mut other = sized("six", "1", 1);
    other.by = Some(Actor {
        name: Some("joe".into()),
        ..Actor::default()
    });
    assert!(placed(catalog, &[other]));
    limit(catalog, &of_jane(), None, Some(1));
    let refused = catalog
        .place(&[vec![sized("eight", "1", 1)]], NOW)
        .unwrap()
        .remove(0);
    let said = refused.unwrap_err().to_string();
    assert!(
        said.starts_with("the quota of account `jane` is 1 package: 3 are used"),
        "{said}"
    );
    limit(catalog, &of_stable(), Some(0), Some(0));
    let mut shell = sized("seven", "1", 1);
    shell.by = None;
    assert!(placed(catalog, &[shell]));
    assert!(placed(catalog, &[sized("one", "1", 60)]), "it is there already");
}

pub(super) fn a_removed_package_counts_by_its_bytes_until_it_is_pruned(catalog: &SqlCatalog) {
    with_jane(catalog);
    limit(catalog, &of_jane(), Some(100), Some(2));
    let mut elsewhere = sized("one", "1", 60);
    elsewhere.suite = suite("private");
    elsewhere.tree = "private".into();
    assert!(placed(catalog, &[sized("one", "1", 60)]));
    assert!(
        placed(catalog, &[elsewhere]),
        "the file of an account counts once"
    );
    assert_eq!(used(catalog, &of_jane()), (60, 2));
    assert!(
        !placed(catalog, &[sized("two", "1", 1)]),
        "a package counts in each suite"
    );

    let all = Selection {
        suite: Some(suite("private")),
        ..Selection::default()
    };
    catalog.remove(&[all], None, NOW).unwrap();
    assert_eq!(used(catalog, &of_jane()), (60, 1));
    assert!(!placed(catalog, &[sized("two", "1", 41)]));
    assert!(placed(catalog, &[sized("two", "1", 40)]));
    let all = Selection {
        suite: Some(suite("stable")),
        ..Selection::default()
    };
    catalog.remove(&[all], None, NOW).unwrap();
    assert_eq!(used(catalog, &of_jane()), (100, 0));
    assert!(
        !placed(catalog, &[sized("three", "1", 1)]),
        "its files are there for now"
    );
    assert!(
        placed(catalog, &[sized("one", "1", 60)]),
        "what comes back has its file"
    );
    assert_eq!(used(catalog, &of_jane()), (100, 1));

    let retention = |name: &str| Retention {
        suite: suite(name),
        keep_versions: None,
        keep_generations: 1,
        publications_until: NOW,
        removed_until: NOW + 1,
    };
    catalog
        .prune(
            &[retention("stable"), retention("private")],
            NOW,
            PruneMode::Delete,
        )
        .unwrap();
    assert_eq!(used(catalog, &of_jane()), (60, 1));
    assert_eq!(used(catalog, &of_stable()), (60, 1));
    assert!(placed(catalog, &[sized("three", "1", 40)]));
}

pub(super) fn uploads_at_the_same_time_do_not_pass_a_quota_together(catalog: &SqlCatalog) {
    with_jane(catalog);
    limit(catalog, &of_stable(), Some(50), None);
    limit(catalog, &of_jane(), None, Some(7));
    let taken: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                scope.spawn(move || {
                    let wishes = (0..5).map(|at| sized(&format!("p{writer}-{at}"), "1", 5));
                    wishes
                        .filter(|wish| placed(catalog, std::slice::from_ref(wish)))
                        .count()
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(taken, 7);
    assert_eq!(used(catalog, &of_stable()), (35, 7));
}

pub(super) fn a_quota_is_of_what_there_is_and_its_change_is_recorded(catalog: &SqlCatalog) {
    with_jane(catalog);
    let nobody = QuotaOwner::Account("nobody".parse().unwrap());
    assert_eq!(catalog.quota(&nobody).unwrap(), None);
    assert!(
        !catalog
            .set_quota(&nobody, &Quota::default(), &event("user.quota"))
            .unwrap()
    );
    limit(catalog, &of_jane(), Some(1), None);
    let recorded = catalog.audit(&AuditQuery::default(), 1).unwrap();
    assert_eq!(recorded[0].action, "suite.quota");
    let state = catalog.quota(&of_jane()).unwrap().unwrap();
    assert_eq!(
        state.quota,
        Quota {
            max_bytes: Some(1),
            max_packages: None
        }
    );
    catalog
        .delete_account(&id("id-jane"), &event("user.delete"))
        .unwrap();
    assert_eq!(
        catalog.quota(&of_jane()).unwrap(),
        None,
        "it went with the account"
    );
}
