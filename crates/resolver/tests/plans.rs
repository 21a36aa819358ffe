//! Which plan a request gets: Debian's rules, and the order of preference.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of it is test code, also what is not itself a test"
)]

mod support;

use debian_control::relation::{Constraint, Operator};
use resolver::plan::Why;
use resolver::request::{Hold, Recommends, Request, Target, Upgrade, WasBroken};
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
fn a_name_that_one_package_provides_can_be_asked_for() {
    let world = World::new("postfix 1 & Provides: mta \n postfix 2 & Provides: mta");
    assert_eq!(world.install(&["mta"]), "+postfix=2");
}

#[test]
fn of_a_name_that_several_packages_provide_one_has_to_be_chosen() {
    let providers = "exim 1 & Provides: mta \n postfix 1 & Provides: mta";
    let world = World::new(providers);
    assert_eq!(
        world.install(&["mta"]),
        "`mta` is a virtual package\n  caused by: provided by exim, postfix\n\
         hint: name one of the packages that provide it"
    );
    assert_eq!(world.install(&["mta", "exim"]), "+exim=1");
    let world = World::new(&format!("* {providers}"));
    assert_eq!(world.install(&["mta"]), "");
}

#[test]
fn a_package_that_is_not_for_an_architecture_names_those_that_it_is_for() {
    let world = World::new("aa 1 i386 \n bb 1");
    let target = |name: &str, architecture: &str| Target::Named {
        name: name.to_owned(),
        architecture: Some(architecture.to_owned()),
        constraint: None,
    };
    let request = Request {
        install: vec![target("bb", "i386")],
        ..world.request(&[])
    };
    let refusal = world.solve(&request).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "there is no package `bb:i386`\n  caused by: available for amd64 only"
    );
}

#[test]
fn a_removal_says_first_what_it_is_for() {
    let world = World::new("* app 1 & Depends: old \n * old 1 \n new 1 & Conflicts: old");
    let plan = world.solve(&world.request(&["new"])).unwrap();
    let first = |name: &str| {
        let mut removals = plan.remove.iter();
        let removal = removals.find(|removal| world.universe().name(removal.package) == name);
        removal.unwrap().reasons[0].clone()
    };
    assert_eq!(first("app"), "`app` 1 needs `old`");
    assert_eq!(first("old"), "`new` 1 conflicts with `old`");
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
fn why_a_package_cannot_be_removed_is_said_of_its_name_and_of_no_downgrade() {
    let world = World::new(
        "* app 1 & Essential: yes & Depends: tool \n * tool 2 & Depends: lib \n tool 1 & Depends: lib \n * lib 1 \n lib 2",
    );
    let request = Request {
        remove: vec![Target::named("lib")],
        ..world.request(&[])
    };
    assert_eq!(
        world.solve(&request).unwrap_err().to_string(),
        "`lib` cannot be removed\n  \
         caused by: `app` 1 is essential and must stay installed\n  \
         caused by: `app` 1 needs `tool`\n  \
         caused by: `tool` 2 needs `lib`\n  \
         caused by: `tool` 1 needs `lib`\n  \
         caused by: `lib` is to be removed\n\
         hint: keep `lib`"
    );
}

#[test]
fn an_essential_package_is_never_removed() {
    let world = World::new("* base 1 & Essential: yes \n aa 1 & Conflicts: base");
    let answer = world.install(&["aa"]);
    assert!(
        answer.contains("`base` 1 is essential and must stay installed"),
        "{answer}"
    );
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
         hint: remove the hold on `bb`"
    );
    assert_eq!(World::new("= bb 1 \n bb 2 \n * cc 1 \n cc 2").upgrade(), "^cc=2");
}

