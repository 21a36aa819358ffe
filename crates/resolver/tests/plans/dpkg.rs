//! What dpkg accepts: unpacking beside what conflicts with it, it does not.

use resolver::request::{Request, Target, Upgrade};
use resolver::solve::solve_in_order;

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
    refusal.map(|no_order| no_order.refusal.to_string())
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
fn what_a_package_breaks_itself_does_not_meet_its_pre_depends() {
    for field in ["Breaks", "Conflicts"] {
        for needed in ["q", "q | r", "q (>= 1)", "q (>= 1) | r (>= 2)"] {
            // Its next version does, for the installed one was configured once.
            for other in ["", " & Depends: p (>= 2)"] {
                let steps = upgrade(&format!(
                    "* p 1 \n p 2 & {field}: q (<< 2) & Pre-Depends: {needed} \n * q 1 \n q 2{other} \n r 1"
                ));
                let expected = match other {
                    "" => "unpack q, configure q, unpack p, configure p",
                    _ => "unpack q, unpack p, configure q, configure p",
                };
                assert_eq!(steps, expected, "{field}, {needed}");
            }
        }
        // Another one that is there does at once.
        assert_eq!(
            upgrade(
                "* p 1 \n p 2 & Breaks: q (<< 2) & Pre-Depends: v \n * q 1 & Provides: v \n \
                 q 2 & Depends: p (>= 2) & Provides: v \n * r 1 & Provides: v"
            ),
            "unpack p, configure p, unpack q, configure q"
        );
    }
}

#[test]
fn what_only_provides_what_a_package_pre_depends_on_and_is_broken_by_it_leaves_no_order() {
    for field in ["Breaks", "Conflicts"] {
        for broken in ["q (<< 2)", "v (<< 2)"] {
            let lines = format!(
                "* p 1 \n p 2 & {field}: {broken} & Pre-Depends: v \n * q 1 & Provides: v (= 1) \n \
                 q 2 & Depends: p (>= 2) & Provides: v (= 2)"
            );
            let refusal = refused(&lines).unwrap_or_default();
            assert_eq!(
                refusal.lines().next(),
                Some("dpkg has no order in which `q` 2 can be installed"),
                "{lines}"
            );
        }
    }
}

#[test]
fn what_pre_depends_on_what_it_breaks_and_is_in_conflict_with_that_goes_for_a_moment() {
    for fields in ["Conflicts: q (<< 2)", "Breaks: q (<< 2) & Conflicts: q (<< 2)"] {
        for needs in [
            "Pre-Depends: p",
            "Pre-Depends: p | r",
            "Pre-Depends: p & Depends: p (>= 2)",
        ] {
            assert_eq!(
                upgrade(&format!(
                    "* p 1 \n p 2 & {fields} \n * q 1 \n q 2 & Breaks: p (<< 2) & {needs} \n r 1"
                )),
                "give way q, unpack p, configure p, unpack q, configure q",
                "{fields}, {needs}"
            );
        }
    }
}

