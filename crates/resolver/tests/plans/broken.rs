//! What was broken before, and held or essential packages that are.

use resolver::plan::Why;
use resolver::request::{Request, WasBroken};

use crate::support::World;

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
