//! Small random universes, against trying every set of packages: a plan is found whenever there is one, and it is the
//! one that the order of preference asks for.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of it is test code, also what is not itself a test"
)]

mod support;

use std::fmt::Write as _;

use debian_control::stanza::Stanza;
use proptest::prelude::*;
use resolver::check::{check, check_suites};
use resolver::request::{Recommends, Request};
use resolver::universe::PackageId;
use support::World;
use support::audit::audit;

const NAMES: usize = 5;

/// A relation to one of the names, or to what only some provide.
fn relation() -> impl Strategy<Value = String> {
    let constraint = prop_oneof![
        3 => Just(""),
        1 => Just(" (>= 2)"),
        1 => Just(" (<< 2)"),
        1 => Just(" (= 1)"),
    ];
    (0..NAMES + 2, constraint).prop_map(|(name, constraint)| {
        let name = if name < NAMES {
            format!("n{name}")
        } else {
            format!("v{name}")
        };
        format!("{name}{constraint}")
    })
}

fn provided() -> impl Strategy<Value = String> {
    let version = prop_oneof![Just(""), Just(" (= 1)"), Just(" (= 2)")];
    (0..NAMES + 2, version).prop_map(|(name, version)| {
        let name = if name < NAMES {
            format!("n{name}")
        } else {
            format!("v{name}")
        };
        format!("{name}{version}")
    })
}

/// The fields of one package.
fn fields() -> impl Strategy<Value = String> {
    let group = prop::collection::vec(relation(), 1..3).prop_map(|group| group.join(" | "));
    let needs = prop::collection::vec(group, 0..3);
    let conflicts = prop::collection::vec(relation(), 0..2);
    let provides = prop::collection::vec(provided(), 0..2);
    (needs, conflicts, provides, 0..12).prop_map(|(needs, conflicts, provides, kind)| {
        let mut text = String::new();
        for (field, list) in [
            ("Depends", needs),
            ("Conflicts", conflicts),
            ("Provides", provides),
        ] {
            if !list.is_empty() {
                write!(text, " & {field}: {}", list.join(", ")).unwrap();
            }
        }
        if kind == 0 {
            text.push_str(" & Essential: yes");
        }
        text
    })
}

/// Lines of a world: one or two versions of each name, in any order.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let package = (0..NAMES, 1..3, fields());
    prop::collection::vec(package, 3..9).prop_map(|packages| {
        let mut lines: Vec<String> = Vec::new();
        for (name, version, fields) in packages {
            let head = format!("n{name} {version}");
            if !lines
                .iter()
                .any(|line| line == &head || line.starts_with(&format!("{head} ")))
            {
                lines.push(format!("{head}{fields}"));
            }
        }
        lines
    })
}

/// Returns all sets of packages that can be installed beside each other.
fn valid_sets(world: &World) -> Vec<Vec<PackageId>> {
    let ids = world.ids();
    let stanzas: Vec<Stanza<'_>> = ids.iter().map(|id| world.stanza(*id)).collect();
    let pick = |bits: u32| (0..ids.len()).filter(move |place| bits >> place & 1 == 1);
    (0..1_u32 << ids.len())
        .filter(|bits| {
            let chosen: Vec<Stanza<'_>> = pick(*bits).map(|place| stanzas[place].clone()).collect();
            audit(&chosen, "amd64").is_empty()
        })
        .map(|bits| pick(bits).map(|place| ids[place]).collect())
        .collect()
}

/// Leaves the sets that a rule holds for, where it does for any; and says whether it did.
fn prefer(sets: &mut Vec<Vec<PackageId>>, rule: impl Fn(&[PackageId]) -> bool) -> bool {
    let good: Vec<Vec<PackageId>> = sets.iter().filter(|set| rule(set)).cloned().collect();
    let any = !good.is_empty();
    if any {
        *sets = good;
    }
    any
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_package_is_broken_where_no_set_has_it_and_the_essential_ones(lines in lines()) {
        let world = World::new(&lines.join("\n"));
        let universe = world.universe();
        let sets = valid_sets(&world);
        let essential: Vec<PackageId> = universe.packages().filter(|id| universe.is_essential(*id)).collect();
        let is_whole = |set: &[PackageId]| essential.iter().all(|one| {
            set.iter().any(|id| essential.contains(id) && universe.name(*id) == universe.name(*one))
        });
        let broken: Vec<PackageId> = check(universe).into_iter().map(|broken| broken.package).collect();
        // Which packages are said to go together decides on the way, not on the verdict.
        let suites = ["1", "2"].map(|version| {
            universe.packages().filter(|id| universe.version(*id) == version).collect::<Vec<_>>()
        });
        let by_suites: Vec<PackageId> =
            check_suites(universe, &suites).into_iter().map(|broken| broken.package).collect();
        prop_assert_eq!(&by_suites, &broken);
        for package in universe.packages() {
            let fits = sets.iter().any(|set| set.contains(&package) && is_whole(set));
            prop_assert_eq!(broken.contains(&package), !fits, "{} in {:?}", universe.name(package), lines);
        }
    }

    #[test]
    fn a_plan_is_found_whenever_there_is_one_and_by_preference(lines in lines(), target in 0..NAMES) {
        // What is installed must be sound itself; the more of it there is, the more has to give.
        let bare = World::new(&lines.join("\n"));
        let first = valid_sets(&bare).into_iter().max_by_key(Vec::len).unwrap_or_default();
        let marked: Vec<String> = lines.iter().zip(bare.ids()).map(|(line, id)| {
            if first.contains(id) { format!("* {line}") } else { line.clone() }
        }).collect();
        let world = World::new(&marked.join("\n"));
        let universe = world.universe();
        let name = format!("n{target}");
        prop_assume!(!universe.versions_of(&name).is_empty());
        let request = Request { recommends: Recommends::Leave, ..world.request(&[&name]) };
        let installed: Vec<PackageId> = request.installed.iter().map(|installed| installed.package).collect();
        let has = |set: &[PackageId], name: &str| set.iter().any(|id| universe.name(*id) == name);
        let went_back = |set: &[PackageId]| installed.iter().any(|old| set.iter().any(|new| {
            universe.name(*old) == universe.name(*new) && universe.version(*new) < universe.version(*old)
        }));
        let mut sets = valid_sets(&world);
        sets.retain(|set| has(set, &name) && !went_back(set));
        sets.retain(|set| installed.iter().all(|id| !universe.is_essential(*id) || has(set, universe.name(*id))));

        let plan = match world.solve(&request) {
            Ok(plan) => plan,
            Err(refusal) => {
                prop_assert!(sets.is_empty(), "{refusal}\nin {marked:?}");
                return Ok(());
            }
        };
        let result = world.result(&request, &plan);
        prop_assert!(!sets.is_empty());
        // What is installed stays, by name; then the newest of what was asked for; then versions stay.
        let mut names: Vec<&str> = installed.iter().map(|id| universe.name(*id)).collect();
        names.sort_unstable();
        for kept in &names {
            prop_assert_eq!(prefer(&mut sets, |set| has(set, kept)), has(&result, kept), "{} of {:?}", kept, marked);
        }
        for version in universe.versions_of(&name) {
            if prefer(&mut sets, |set| set.contains(version)) {
                prop_assert!(result.contains(version), "{} of {:?}", universe.version(*version), marked);
                break;
            }
        }
        for name in &names {
            let before = installed.iter().find(|id| universe.name(**id) == *name).unwrap();
            let stays = prefer(&mut sets, |set| set.contains(before));
            prop_assert_eq!(stays, result.contains(before), "{} of {:?}", name, marked);
        }
    }
}
