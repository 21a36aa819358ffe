//! Indexes as chance makes them.

use std::fmt::Write as _;

/// Numbers that are the same in every run. Source: Steele and others, "Fast splittable pseudorandom number generators".
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }
}

const NAMES: u64 = 120;
const VIRTUAL: u64 = 12;
/// So many of the names are `Multi-Arch: allowed`, and only these are meant by `:any`: dose takes any package for that,
/// which neither dpkg nor apt does.
const ALLOWED: u64 = 15;

fn name(chance: &mut Chance) -> String {
    match chance.below(NAMES + VIRTUAL) {
        real if real < NAMES => format!("n{real}"),
        other => format!("v{other}"),
    }
}

fn relation(chance: &mut Chance) -> String {
    let name = name(chance);
    match chance.below(10) {
        0 => format!("{name} (>= {})", 1 + chance.below(4)),
        1 => format!("{name} (<< {})", 1 + chance.below(4)),
        2 => format!("{name} (= {})", 1 + chance.below(3)),
        _ => name,
    }
}

/// A relation that is needed.
fn need(chance: &mut Chance) -> String {
    if chance.one_in(12) {
        format!("n{}:any", chance.below(ALLOWED))
    } else {
        relation(chance)
    }
}

fn list(chance: &mut Chance, most: u64, item: impl Fn(&mut Chance) -> String) -> String {
    let items: Vec<String> = (0..chance.below(most + 1)).map(|_| item(chance)).collect();
    items.join(", ")
}

#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn stanza(chance: &mut Chance, number: u64) -> String {
    let version = 1 + chance.below(3);
    let architecture = if chance.one_in(4) { "all" } else { "amd64" };
    let mut text = format!("Package: n{number}\nVersion: {version}\nArchitecture: {architecture}\n");
    let group = |chance: &mut Chance| {
        let alternatives: Vec<String> = (0..1 + chance.below(2)).map(|_| need(chance)).collect();
        alternatives.join(" | ")
    };
    let provided = |chance: &mut Chance| match chance.below(3) {
        0 => format!("{} (= {})", name(chance), 1 + chance.below(3)),
        _ => name(chance),
    };
    let fields = [
        ("Depends", list(chance, 2, group)),
        (
            "Pre-Depends",
            if chance.one_in(8) {
                list(chance, 1, group)
            } else {
                String::new()
            },
        ),
        (
            "Conflicts",
            if chance.one_in(3) {
                list(chance, 2, relation)
            } else {
                String::new()
            },
        ),
        (
            "Breaks",
            if chance.one_in(3) {
                list(chance, 2, relation)
            } else {
                String::new()
            },
        ),
        (
            "Provides",
            if chance.one_in(2) {
                list(chance, 2, provided)
            } else {
                String::new()
            },
        ),
        (
            "Multi-Arch",
            if number < ALLOWED {
                "allowed".to_owned()
            } else {
                String::new()
            },
        ),
        (
            "Essential",
            if chance.one_in(60) {
                "yes".to_owned()
            } else {
                String::new()
            },
        ),
    ];
    for (field, value) in fields {
        if !value.is_empty() {
            writeln!(text, "{field}: {value}").unwrap();
        }
    }
    text
}

/// An index with some names missing and some in two versions.
pub(super) fn index(seed: u64) -> String {
    let mut chance = Chance(seed);
    let mut stanzas: Vec<String> = Vec::new();
    for number in 0..NAMES {
        for _ in 0..[1, 1, 1, 2, 0, 1][chance.below(6) as usize] {
            let next = stanza(&mut chance, number);
            // The same version twice is no index.
            let head = |text: &str| text.lines().take(2).map(str::to_owned).collect::<Vec<_>>();
            if stanzas.last().is_none_or(|last| head(last) != head(&next)) {
                stanzas.push(next);
            }
        }
    }
    stanzas.join("\n")
}
