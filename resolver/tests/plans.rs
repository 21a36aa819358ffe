//! Which plan a request gets: Debian's rules, and the order of preference.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of it is test code, also what is not itself a test"
)]

mod support;

use debian_formats::relation::{Constraint, Operator};
use resolver::plan::Why;
use resolver::request::{Recommends, Request, Target};
use support::World;

#[test]
fn the_newest_version_and_what_it_needs_come() {
    let world = World::new("aa 1 \n aa 2 & Depends: bb (>= 1) \n bb 1 \n bb 2 \n cc 1");
    assert_eq!(world.install(&["aa"]), "+aa=2 +bb=2");
}

#[test]
fn an_older_version_comes_where_the_newest_cannot() {
    let world = World::new("aa 1 \n aa 2 & Depends: missing");
    assert_eq!(world.install(&["aa"]), "+aa=1");
}

#[test]
fn the_first_alternative_that_can_be_had_is_taken() {
    let world = World::new("aa 1 & Depends: xx | bb | cc \n bb 1 & Depends: missing \n cc 1");
    assert_eq!(world.install(&["aa"]), "+aa=1 +cc=1");
    let world = World::new("aa 1 & Depends: bb | cc \n bb 1 \n cc 1");
    assert_eq!(world.install(&["aa"]), "+aa=1 +bb=1");
}

#[test]
fn what_comes_anyway_meets_an_alternative() {
    let world = World::new("aa 1 & Depends: bb | cc, dd \n bb 1 \n cc 1 \n dd 1 & Depends: cc");
    assert_eq!(world.install(&["aa"]), "+aa=1 +cc=1 +dd=1");
}

#[test]
fn a_real_package_is_preferred_to_a_provider() {
    let world = World::new("aa 1 & Depends: mta \n exim 1 & Provides: mta \n mta 1");
    assert_eq!(world.install(&["aa"]), "+aa=1 +mta=1");
}

#[test]
fn a_provider_meets_a_versioned_need_only_with_a_version() {
    let world = World::new(
        "aa 1 & Depends: vv (>= 2) \n old 1 & Provides: vv \n some 1 & Provides: vv (= 1) \n new 1 & Provides: vv (= 3)",
    );
    assert_eq!(world.install(&["aa"]), "+aa=1 +new=1");
}

#[test]
fn a_name_that_is_only_provided_can_be_asked_for() {
    let world = World::new(
        "exim 1 & Provides: mta & Priority: optional \n postfix 1 & Provides: mta & Priority: standard",
    );
    assert_eq!(world.install(&["mta"]), "+postfix=1");
}

#[test]
fn a_package_may_conflict_with_what_it_provides_itself() {
    let world =
        World::new("exim 1 & Provides: mta & Conflicts: mta \n postfix 1 & Provides: mta & Conflicts: mta");
    assert_eq!(world.install(&["exim"]), "+exim=1");
    assert!(
        world
            .install(&["exim", "postfix"])
            .contains("cannot be installed together")
    );
}

#[test]
fn nothing_is_removed_while_another_way_is_left() {
    let world = World::new(
        "* old 1 \n aa 1 & Depends: bb | cc \n bb 1 & Conflicts: old \n cc 1 & Depends: dd \n dd 1",
    );
    assert_eq!(world.install(&["aa"]), "+aa=1 +cc=1 +dd=1");
}

#[test]
fn an_older_version_is_taken_before_something_is_removed() {
    let world = World::new("* old 1 \n aa 1 \n aa 2 & Conflicts: old");
    assert_eq!(world.install(&["aa"]), "+aa=1");
}

#[test]
fn a_removal_says_why_nothing_works_without_it() {
    let world = World::new("* old 1 \n * other 1 & Depends: old \n aa 1 & Breaks: old (<< 2)");
    let plan = world.solve(&world.request(&["aa"])).unwrap();
    assert_eq!(world.short(&Ok(plan.clone())), "+aa=1 -old=1 -other=1");
    let reasons = &plan.remove[0].reasons;
    assert!(
        reasons
            .iter()
            .any(|reason| reason == "`aa` 1 breaks `old` (<< 2), which `old` 1 is"),
        "{reasons:?}"
    );
}

