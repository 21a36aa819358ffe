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
        "unpack q, configure q, unpack p, configure p"
    );
}

#[test]
fn what_is_in_conflict_with_each_other_goes_for_a_moment() {
    assert_eq!(
        upgrade("* p 1 \n p 2 & Conflicts: q (<< 2) \n * q 1 \n q 2 & Conflicts: p (<< 2)"),
        "give way q, unpack p, configure p, unpack q, configure q"
    );
    assert_eq!(
        upgrade("* p 1 \n p 2 & Conflicts: q (<< 2) \n * q 1 \n q 2 & Pre-Depends: p (>= 2)"),
        "give way q, unpack p, configure p, unpack q, configure q"
    );
}

#[test]
fn what_little_needs_goes_for_a_moment() {
    assert_eq!(
        upgrade(
            "* n0 1 \n n0 2 \n * n1 1 & Conflicts: n0 (>= 2) \n n1 2 & Pre-Depends: n2 (>= 2) \n \
             * n2 1 \n n2 2 & Depends: n1 & Conflicts: n0 (<< 2)"
        ),
        "give way n0, unpack n2, configure n2, unpack n1, configure n1, unpack n0, configure n0"
    );
}

#[test]
fn nothing_goes_where_a_package_can_be_configured_beside_what_it_replaces() {
    assert_eq!(
        upgrade(
            "* n0 1 \n n0 2 & Pre-Depends: n1 \n * n1 1 \n n1 2 & Conflicts: n2 (<< 2) \n \
             * n2 1 \n n2 2 & Pre-Depends: n0 (>= 2)"
        ),
        "unpack n0, configure n0, unpack n2, unpack n1, configure n2, configure n1"
    );
}

/// Returns what a full upgrade in a system is refused for.
fn refused(lines: &str) -> Option<String> {
    let world = World::new(lines);
    let request = Request {
        upgrade: Upgrade::Full,
        ..world.request(&[])
    };
    let plan = world.solve(&request).unwrap();
    let installed = request.installed.iter().map(|one| one.package);
    let refusal = plan.refused_by_dpkg(world.universe(), installed);
    refusal.map(|refusal| refusal.to_string())
}

#[test]
fn an_essential_package_does_not_go_for_a_moment() {
    let other = "* p 1 \n p 2 & Conflicts: q (<< 2)";
    for (field, word) in [("Essential", "essential"), ("Protected", "protected")] {
        let q = |version: u8| format!("q {version} & {field}: yes");
        assert_eq!(
            refused(&format!(
                "{other} \n * {} \n {} & Pre-Depends: p (>= 2)",
                q(1),
                q(2)
            )),
            Some(format!(
                "`q` would have to be removed until its new version is unpacked\n  \
                 caused by: `p` 2 is in conflict with `q` 1, and has to be unpacked before the new version of `q`\n  \
                 caused by: `q` 1 is {word} and must stay installed"
            ))
        );
        // The other one may go.
        let circle = format!("{other} \n * {} \n {} & Conflicts: p (<< 2)", q(1), q(2));
        assert_eq!(refused(&circle), None);
        assert_eq!(
            upgrade(&circle),
            "give way p, unpack q, configure q, unpack p, configure p"
        );
    }
}

#[test]
fn what_a_package_pre_depends_on_is_configured_first_or_the_plan_is_refused() {
    let summary = |lines: &str| refused(lines).map(|text| text.lines().next().unwrap_or_default().to_owned());
    let circle = "* p 1 \n p 2 & Pre-Depends: q \n q 1 & Depends: p (>= 2)";
    assert_eq!(
        summary(circle).as_deref(),
        Some("dpkg has no order in which `q` 1 can be installed")
    );
    // The installed version was configured, and meets the need beside the next one.
    let once = "* p 1 \n p 2 & Pre-Depends: q \n * q 1 \n q 2 & Depends: p (>= 2)";
    assert_eq!(summary(once), None);
    let open = "* p 1 \n p 2 & Pre-Depends: q \n q 1 & Depends: p";
    assert_eq!(summary(open), None);
}

#[test]
fn what_is_only_provided_is_enough_until_its_next_version_is_unpacked() {
    assert_eq!(
        upgrade(
            "* base 1 & Essential: yes \n base 2 & Essential: yes & Pre-Depends: awk \n * mawk 1 & Provides: awk \n \
             mawk 2 & Provides: awk & Depends: libc (>= 2) \n * libc 1 \n libc 2 & Breaks: base (<< 2)"
        ),
        "unpack base, unpack libc, configure libc, configure base, unpack mawk, configure mawk"
    );
}
