//! Upgrades, and full upgrades that may remove.

use debian_control::relation::{Constraint, Operator};
use resolver::request::{Request, Target, Upgrade};

use crate::support::World;

#[test]
fn an_upgrade_takes_the_newest_that_needs_no_removal() {
    let world =
        World::new("* aa 1 \n aa 2 & Conflicts: bb \n * bb 1 \n bb 2 & Depends: new \n new 1 \n zz 1");
    assert_eq!(world.upgrade(), "+new=1 ^bb=2");
    let lockstep = World::new("* aa 1 & Depends: bb (= 1) \n aa 2 & Depends: bb (= 2) \n * bb 1 \n bb 2");
    assert_eq!(lockstep.upgrade(), "^aa=2 ^bb=2");
}

#[test]
fn what_is_named_takes_what_it_needs_of_others_along_and_no_more() {
    let world = World::new("* aa 1 \n aa 2 \n * bb 1 \n bb 2 & Depends: aa (>= 2) \n ** cc 1 \n cc 2");
    let upgrade = |name: &str| {
        let request = Request {
            upgrade: Upgrade::Names(vec![name.to_owned()]),
            ..world.request(&[])
        };
        world.short(&world.solve(&request))
    };
    assert_eq!(upgrade("bb"), "^aa=2 ^bb=2");
    assert_eq!(upgrade("aa"), "^aa=2");
    assert_eq!(upgrade("cc"), "^cc=2");
}

#[test]
fn nothing_goes_back_unless_it_is_asked_for() {
    let world = World::new("* bb 2 \n bb 1 \n aa 1 & Depends: bb (<< 2)");
    assert!(
        world
            .install(&["aa"])
            .contains("a downgrade to 1 happens only on request"),
        "{}",
        world.install(&["aa"])
    );
    let one = Target::Named {
        name: "bb".to_owned(),
        architecture: None,
        constraint: Some(Constraint {
            operator: Operator::Equal,
            version: "1".parse().unwrap(),
        }),
    };
    let request = Request {
        install: vec![one],
        ..world.request(&[])
    };
    assert_eq!(world.short(&world.solve(&request)), "vbb=1");
    // A source of more than 1000 may.
    let pinned = World::new("* bb 2 \n 1001 bb 1");
    assert_eq!(pinned.upgrade(), "vbb=1");
    assert_eq!(pinned.full_upgrade(), "vbb=1");
    assert_eq!(World::new("* bb 3 \n 990 bb 1 \n bb 2").full_upgrade(), "");
}

#[test]
fn what_is_recommended_in_a_newer_version_than_is_installed_is_upgraded() {
    let newer = "* cool 1 \n cool 2 \n * stuff 1 \n stuff 2 \n super 2";
    for (packages, plan) in [
        // More of what was there already, a new wish, and another in the place of the one that was met.
        (
            "* aa 1 & Recommends: cool \n aa 2 & Recommends: cool (>= 2)",
            "^aa=2 ^cool=2",
        ),
        (
            "* aa 1 \n aa 2 & Recommends: cool (>= 2) | super",
            "^aa=2 ^cool=2",
        ),
        (
            "* aa 1 & Recommends: cool \n aa 2 & Recommends: stuff (>= 2)",
            "^aa=2 ^stuff=2",
        ),
        (
            "* aa 1 & Recommends: stuff \n aa 2 & Recommends: stuff (>= 3) | super, super | cool (>= 2)",
            "+super=2 ^aa=2",
        ),
        // What is there is enough, and what was done without still is.
        ("* aa 1 \n aa 2 & Recommends: cool (>= 1)", "^aa=2"),
        (
            "* aa 1 & Recommends: cool (>= 3) \n aa 2 & Recommends: cool (>= 2)",
            "^aa=2",
        ),
    ] {
        let world = World::new(&format!("{packages} \n {newer}"));
        assert_eq!(world.install(&["aa"]), plan, "{packages}");
    }
    // What stays asks for nothing, also where something goes that it recommends.
    let world = World::new("* aa 1 & Recommends: bb | cc \n * bb 1 \n cc 1");
    let request = Request {
        remove: vec![Target::named("bb")],
        ..world.request(&[])
    };
    assert_eq!(world.short(&world.solve(&request)), "-bb=1");
    // Nothing goes for it.
    let world =
        World::new("* aa 1 \n aa 2 & Recommends: cool (>= 2) \n * cool 1 \n cool 2 & Breaks: bb \n * bb 1");
    assert_eq!(world.install(&["aa"]), "^aa=2");
}

/// The library of one release gives way to that of the next under another name.
const TRANSITION: &str = "* app 1 & Depends: libssl3 \n ** libcurl4 1 & Depends: libssl3 \n ~ libssl3 1 \n
    app 2 & Depends: libssl3t64 \n libcurl4 2 & Depends: libssl3t64 \n libssl3t64 2 & Breaks: libssl3";

#[test]
fn an_upgrade_removes_nothing_and_names_what_it_keeps_back() {
    let world = World::new(TRANSITION);
    assert_eq!(world.upgrade(), "");
    assert_eq!(world.kept_back(Upgrade::All), ["app=2", "libcurl4=2"]);
    assert_eq!(world.kept_back(Upgrade::Names(vec!["app".to_owned()])), ["app=2"]);
    assert!(world.kept_back(Upgrade::Nothing).is_empty());
}

#[test]
fn a_full_upgrade_removes_what_is_in_the_way_and_says_why() {
    let world = World::new(TRANSITION);
    assert_eq!(
        world.full_upgrade(),
        "+libssl3t64=2 ^app=2 ^libcurl4=2 -libssl3=1"
    );
    assert!(world.kept_back(Upgrade::Full).is_empty());
    let request = Request {
        upgrade: Upgrade::Full,
        ..world.request(&[])
    };
    let plan = world.solve(&request).unwrap();
    let reasons = plan.remove[0].reasons.join("\n");
    assert!(reasons.contains("`libssl3t64` 2 breaks `libssl3`"), "{reasons}");
    assert!(reasons.contains("is upgraded to 2"), "{reasons}");
}

#[test]
fn a_full_upgrade_keeps_what_was_asked_for_before_what_came_by_itself_is_new() {
    let world = World::new("* old 1 \n ** lib 1 \n lib 2 & Breaks: old");
    assert_eq!(world.full_upgrade(), "");
    assert_eq!(world.kept_back(Upgrade::Full), ["lib=2"]);
    let held = World::new("* old 1 \n = lib 1 \n lib 2");
    assert_eq!(held.full_upgrade(), "");
    assert!(held.kept_back(Upgrade::Full).is_empty());
}

#[test]
fn a_full_upgrade_without_an_obstacle_is_an_upgrade() {
    let world = World::new("* app 1 & Depends: lib \n ** lib 1 \n app 2 & Depends: lib (>= 2) \n lib 2");
    assert_eq!(world.full_upgrade(), world.upgrade());
    assert_eq!(world.full_upgrade(), "^app=2 ^lib=2");
}