#[test]
fn what_was_asked_for_is_kept_before_what_came_by_itself() {
    let world = World::new(
        "** auto 1 \n * manual 1 \n aa 1 & Depends: bb | cc \n bb 1 & Conflicts: manual \n cc 1 & Conflicts: auto",
    );
    assert_eq!(world.install(&["aa"]), "+aa=1 +cc=1 -auto=1");
}

#[test]
fn what_is_installed_stays_in_its_version() {
    let world = World::new("* bb 1 \n bb 2 \n aa 1 & Depends: bb");
    assert_eq!(world.install(&["aa"]), "+aa=1");
    let world = World::new("* bb 1 \n bb 2 \n aa 1 & Depends: bb (>= 2)");
    assert_eq!(world.install(&["aa"]), "+aa=1 ^bb=2");
}

#[test]
fn an_essential_package_is_never_removed() {
    let world = World::new("* base 1 & Essential: yes \n aa 1 & Conflicts: base");
    let answer = world.install(&["aa"]);
    assert!(
        answer.contains("`base` 1 is essential to this system and stays installed"),
        "{answer}"
    );
    assert!(world.remove(&["base"]).contains("is to be removed"));
    // By name: a new version may take its place.
    let world = World::new("* base 1 & Essential: yes \n base 2 \n aa 1 & Conflicts: base (<< 2)");
    assert_eq!(world.install(&["aa"]), "+aa=1 ^base=2");
}

#[test]
fn removing_takes_what_cannot_be_without_and_nothing_else() {
    let world = World::new("* bb 1 \n * aa 1 & Depends: bb \n * cc 1 & Depends: bb | dd \n dd 1 \n * ee 1");
    assert_eq!(world.remove(&["bb"]), "+dd=1 -aa=1 -bb=1");
}

#[test]
fn a_held_package_stays_and_the_hint_was_tried() {
    let world = World::new("= bb 1 \n bb 2 \n aa 1 & Depends: bb (>= 2)");
    assert_eq!(
        world.install(&["aa"]),
        "`aa` cannot be installed\n  caused by: `aa` 1 needs `bb` (>= 2)\n  caused by: `bb` 1 is held\n\
         hint: release the hold on `bb`"
    );
    assert_eq!(World::new("= bb 1 \n bb 2 \n * cc 1 \n cc 2").upgrade(), "^cc=2");
}

#[test]
fn an_upgrade_takes_the_newest_that_needs_no_removal() {
    let world =
        World::new("* aa 1 \n aa 2 & Conflicts: bb \n * bb 1 \n bb 2 & Depends: new \n new 1 \n zz 1");
    assert_eq!(world.upgrade(), "+new=1 ^bb=2");
    let lockstep = World::new("* aa 1 & Depends: bb (= 1) \n aa 2 & Depends: bb (= 2) \n * bb 1 \n bb 2");
    assert_eq!(lockstep.upgrade(), "^aa=2 ^bb=2");
}

