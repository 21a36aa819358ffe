//! Packages of several architectures on one machine.

use resolver::request::{Request, Target};

use crate::support::World;

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
        "there is no package `bb:i386`\n  caused by: only available for amd64"
    );
    let all = World::new("aa 1 i386 & Depends: bb (>= 1) \n bb 1 all");
    let request = Request {
        install: vec![target("bb", "i386")],
        ..all.request(&[])
    };
    assert_eq!(
        all.solve(&request).unwrap_err().reasons,
        ["only available for `all`, which counts as amd64"]
    );
    assert_eq!(
        all.solve(&all.request(&["aa"])).unwrap_err().reasons,
        ["`aa:i386` 1 needs `bb` (>= 1), but `bb` 1 is only available for `all`, which counts as amd64"]
    );
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