#[test]
fn what_is_the_hosts_stays_and_nobody_is_said_to_hold_it() {
    let world = World::new("* bb 1 \n bb 2 \n aa 1 & Depends: bb (>= 2)");
    let mut request = world.request(&["aa"]);
    request.installed[0].hold = Hold::Fixed;
    assert_eq!(
        world.short(&world.solve(&request)),
        "`aa` cannot be installed\n  caused by: `aa` 1 needs `bb` (>= 2)\n  caused by: `bb` 1 is part of the host, and stays as it is"
    );
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
            .contains("only in a source with a negative priority")
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

#[test]
fn architectures_meet_as_multi_arch_says() {
    let world = World::new(
        "aa 1 i386 & Depends: tool, lib \n tool 1 & Multi-Arch: foreign \n lib 1 & Multi-Arch: same \n lib 1 i386 & Multi-Arch: same",
    );
    assert_eq!(world.install(&["aa"]), "+aa:i386=1 +lib:i386=1 +tool=1");
    assert!(
        World::new("aa 1 i386 & Depends: tool \n tool 1")
            .install(&["aa"])
            .contains("only available for amd64")
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
fn what_comes_for_one_thing_is_not_said_to_come_for_another_that_it_meets_too() {
    let world = World::new(
        "aa 1 & Depends: notifyd | daemon, policy \n notifyd 1 & Provides: daemon \n policy 1 & Depends: agent \n \
         cinnamon 1 & Provides: daemon, agent",
    );
    let plan = world.solve(&world.request(&["aa", "notifyd"])).unwrap();
    let why = |name: &str| {
        let id = world.universe().versions_of(name)[0];
        let mut found = plan.install.iter().filter(|addition| addition.package == id);
        found.next().unwrap().why
    };
    let policy = world.universe().versions_of("policy")[0];
    assert_eq!(why("cinnamon"), Why::NeededBy(policy));
    // What two at once are for, both say.
    let world = World::new(
        "aa 1 & Depends: lib | other \n lib 1 \n other 1 & Provides: lib \n bb 1 & Depends: other | lib",
    );
    assert_eq!(world.install(&["aa", "bb"]), "+aa=1 +bb=1 +lib=1");
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

fn full_upgrade(world: &World) -> Request {
    Request {
        upgrade: Upgrade::Full,
        ..world.request(&[])
    }
}

/// A library of the same ABI under a new name, as in a transition of Debian.
#[test]
fn what_is_broken_by_its_replacement_goes_when_that_is_unpacked() {
    let library =
        "* user 1 & Depends: lib \n * plugin 1 & Depends: lib \n user 2 & Depends: libt64 \n ** lib 1";
    let world = World::new(&format!(
        "{library} \n libt64 2 & Breaks: lib (<< 2) & Provides: lib (= 2)"
    ));
    let plan = world.solve(&full_upgrade(&world)).unwrap();
    assert_eq!(
        world.steps(&plan),
        "unpack libt64, replaced lib, configure libt64, unpack user, configure user"
    );
    // What conflicts with it cannot be unpacked beside it, and what takes its place is there before.
    let world = World::new(&format!(
        "{library} \n libt64 2 & Breaks: lib (<< 2) & Provides: lib (= 2) \n app 1 & Conflicts: lib (<< 2)"
    ));
    let plan = world.solve(&world.request(&["app"])).unwrap();
    assert_eq!(
        world.steps(&plan),
        "unpack libt64, configure libt64, give way lib, unpack app, configure app"
    );
}

#[test]
fn what_goes_goes_before_what_it_needs() {
    let world = World::new(
        "* meta 1 & Depends: old \n meta 2 & Depends: new \n ** old 1 & Depends: common \n ** common 1 \n new 1 & Breaks: common",
    );
    let plan = world.solve(&full_upgrade(&world)).unwrap();
    assert_eq!(
        world.steps(&plan),
        "unpack new, replaced old, replaced common, configure new, unpack meta, configure meta"
    );
}

#[test]
fn what_is_pre_depended_on_is_configured_with_all_it_needs() {
    let world = World::new(
        "* base 1 \n base 2 & Pre-Depends: awk (>= 2) \n * awk 1 \n awk 2 & Depends: libc (>= 2) \n * libc 1 \n libc 2 & Breaks: base (<< 2)",
    );
    let plan = world.solve(&full_upgrade(&world)).unwrap();
    assert_eq!(
        world.steps(&plan),
        "unpack libc, configure libc, unpack awk, configure awk, unpack base, configure base"
    );
}

/// `tool` needs `base`, which breaks the old `tool`: that cannot be helped. `data` breaks the old `tool` too, and can wait.
#[test]
fn what_should_be_replaced_first_is_as_far_as_needs_let_it() {
    let world = World::new(
        "* tool 1 \n tool 2 & Depends: base (>= 2) \n * base 1 \n base 2 & Breaks: tool (<< 2) \n * data 1 \n data 2 & Breaks: tool (<< 2), base (<< 2)",
    );
    let plan = world.solve(&full_upgrade(&world)).unwrap();
    assert_eq!(
        world.steps(&plan),
        "unpack base, configure base, unpack tool, configure tool, unpack data, configure data"
    );
    let world = World::new(
        "* tool 1 \n tool 2 & Depends: base (>= 2) \n * base 1 \n base 2 & Breaks: data (<< 2) \n * data 1 \n data 2 & Breaks: tool (<< 2)",
    );
    let plan = world.solve(&full_upgrade(&world)).unwrap();
    assert_eq!(
        world.steps(&plan),
        "unpack base, configure base, unpack tool, configure tool, unpack data, configure data"
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

#[test]
fn a_need_is_met_by_the_native_architecture_first() {
    let foreign = "gawk 1 i386 & Provides: awk & Multi-Arch: foreign & Depends: lib \n lib 1 i386";
    let world = World::new(&format!(
        "* base 1 & Depends: awk \n * gawk 1 & Provides: awk & Multi-Arch: foreign \n {foreign} \n mawk 1 & Provides: awk"
    ));
    assert_eq!(world.remove(&["gawk"]), "+mawk=1 -gawk=1");
    // A later alternative, a provider and an upgrade likewise.
    let world = World::new(&format!("aa 1 & Depends: gawk | mawk \n {foreign} \n mawk 1"));
    assert_eq!(world.install(&["aa"]), "+aa=1 +mawk=1");
    let world = World::new(&format!(
        "aa 1 & Depends: gawk \n {foreign} \n other 1 & Provides: gawk"
    ));
    assert_eq!(world.install(&["aa"]), "+aa=1 +other=1");
    let world = World::new(&format!(
        "* aa 1 \n aa 2 & Depends: gawk | mawk \n {foreign} \n mawk 1"
    ));
    assert_eq!(world.upgrade(), "+mawk=1 ^aa=2");
    // The foreign one where nothing native can, where its architecture is named, and where it is there.
    let world = World::new(&format!("aa 1 & Depends: gawk | mawk \n {foreign}"));
    assert_eq!(world.install(&["aa"]), "+aa=1 +gawk:i386=1 +lib:i386=1");
    let world = World::new(&format!(
        "aa 1 & Depends: gawk:i386 | mawk \n {foreign} \n mawk 1"
    ));
    assert_eq!(world.install(&["aa"]), "+aa=1 +gawk:i386=1 +lib:i386=1");
    let world = World::new(&format!(
        "aa 1 & Depends: gawk | mawk \n mawk 1 \n * {}",
        foreign.replace("\n ", "\n * ")
    ));
    assert_eq!(world.install(&["aa"]), "+aa=1");
}

#[test]
fn what_a_foreign_package_needs_of_its_own_architecture_is_no_worse() {
    let world = World::new(
        "aa 1 i386 & Depends: lib | tool \n lib 1 i386 \n tool 1 & Multi-Arch: foreign \n tool 1 i386 & Multi-Arch: foreign",
    );
    assert_eq!(world.install(&["aa"]), "+aa:i386=1 +lib:i386=1");
    let world = World::new(
        "aa 1 i386 & Depends: tool \n tool 1 i386 & Multi-Arch: foreign \n tool 1 & Multi-Arch: foreign",
    );
    assert_eq!(world.install(&["aa"]), "+aa:i386=1 +tool=1");
    // Of foreign ones the first that the machine has.
    let world = World::new(
        "aa 1 armel & Depends: tool \n tool 1 armel & Multi-Arch: foreign \n tool 1 i386 & Multi-Arch: foreign",
    );
    assert_eq!(world.install(&["aa"]), "+aa:armel=1 +tool:i386=1");
}

#[test]
fn of_providers_the_one_that_brings_the_least_comes() {
    let providers = "cinnamon 1 & Provides: agent & Depends: desktop, shell \n desktop 1 \n shell 1 \n \
        lxpolkit 1 & Provides: agent & Depends: gtk \n gtk 1 \n mate-agent 1 & Provides: agent & Depends: mate \n mate 1";
    let world = World::new(&format!("aa 1 & Depends: missing | agent, gtk \n {providers}"));
    assert_eq!(world.install(&["aa"]), "+aa=1 +gtk=1 +lxpolkit=1");
    let recommended = World::new(&format!(
        "aa 1 & Recommends: agent & Depends: mate \n {providers}"
    ));
    assert_eq!(recommended.install(&["aa"]), "+aa=1 +mate=1 +mate-agent=1");
    // What is installed or comes anyway serves before that.
    let world = World::new(&format!(
        "aa 1 & Depends: agent \n * {}",
        providers
            .replace("shell \n", "shell \n *")
            .replace("desktop 1 \n", "desktop 1 \n *")
    ));
    assert_eq!(world.install(&["aa"]), "+aa=1");
    let world = World::new(&format!("aa 1 & Depends: agent, mate-agent \n {providers}"));
    assert_eq!(world.install(&["aa"]), "+aa=1 +mate=1 +mate-agent=1");
}

#[test]
fn equal_providers_are_told_apart_by_bytes_and_then_by_name() {
    let world = World::new(
        "aa 1 & Depends: dict \n bb 1 & Provides: dict & Size: 20 \n cc 1 & Provides: dict & Size: 10 \n \
         dd 1 & Provides: dict & Size: 10 \n ee 1 & Provides: dict & Size: 5 & Depends: missing",
    );
    assert_eq!(world.install(&["aa"]), "+aa=1 +cc=1");
    let important = World::new(
        "aa 1 & Depends: dict \n bb 1 & Provides: dict & Priority: optional \n \
         cc 1 & Provides: dict & Priority: standard & Depends: more \n more 1",
    );
    assert_eq!(important.install(&["aa"]), "+aa=1 +cc=1 +more=1");
}

/// `old` lacks what no source has; `lame` lacks what there is.
const BROKEN: &str = "* old 1 & Depends: gone, lib \n * lib 1 \n * lame 1 & Depends: crutch \n crutch 1 \n \
    * left 1 & Conflicts: right \n * right 1 \n aa 1 \n aa 2 & Depends: lib (>= 2) \n lib 2 \n * bb 1 \n bb 2 \n * cc 1 & Depends: bb";

#[test]
fn what_was_broken_before_is_left_alone_by_what_has_nothing_to_do_with_it() {
    let world = World::new(BROKEN);
    assert_eq!(world.install(&["aa"]), "+aa=2 ^lib=2");
    assert_eq!(world.upgrade(), "^bb=2 ^lib=2");
    assert_eq!(world.remove(&["cc"]), "-cc=1");
    // What it does have is kept for it.
    assert_eq!(world.remove(&["lib"]), "-lib=1 -old=1");
    let names: Vec<(&str, Vec<String>)> =
        resolver::broken::broken(world.universe(), &world.request(&[]).installed)
            .into_iter()
            .map(|broken| (world.universe().name(broken.package), broken.reasons))
            .collect();
    assert_eq!(
        names,
        [
            (
                "old",
                vec!["`old` 1 needs `gone`, which no source has".to_owned()]
            ),
            ("lame", vec!["`lame` 1 needs `crutch`".to_owned()]),
            ("left", vec!["`left` 1 conflicts with `right`".to_owned()]),
        ]
    );
}

#[test]
fn what_was_broken_before_is_repaired_when_that_is_asked_for() {
    let world = World::new(BROKEN);
    let request = Request {
        broken: WasBroken::IsRepaired,
        ..world.request(&[])
    };
    assert_eq!(world.short(&world.solve(&request)), "+crutch=1 -old=1 -right=1");
    let newer = World::new("* aa 1 & Depends: gone \n aa 2 & Depends: bb \n bb 1");
    let request = Request {
        broken: WasBroken::IsRepaired,
        ..newer.request(&[])
    };
    let plan = newer.solve(&request).unwrap();
    assert_eq!(newer.short(&Ok(plan.clone())), "+bb=1 ^aa=2");
    assert_eq!(plan.install[0].why, Why::NeededBy(newer.ids()[1]));
    // Who asks for a broken package asks for one that works.
    assert_eq!(world.install(&["lame"]), "+crutch=1");
    assert!(
        world
            .install(&["old"])
            .contains("`old` 1 needs `gone`, which no source has")
    );
}

#[test]
fn a_broken_essential_or_held_package_stands_in_nobodys_way() {
    let world = World::new("* base 1 & Essential: yes & Depends: gone \n = held 1 & Depends: gone \n aa 1");
    assert_eq!(world.install(&["aa"]), "+aa=1");
    let skewed = World::new("* lib 1 & Multi-Arch: same \n * lib 2 i386 & Multi-Arch: same \n aa 1");
    assert_eq!(skewed.install(&["aa"]), "+aa=1");
}