#[test]
fn nothing_goes_back_unless_it_is_asked_for() {
    let world = World::new("* bb 2 \n bb 1 \n aa 1 & Depends: bb (<< 2)");
    assert!(
        world
            .install(&["aa"])
            .contains("only a request for 1 itself goes back to it"),
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
    assert_eq!(World::new("* bb 2 \n 1001 bb 1").upgrade(), "vbb=1");
}

#[test]
fn sources_are_preferred_by_priority() {
    assert_eq!(World::new("1 aa 2 \n 500 aa 1").install(&["aa"]), "+aa=1");
    assert_eq!(World::new("1 aa 2").install(&["aa"]), "+aa=2");
    assert_eq!(World::new("* aa 1 \n 1 aa 2").upgrade(), "");
    assert_eq!(World::new("100 aa 1 \n * bb 1 \n 501 bb 2").upgrade(), "^bb=2");
    assert!(
        World::new("-1 aa 1")
            .install(&["aa"])
            .contains("there is no package")
    );
    assert!(
        World::new("-1 bb 1 \n aa 1 & Depends: bb")
            .install(&["aa"])
            .contains("of a source that is never taken")
    );
}

#[test]
fn recommendations_are_taken_where_they_can_be() {
    let world = World::new(
        "aa 1 & Recommends: bb | cc, dd, missing \n bb 1 & Conflicts: ee \n cc 1 \n dd 1 & Depends: missing \n ee 1",
    );
    assert_eq!(world.install(&["aa"]), "+aa=1 +bb=1");
    // Dropped before anything else gives.
    assert_eq!(world.install(&["aa", "ee"]), "+aa=1 +cc=1 +ee=1");
    let request = Request {
        recommends: Recommends::Leave,
        ..world.request(&["aa"])
    };
    assert_eq!(world.short(&world.solve(&request)), "+aa=1");
}

#[test]
fn what_was_done_without_is_not_recommended_again() {
    let world = World::new("* aa 1 & Recommends: bb \n aa 2 & Recommends: bb (>= 1), cc \n bb 1 \n cc 1");
    assert_eq!(world.upgrade(), "+cc=1 ^aa=2");
}

#[test]
fn architectures_meet_as_multi_arch_says() {
    let world = World::new(
        "aa 1 i386 & Depends: tool, lib \n tool 1 & Multi-Arch: foreign \n lib 1 & Multi-Arch: same \n lib 1 i386 & Multi-Arch: same",
    );
    assert_eq!(world.install(&["aa"]), "+aa:i386=1 +lib:i386=1 +tool=1");
    assert!(
        World::new("aa 1 i386 & Depends: tool \n tool 1")
            .install(&["aa"])
            .contains("only there for amd64")
    );
    let any = World::new("aa 1 i386 & Depends: perl:any \n perl 1 & Multi-Arch: allowed");
    assert_eq!(any.install(&["aa"]), "+aa:i386=1 +perl=1");
    assert!(
        World::new("aa 1 & Depends: perl:any \n perl 1")
            .install(&["aa"])
            .contains("cannot be installed")
    );
}

#[test]
fn instances_of_several_architectures_have_one_version() {
    let world = World::new(
        "* lib 1 & Multi-Arch: same \n lib 2 & Multi-Arch: same \n lib 2 i386 & Multi-Arch: same \n aa 1 i386 & Depends: lib",
    );
    assert_eq!(world.install(&["aa"]), "+aa:i386=1 +lib:i386=2 ^lib=2");
}

#[test]
fn many_versions_exclude_each_other() {
    let lines: String = (1..40).map(|version| format!("aa {version}\n")).collect();
    let world = World::new(&format!(
        "{lines} low 1 & Depends: aa (<< 20) \n high 1 & Depends: aa (>> 19)"
    ));
    assert_eq!(world.install(&["low"]), "+aa=19 +low=1");
    let answer = world.install(&["low", "high"]);
    assert!(
        answer.contains("only one version of `aa` can be installed"),
        "{answer}"
    );
}

#[test]
fn a_refusal_is_the_chain_of_who_needs_what() {
    let world = World::new("aa 1 & Depends: bb, cc \n bb 1 & Depends: dd (>= 2) \n cc 1 \n dd 1");
    assert_eq!(
        world.install(&["aa"]),
        "`aa` cannot be installed\n  caused by: `aa` 1 needs `bb`\n  \
         caused by: `bb` 1 needs `dd` (>= 2), newest available is 1\nhint: add a source that has `dd` (>= 2)"
    );
    assert_eq!(
        World::new("aa 1").install(&["nothing"]),
        "there is no package `nothing`\n  caused by: no source has a package of that name"
    );
}

#[test]
fn everything_that_comes_says_what_for() {
    let world = World::new("aa 1 & Depends: bb & Recommends: cc \n bb 1 \n cc 1 & Depends: dd \n dd 1");
    let plan = world.solve(&world.request(&["aa"])).unwrap();
    let id = |name: &str| world.universe().versions_of(name)[0];
    let whys: Vec<Why> = plan.install.iter().map(|addition| addition.why).collect();
    let (aa, cc) = (id("aa"), id("cc"));
    assert_eq!(
        whys,
        [
            Why::Requested,
            Why::NeededBy(aa),
            Why::RecommendedBy(aa),
            Why::NeededBy(cc)
        ]
    );
}

#[test]
fn steps_respect_needs_and_pre_depends() {
    let world = World::new(
        "aa 1 & Depends: bb \n bb 1 & Depends: aa & Pre-Depends: cc \n cc 1 \n * old 1 & Depends: older \n * older 1 \n new 1 & Conflicts: older & Depends: aa",
    );
    let plan = world.solve(&world.request(&["new"])).unwrap();
    assert_eq!(
        world.steps(&plan),
        "remove old, remove older, unpack cc, configure cc, unpack aa, unpack bb, configure aa, configure bb, \
         unpack new, configure new"
    );
    let circle = World::new("aa 1 & Depends: bb \n bb 1 & Pre-Depends: aa");
    let plan = circle.solve(&circle.request(&["aa"])).unwrap();
    assert_eq!(
        circle.steps(&plan),
        "unpack aa, configure aa, unpack bb, configure bb"
    );
}

/// What dpkg has of `aa` needs `cc`; what the archive has of the same version needs nothing, or what nobody has.
#[test]
fn other_relations_of_the_installed_version_are_another_candidate_and_no_upgrade() {
    for rebuilt in ["aa 1", "aa 1 & Depends: missing"] {
        let world = World::new(&format!("{rebuilt} \n * aa 1 & Depends: cc \n ** cc 1 \n zz 1"));
        assert_eq!(world.universe().versions_of("aa").len(), 2);
        assert_eq!(world.upgrade(), "");
        assert_eq!(world.install(&["zz"]), "+zz=1");
    }
    let world = World::new("aa 1 \n * aa 1 & Depends: cc \n ** cc 1");
    assert_eq!(world.remove(&["cc"]), "=aa=1 -cc=1");
}

#[test]
fn other_bytes_of_one_version_are_another_candidate() {
    let [first, second] = ["1", "2"].map(|digit| digit.repeat(64));
    let world = World::new(&format!(
        "aa 1 & SHA256: {first} \n aa 1 & SHA256: {second} \n aa 1 & SHA256: {first} \n * aa 1"
    ));
    assert_eq!(world.universe().versions_of("aa").len(), 2);
    assert_eq!(world.ids()[0], world.ids()[2]);
    assert_eq!(world.ids()[0], world.ids()[3]);
}

#[test]
fn what_is_needed_meanwhile_goes_last_or_gives_way() {
    let world = World::new("* user 1 & Depends: awk \n * mawk 1 & Provides: awk \n gawk 1 & Provides: awk");
    let request = Request {
        remove: vec![Target::named("mawk")],
        ..world.request(&[])
    };
    let plan = world.solve(&request).unwrap();
    assert_eq!(world.steps(&plan), "unpack gawk, configure gawk, remove mawk");
    let world = World::new(
        "* user 1 & Depends: mta \n * exim 1 & Provides: mta & Conflicts: mta \n postfix 1 & Provides: mta & Conflicts: mta",
    );
    let plan = world.solve(&world.request(&["postfix"])).unwrap();
    assert_eq!(
        world.steps(&plan),
        "give way exim, unpack postfix, configure postfix"
    );
}

#[test]
fn what_breaks_an_installed_version_is_unpacked_after_the_new_one() {
    let world = World::new("aa 1 & Breaks: bb (<< 2) \n bb 2 \n * bb 1");
    let plan = world.solve(&world.request(&["aa"])).unwrap();
    assert_eq!(
        world.steps(&plan),
        "unpack bb, configure bb, unpack aa, configure aa"
    );
}
