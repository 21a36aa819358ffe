//! Which version, which alternative, which provider, and what is recommended.

use resolver::plan::Why;
use resolver::request::{Recommends, Request};

use crate::support::World;

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
fn sources_are_preferred_by_priority() {
    assert_eq!(World::new("1 aa 2 \n 500 aa 1").install(&["aa"]), "+aa=1");
    assert_eq!(World::new("1 aa 2").install(&["aa"]), "+aa=2");
    assert_eq!(World::new("* aa 1 \n 1 aa 2").upgrade(), "");
    assert_eq!(World::new("100 aa 1 \n * bb 1 \n 501 bb 2").upgrade(), "^bb=2");
    assert_eq!(
        World::new("-1 aa 1").install(&["aa"]),
        "no version of `aa` can be chosen\n  caused by: ruled out by a negative priority: 1"
    );
    // The one that fits is named, not the newest; another source would not help.
    assert_eq!(
        World::new("-1 bb 2 \n -1 bb 1 \n aa 1 & Depends: bb (= 1)").install(&["aa"]),
        "`aa` cannot be installed\n  caused by: `aa` 1 needs `bb` (= 1), but `bb` 1 has a negative priority"
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
fn what_providers_recommend_counts_where_it_comes_too() {
    let world = World::new(
        "tex 1 & Depends: terminal \n thai 1 & Provides: terminal & Recommends: fonts, absent \n \
         fonts 1 & Depends: garuda \n garuda 1 \n zutty 1 & Provides: terminal & Depends: egl \n egl 1",
    );
    assert_eq!(world.install(&["tex"]), "+egl=1 +tex=1 +zutty=1");
    let request = Request {
        recommends: Recommends::Leave,
        ..world.request(&["tex"])
    };
    assert_eq!(world.short(&world.solve(&request)), "+tex=1 +thai=1");
}

#[test]
fn of_providers_that_bring_as_much_the_one_that_more_packages_want_by_name_comes() {
    let dictionaries = "dz 1 & Provides: dictionary & Size: 7 & Depends: common \n \
        en-us 1 & Provides: dictionary & Size: 268 & Depends: common \n \
        es 1 & Provides: dictionary & Size: 470 & Depends: common \n common 1 \n \
        all 1 & Recommends: dz, en-us, es \n office 1 & Recommends: en-us | dictionary \n";
    let world = World::new(&format!(
        "mail 1 & Recommends: gone-en-us | dictionary \n {dictionaries}"
    ));
    assert_eq!(world.install(&["mail"]), "+common=1 +en-us=1 +mail=1");
    // What brings less still comes before what is wanted more.
    let world = World::new(&format!(
        "mail 1 & Recommends: dictionary \n tiny 1 & Provides: dictionary \n {dictionaries}"
    ));
    assert_eq!(world.install(&["mail"]), "+mail=1 +tiny=1");
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