/// What was deconfigured for another package is unpacked and was configured once: there is nothing left to deconfigure.
#[test]
fn what_something_else_broke_before_meets_the_pre_depends_of_what_breaks_it_too() {
    let lines = |needs: &str| {
        format!(
            "* p 1 \n p 2 & Breaks: q (<< 2) & Pre-Depends: q{needs} \n * q 1 \n q 2 & Conflicts: p (<< 2) \n \
             * r 1 \n r 2 & Breaks: q (<< 2)"
        )
    };
    assert_eq!(
        upgrade(&lines(", r (>= 2)")),
        "unpack r, configure r, unpack p, unpack q, configure q, configure p"
    );
    assert_eq!(
        upgrade(&lines("")),
        "give way p, unpack q, configure q, unpack p, configure p, unpack r, configure r"
    );
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

#[test]
fn what_an_installed_version_breaks_is_configured_once_that_is_replaced() {
    assert_eq!(
        upgrade("* breaker 1 & Breaks: app (>= 2) \n breaker 2 \n * app 1 \n app 2"),
        "unpack breaker, configure breaker, unpack app, configure app"
    );
    assert_eq!(
        upgrade("* breaker 1 & Breaks: app (>= 2) \n breaker 2 & Depends: app (>= 2) \n * app 1 \n app 2"),
        "unpack app, unpack breaker, configure app, configure breaker"
    );
    // Where it is not replaced but goes, it does so in between.
    assert_eq!(
        upgrade(
            "* user 1 & Depends: old \n user 2 & Depends: new \n ** old 1 & Breaks: other \n \
             new 1 & Depends: other & Breaks: old \n other 1"
        ),
        "unpack other, replaced old, configure other, unpack new, configure new, unpack user, configure user"
    );
}

#[test]
fn what_breaks_what_its_next_version_pre_depends_on_goes_for_a_moment_unless_it_is_essential() {
    let lines = |essential: &str| {
        format!(
            "* breaker 1{essential} & Breaks: app (>= 2) \n breaker 2{essential} & Pre-Depends: app (>= 2) \n \
             * app 1 \n app 2"
        )
    };
    assert_eq!(
        upgrade(&lines("")),
        "unpack app, give way breaker, configure app, unpack breaker, configure breaker"
    );
    assert_eq!(
        refused(&lines(" & Essential: yes")),
        Some(
            "dpkg has no order in which `app` 2 can be installed\n  \
             caused by: `breaker` 1 breaks it, and is still there when it has to be configured"
                .to_owned()
        )
    );
}

/// dpkg deconfigures a single package for each relation.
#[test]
fn of_what_one_relation_breaks_one_at_most_is_left_to_be_deconfigured() {
    let half = |version: u8, fields: &str| {
        format!("lib {version} & Multi-Arch: same{fields} \n lib {version} i386 & Multi-Arch: same{fields}")
    };
    assert_eq!(
        upgrade(&format!(
            "* {} \n {} \n * app 1 \n app 2 & Multi-Arch: foreign & Breaks: lib (<< 2)",
            half(1, "").replace("\n lib", "\n * lib"),
            half(2, " & Depends: app (>= 2)")
        )),
        "unpack lib, unpack lib, unpack app, configure app, configure lib, configure lib"
    );
    let transition = format!(
        "* user 1 & Depends: lib \n user 2 & Depends: libt64 \n \
         * tool 1 i386 & Depends: lib \n tool 2 i386 & Depends: libt64 \n ** {} \n {}",
        half(1, "").replace("\n lib", "\n ** lib"),
        half(2, " & Breaks: lib (<< 2) & Provides: lib (= 2)").replace("lib 2", "libt64 2")
    );
    assert_eq!(
        upgrade(&transition),
        "give way lib, unpack libt64, replaced lib, configure libt64, unpack libt64, configure libt64, \
         unpack tool, configure tool, unpack user, configure user"
    );
}

#[test]
fn an_upgrade_leaves_out_what_has_no_order_and_does_the_rest() {
    let circle = "* p 1 \n p 2 & Pre-Depends: q (>= 2) \n * q 1 \n q 2 & Depends: p (>= 2)";
    let world = World::new(&format!(
        "{circle} \n * rest 1 \n rest 2 \n * user 1 \n user 2 & Depends: q (>= 2)"
    ));
    for upgrade in [Upgrade::All, Upgrade::Full] {
        let request = Request {
            upgrade,
            ..world.request(&[])
        };
        let (plan, left_out) = solve_in_order(world.universe(), &request).unwrap();
        assert_eq!(world.short(&Ok(plan)), "^rest=2");
        let left_out: Vec<&str> = left_out.iter().map(|refusal| refusal.summary.as_str()).collect();
        assert_eq!(left_out, ["dpkg has no order in which `q` 2 can be installed"]);
    }
    // Who asks for it learns why.
    let user = world.ids()[7];
    let request = Request {
        install: vec![Target::OneOf {
            label: "user=2".to_owned(),
            packages: vec![user],
        }],
        ..world.request(&[])
    };
    let refusal = solve_in_order(world.universe(), &request).unwrap_err();
    assert_eq!(
        refusal.summary,
        "dpkg has no order in which `q` 2 can be installed"
    );
}
