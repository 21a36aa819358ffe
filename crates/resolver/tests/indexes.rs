//! What is said of all packages of an index, and of all that is installed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of it is test code, also what is not itself a test"
)]

mod support;

use debian_control::stanza::Stanza;
use resolver::autoremovable::autoremovable;
use resolver::check::{check, check_among};
use resolver::request::{Mark, Upgrade};
use resolver::universe::{Source, UniverseBuilder, UniverseError};
use support::World;

/// Returns what is broken, each with its reasons.
fn broken(world: &World) -> Vec<(String, Vec<String>)> {
    let universe = world.universe();
    let broken = check(universe).into_iter();
    broken
        .map(|broken| (universe.name(broken.package).to_owned(), broken.reasons))
        .collect()
}

fn reasons(list: &[&str]) -> Vec<String> {
    list.iter().map(|reason| (*reason).to_owned()).collect()
}

#[test]
fn the_shortest_chain_to_what_is_missing_is_told() {
    let world = World::new(
        "aa 1 & Depends: long, short \n long 1 & Depends: longer \n longer 1 & Depends: missing \n short 1 & Depends: missing",
    );
    let all = broken(&world);
    assert_eq!(all.len(), 4);
    assert_eq!(
        all[0].1,
        reasons(&[
            "`aa` 1 needs `short`",
            "`short` 1 needs `missing`, which no source has"
        ])
    );
}

#[test]
fn what_needs_a_broken_package_is_broken_with_its_reasons() {
    let world = World::new("cc 1 & Depends: bb \n bb 1 & Depends: aa \n aa 1 & Breaks: bb");
    let told = reasons(&["`bb` 1 needs `aa`", "`aa` 1 breaks `bb`"]);
    assert_eq!(
        broken(&world),
        [
            (
                "cc".to_owned(),
                [reasons(&["`cc` 1 needs `bb`"]), told.clone()].concat()
            ),
            ("bb".to_owned(), told),
        ]
    );
}

#[test]
fn what_excludes_an_essential_package_is_broken_and_another_version_of_that_will_do() {
    let world = World::new(
        "base 1 & Essential: yes \n base 2 & Essential: yes \n aa 1 & Conflicts: base \n bb 1 & Conflicts: base (<< 2)",
    );
    assert_eq!(broken(&world).len(), 1);
    assert_eq!(broken(&world)[0].0, "aa");
}

#[test]
fn a_need_of_any_architecture_names_what_the_package_lacks() {
    let world = World::new(
        "aa 1 & Depends: lib:any \n bb 1 & Depends: py:any (>= 2) \n lib 1 \n py 1 & Multi-Arch: allowed",
    );
    let told: Vec<_> = broken(&world).into_iter().map(|(_, reasons)| reasons).collect();
    assert_eq!(
        told,
        [
            reasons(&["`aa` 1 needs `lib:any`, but `lib` is not `Multi-Arch: allowed`, as `:any` requires"]),
            reasons(&["`bb` 1 needs `py:any` (>= 2), newest available is 1"]),
        ]
    );
}

/// As dpkg and apt have it: a package that provides `v:any` need not be `Multi-Arch: allowed`.
#[test]
fn what_is_provided_for_any_architecture_meets_needs_of_any_alone() {
    for multi_arch in ["", " & Multi-Arch: allowed"] {
        let world = World::new(&format!(
            "tt 1 & Provides: v:any (= 2){multi_arch} \n aa 1 & Depends: v:any (>= 1) \n bb 1 & Depends: v \n cc 1 & Depends: v:amd64"
        ));
        let told: Vec<_> = broken(&world).into_iter().map(|(_, reasons)| reasons).collect();
        assert_eq!(
            told,
            [
                reasons(&["`bb` 1 needs `v`, but `tt` 1 provides only `v:any`"]),
                reasons(&["`cc` 1 needs `v:amd64`, but `tt` 1 provides only `v:any`"]),
            ]
        );
    }
    let world = World::new(
        "tt 1 & Provides: v \n aa 1 & Depends: v:any \n uu 1 & Provides: w:i386 \n bb 1 & Depends: w",
    );
    let told: Vec<_> = broken(&world).into_iter().map(|(_, reasons)| reasons).collect();
    let allowed = "`aa` 1 needs `v:any`, but `tt` 1, which provides it, is not `Multi-Arch: allowed`, as `:any` requires";
    assert_eq!(
        told,
        [
            reasons(&[allowed]),
            reasons(&["`bb` 1 needs `w`, but `uu` 1 provides only `w:i386`"]),
        ]
    );
}

