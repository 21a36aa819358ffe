//! What dpkg accepts: unpacking beside what conflicts with it, it does not.

use resolver::request::{Request, Upgrade};

use crate::support::World;

/// Returns the steps of a full upgrade, all of which dpkg takes.
fn upgrade(lines: &str) -> String {
    let world = World::new(lines);
    let request = Request {
        upgrade: Upgrade::Full,
        ..world.request(&[])
    };
    let plan = world.solve(&request).unwrap();
    let steps = world.steps(&plan);
    assert_eq!(world.dpkg_says(&request, &plan), [""; 0], "{steps}");
    steps
}

#[test]
fn what_is_in_conflict_is_replaced_first_also_where_it_needs_what_comes() {
    assert_eq!(
        upgrade("* q 1 \n q 2 & Depends: new \n new 2 & Conflicts: q (<< 2)"),
        "unpack q, unpack new, configure new, configure q"
    );
    assert_eq!(
        upgrade("* p 1 \n p 2 & Conflicts: q (<< 2) \n * q 1 \n q 2 & Depends: p (>= 2)"),
        "unpack q, unpack p, configure p, configure q"
    );
}

#[test]
fn what_the_installed_version_is_in_conflict_with_waits_for_its_next_one() {
    assert_eq!(
        upgrade("* q 1 & Conflicts: p (>= 2) \n q 2 & Depends: p \n * p 1 \n p 2"),
        "unpack q, unpack p, configure p, configure q"
    );
}

#[test]
fn what_pre_depends_on_more_than_an_installed_version_that_meets_it_waits_for_none() {
    assert_eq!(
        upgrade(
            "* p 1 & Depends: q (= 1) \n p 2 & Depends: q (= 2) \n \
             * q 1 & Depends: p (= 1) \n q 2 & Pre-Depends: p (>= 1) & Depends: p (= 2)"
        ),
        "unpack q, unpack p, configure q, configure p"
    );
    // Nothing has to go for a moment.
    assert_eq!(
        upgrade("* p 1 \n p 2 & Conflicts: q (<< 2) \n * q 1 \n q 2 & Pre-Depends: p"),
        "unpack q, unpack p, configure p, configure q"
    );
}
