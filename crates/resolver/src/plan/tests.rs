use debian_control::stanza::StanzaReader;

use super::*;
use crate::request::{Hold, Installed, Mark, Upgrade};
use crate::solve::solve;
use crate::universe::{Source, UniverseBuilder};

/// Packages in the versions 1, which is installed, and 2, each given by its name, and the fields of the two.
struct Upgrades {
    universe: Universe,
    installed: Vec<PackageId>,
}

impl Upgrades {
    fn new(packages: &[(&str, &str, &str)]) -> Self {
        let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &[]);
        let mut installed = Vec::new();
        for (name, old, new) in packages {
            let stanza = |version: u8, fields: &str| {
                format!("Package: {name}\nVersion: {version}\nArchitecture: all\n{fields}\n\n")
            };
            let text = stanza(1, old) + &stanza(2, new);
            let mut ids = StanzaReader::new(&text).map(|stanza| {
                let added = builder.add(&stanza.unwrap(), Source { priority: 500 });
                added.unwrap().unwrap()
            });
            installed.extend(ids.next());
            assert_eq!(ids.count(), 1, "each has a next version");
        }
        Self {
            universe: builder.finish(),
            installed,
        }
    }

    fn plan(&self) -> Plan {
        let installed = self.installed.iter().map(|package| Installed {
            package: *package,
            mark: Mark::Manual,
            hold: Hold::Free,
        });
        let request = Request {
            upgrade: Upgrade::Full,
            installed: installed.collect(),
            ..Request::default()
        };
        solve(&self.universe, &request).unwrap()
    }

    /// Returns the steps in short form: a sign and a name each.
    fn order(&self) -> String {
        let shown = |step: &Step| {
            let (sign, package) = match step {
                Step::Remove(package) | Step::GiveWay(package) | Step::Replaced(package) => ('-', package),
                Step::Unpack(package) => ('+', package),
                Step::Configure(package) => ('=', package),
            };
            format!("{sign}{}", self.universe.name(*package))
        };
        let plan = self.plan();
        plan.steps.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    /// Returns the name of what dpkg does not take when everything is unpacked in an order of names, and then configured.
    fn refused(&self, names: &[&str]) -> Option<&str> {
        let next = |name: &&str| {
            let versions = self.universe.versions_of(name).iter();
            let mut new = versions.filter(|package| !self.installed.contains(package));
            *new.next().unwrap()
        };
        let unpacked: Vec<PackageId> = names.iter().map(next).collect();
        let configured = unpacked.iter().map(|package| Step::Configure(*package));
        let steps = unpacked.iter().map(|package| Step::Unpack(*package));
        let plan = Plan {
            steps: steps.chain(configured).collect(),
            ..self.plan()
        };
        let no_order = plan.refused_by_dpkg(&self.universe, self.installed.iter().copied())?;
        Some(self.universe.name(no_order.package))
    }
}

#[test]
fn what_is_deconfigured_for_a_package_does_not_meet_its_pre_depends() {
    for breaks in ["b (<< 2)", "v (<< 2)"] {
        for needs in ["b", "b (>= 1)", "b | c", "v"] {
            for replaces in ["", "\nReplaces: b (<< 2)"] {
                let fields = format!("Breaks: {breaks}\nPre-Depends: {needs}{replaces}");
                let upgrades = Upgrades::new(&[
                    ("a", "", &fields),
                    ("b", "Provides: v (= 1)", "Provides: v (= 2)"),
                ]);
                assert_eq!(upgrades.refused(&["a", "b"]), Some("a"), "{fields}");
                // The next version of that name does, also before it is configured.
                let expected = (needs == "v").then_some("a");
                assert_eq!(upgrades.refused(&["b", "a"]), expected, "{fields}");
                assert_eq!(upgrades.order(), "+b =b +a =a", "{fields}");
            }
        }
    }
}

#[test]
fn what_is_not_deconfigured_for_a_package_meets_its_pre_depends() {
    let breaks = "Breaks: b (<< 2)\nPre-Depends: v";
    let other = ("c", "Provides: v", "Provides: v");
    let upgrades = Upgrades::new(&[
        ("a", "", breaks),
        ("b", "Provides: v", "Depends: a (>= 2)\nProvides: v"),
        other,
    ]);
    assert_eq!(upgrades.refused(&["a", "b", "c"]), None);
    // It was deconfigured for another one before.
    let breaks = "Breaks: b (<< 2)\nPre-Depends: b";
    let upgrades = Upgrades::new(&[("a", "", breaks), ("b", "", ""), ("c", "", "Breaks: b (<< 2)")]);
    assert_eq!(upgrades.refused(&["c", "a", "b"]), None);
    assert_eq!(upgrades.refused(&["a", "c", "b"]), Some("a"));
}

#[test]
fn the_next_version_of_what_a_package_cannot_be_beside_is_unpacked_before_it() {
    for field in ["Breaks", "Conflicts"] {
        for needs in ["b", "b | c"] {
            let fields = format!("{field}: b (<< 2)\nPre-Depends: {needs}");
            let upgrades = Upgrades::new(&[("a", "", &fields), ("b", "", "Depends: a (>= 2)")]);
            assert_eq!(upgrades.order(), "+b +a =b =a", "{fields}");
        }
    }
}

#[test]
fn what_pre_depends_on_what_it_breaks_gives_way_to_it_where_they_are_in_conflict() {
    for breaks in ["a (<< 2)", "v (<< 2)"] {
        for needs in ["a", "a | c", "v"] {
            let fields = format!("Breaks: {breaks}\nPre-Depends: {needs}");
            let upgrades = Upgrades::new(&[
                ("a", "Provides: v (= 1)", "Conflicts: b (<< 2)\nProvides: v (= 2)"),
                ("b", "", &fields),
            ]);
            assert_eq!(upgrades.order(), "-b +a =a +b =b", "{fields}");
        }
    }
}