#[test]
fn where_the_essential_set_is_broken_everything_is() {
    let world = World::new("base 1 & Essential: yes & Depends: missing \n aa 1");
    let told = reasons(&[
        "`base` is essential",
        "`base` 1 needs `missing`, which no source has",
    ]);
    assert_eq!(
        broken(&world),
        [("base".to_owned(), told.clone()), ("aa".to_owned(), told)]
    );
}

#[test]
fn only_what_is_asked_about_is_checked() {
    let world = World::new("aa 1 & Depends: missing \n bb 1 & Depends: aa");
    let found = check_among(world.universe(), &world.ids()[1..]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].package, world.ids()[1]);
}

#[test]
fn what_came_by_itself_and_serves_nothing_is_unneeded() {
    let world = World::new(
        "* app 1 & Depends: lib | other & Recommends: extra \n ** lib 1 \n ** extra 1 & Depends: deep \n ** deep 1 \n \
         ** left 1 & Depends: over \n ** over 1 & Recommends: left \n ** base 1 & Essential: yes",
    );
    let request = world.request(&[]);
    assert_eq!(request.installed[1].mark, Mark::Automatic);
    let names = autoremovable(world.universe(), &request.installed);
    let names: Vec<&str> = names
        .into_iter()
        .map(|package| world.universe().name(package))
        .collect();
    assert_eq!(names, ["left", "over"]);
    assert_eq!(request.upgrade, Upgrade::Nothing);
}

#[test]
fn a_stanza_that_cannot_be_used_says_why() {
    let add = |text: &str| {
        let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &[]);
        builder.add(&Stanza::parse(text).unwrap(), Source::default())
    };
    let error = |text: &str| add(text).unwrap_err().to_string();
    assert_eq!(
        add("Package: aa\nArchitecture: amd64\n"),
        Err(UniverseError::Missing("Version"))
    );
    assert_eq!(
        error("Package: aa\nVersion: 1\nArchitecture: amd64\nDepends: bb,, cc\n"),
        "field `Depends` of `aa`: a package name is missing before `, cc`"
    );
    assert_eq!(
        error("Package: aa\nVersion: 1\nArchitecture: amd64\nMulti-Arch: maybe\n"),
        "field `Multi-Arch`: expected `no`, `same`, `foreign` or `allowed`"
    );
    assert_eq!(add("Package: aa\nVersion: 1\nArchitecture: arm64\n"), Ok(None));
}

#[test]
fn a_package_of_two_sources_is_one_with_the_higher_priority() {
    let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &[]);
    let stanza =
        Stanza::parse("Package: aa\nVersion: 1\nArchitecture: amd64\nDepends: bb (=1), cc\n").unwrap();
    let first = builder.add(&stanza, Source { priority: 1 }).unwrap().unwrap();
    assert_eq!(builder.add(&stanza, Source { priority: 500 }), Ok(Some(first)));
    let universe = builder.finish();
    assert_eq!((universe.len(), universe.priority(first)), (1, 500));
}

/// Numbers that look random and are always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// An index of two suites: most names in two versions, which need and rule out each other's.
fn two_suites(numbers: &mut Numbers) -> Vec<String> {
    let mut lines = Vec::new();
    for name in 0..60 {
        for version in 1..=1 + usize::from(numbers.below(4) > 0) {
            let mut line = format!("n{name} {version}");
            let needs: Vec<String> = (0..numbers.below(4))
                .map(|_| {
                    let relation = ["", " (= 1)", " (= 2)", " (>= 2)", " (<< 2)"][numbers.below(5)];
                    format!("n{}{relation} | n{}", numbers.below(62), numbers.below(62))
                })
                .collect();
            if !needs.is_empty() {
                line.push_str(&format!(" & Depends: {}", needs.join(", ")));
            }
            if numbers.below(3) == 0 {
                line.push_str(&format!(" & Conflicts: n{}", numbers.below(60)));
            }
            lines.push(line);
        }
    }
    lines
}

#[test]
fn the_order_of_an_index_changes_no_verdict() {
    let mut numbers = Numbers(11);
    let verdicts = |lines: &[String]| {
        let world = World::new(&lines.join("\n"));
        let universe = world.universe();
        let mut broken: Vec<String> = check(universe)
            .into_iter()
            .map(|broken| {
                format!(
                    "{} {}",
                    universe.name(broken.package),
                    universe.version(broken.package)
                )
            })
            .collect();
        broken.sort();
        broken
    };
    let mut found = 0;
    for _ in 0..30 {
        let mut lines = two_suites(&mut numbers);
        let first = verdicts(&lines);
        found += first.len();
        for _ in 0..3 {
            for place in (1..lines.len()).rev() {
                lines.swap(place, numbers.below(place + 1));
            }
            assert_eq!(verdicts(&lines), first, "{}", lines.join("\n"));
        }
    }
    assert!(found > 30, "{found} were broken");
}
