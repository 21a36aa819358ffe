//! What goes, what stays, and why something cannot be had.

use resolver::request::{Hold, Request, Target};

use crate::support::World;

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
fn what_is_the_hosts_is_not_removed_by_name_either() {
    let world = World::new("* bb 1");
    let mut request = world.request(&[]);
    request.remove = vec![Target::named("bb")];
    assert_eq!(world.short(&world.solve(&request)), "-bb=1");
    request.installed[0].hold = Hold::Fixed;
    assert_eq!(
        world.short(&world.solve(&request)),
        "`bb` cannot be removed\n  caused by: `bb` 1 is part of the host, and cannot be changed\n  \
         caused by: `bb` is to be removed\nhint: keep `bb`"
    );
}

#[test]
fn what_is_the_hosts_stays_and_nobody_is_said_to_hold_it() {
    let world = World::new("* bb 1 \n bb 2 \n aa 1 & Depends: bb (>= 2)");
    let mut request = world.request(&["aa"]);
    request.installed[0].hold = Hold::Fixed;
    assert_eq!(
        world.short(&world.solve(&request)),
        "`aa` cannot be installed\n  caused by: `aa` 1 needs `bb` (>= 2)\n  caused by: `bb` 1 is part of the host, and cannot be changed"
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
