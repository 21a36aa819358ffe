//! The order in which a plan is carried out.

use resolver::request::{Request, Target, Upgrade};

use crate::support::World;

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

/// dpkg configures neither of two halves that are of different versions.
#[test]
fn a_half_gives_way_to_one_of_another_version() {
    let world = World::new(
        "* user 1 & Depends: tool \n * tool 2 & Multi-Arch: foreign & Depends: lib \n tool 2 i386 & Multi-Arch: foreign & Depends: lib \n \
         * lib 2 & Multi-Arch: same \n lib 1 i386 & Multi-Arch: same",
    );
    let request = Request {
        remove: vec![Target::Named {
            name: "lib".to_owned(),
            architecture: Some("amd64".to_owned()),
            constraint: None,
        }],
        ..world.request(&[])
    };
    let plan = world.solve(&request).unwrap();
    assert_eq!(
        world.short(&Ok(plan.clone())),
        "+lib:i386=1 +tool:i386=2 -lib=2 -tool=2"
    );
    assert_eq!(
        world.steps(&plan),
        "give way tool, give way lib, unpack lib, configure lib, unpack tool, configure tool"
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
