//! The answers that apt gets from cpkgs, beside those of apt's own solver.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

const APT: &str = "/usr/lib/apt/solvers/apt";
const SCENARIOS: u64 = 250;

/// The same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// A version of a package: what it needs, each one of some names, and what it is never with.
#[derive(Clone)]
struct Version {
    name: u64,
    needs: Vec<Vec<u64>>,
    conflicts: Option<u64>,
    is_installed: bool,
}

/// What is installed, by name.
type State = BTreeMap<u64, Version>;

struct Scenario {
    text: String,
    versions: Vec<Version>,
}

impl Scenario {
    fn of(seed: u64) -> Self {
        let mut numbers = Numbers(seed);
        for _ in 0..4 {
            numbers.below(2);
        }
        let names = 3 + numbers.below(5);
        let request = match numbers.below(5) {
            0 => format!("Install: p{}:amd64\n", numbers.below(names)),
            1 => format!("Remove: p{}:amd64\n", numbers.below(names)),
            2 => "Upgrade-All: yes\nUpgrade: yes\nForbid-New-Install: yes\nForbid-Remove: yes\n".to_owned(),
            3 => "Upgrade-All: yes\nForbid-Remove: yes\n".to_owned(),
            _ => "Upgrade-All: yes\nDist-Upgrade: yes\n".to_owned(),
        };
        let mut text = format!("Request: EDSP 0.5\nArchitecture: amd64\nArchitectures: amd64\n{request}\n");
        let mut versions = Vec::new();
        for name in 0..names {
            let newest = 1 + numbers.below(2);
            let installed = numbers.percent(60).then(|| 1 + numbers.below(newest));
            let is_automatic = numbers.percent(50);
            for version in 1..=newest {
                let mut needs = Vec::new();
                while numbers.percent(35) {
                    let more = numbers.percent(30).then(|| numbers.below(names));
                    needs.push(
                        std::iter::once(numbers.below(names))
                            .chain(more)
                            .collect::<Vec<u64>>(),
                    );
                }
                let conflicts = numbers.percent(12).then(|| numbers.below(names));
                let is_installed = installed == Some(version);
                let id = versions.len();
                let _ = write!(
                    text,
                    "Package: p{name}\nVersion: {version}\nArchitecture: amd64\nAPT-ID: {id}\nAPT-Pin: 500\n"
                );
                let alternatives = needs.iter().map(|one_of| {
                    one_of
                        .iter()
                        .map(|name| format!("p{name}"))
                        .collect::<Vec<_>>()
                        .join(" | ")
                });
                let depends: Vec<String> = alternatives.collect();
                if !depends.is_empty() {
                    let _ = writeln!(text, "Depends: {}", depends.join(", "));
                }
                if let Some(conflicts) = conflicts {
                    let _ = writeln!(text, "Conflicts: p{conflicts}");
                }
                for (is_so, field) in [
                    (is_installed, "Installed"),
                    (is_installed && is_automatic, "APT-Automatic"),
                    (version == newest, "APT-Candidate"),
                ] {
                    if is_so {
                        let _ = writeln!(text, "{field}: yes");
                    }
                }
                text.push('\n');
                versions.push(Version {
                    name,
                    needs,
                    conflicts,
                    is_installed,
                });
            }
        }
        Self { text, versions }
    }

    fn before(&self) -> State {
        let installed = self.versions.iter().filter(|version| version.is_installed);
        installed.map(|version| (version.name, version.clone())).collect()
    }

    /// Returns what is installed when an answer is carried out; `None` for one without a plan.
    fn after(&self, answer: &str) -> Option<State> {
        let by_id: HashMap<String, &Version> = self
            .versions
            .iter()
            .enumerate()
            .map(|(id, version)| (id.to_string(), version))
            .collect();
        let mut state = self.before();
        for line in answer.lines() {
            match line.split_once(": ") {
                Some(("Error", _)) => return None,
                Some(("Remove", id)) => drop(state.remove(&by_id[id].name)),
                Some(("Install", id)) => drop(state.insert(by_id[id].name, by_id[id].clone())),
                _ => {}
            }
        }
        Some(state)
    }
}

fn is_whole(state: &State) -> bool {
    state.values().all(|version| {
        let needs = version
            .needs
            .iter()
            .all(|one_of| one_of.iter().any(|name| state.contains_key(name)));
        let foe = version.conflicts.filter(|foe| *foe != version.name);
        needs && foe.is_none_or(|foe| !state.contains_key(&foe))
    })
}

fn asked(command: &mut Command, scenario: &str) -> (Option<i32>, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(scenario.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn random_scenarios_are_answered_as_well_as_by_the_solver_of_apt() {
    let mut compared = 0;
    for seed in 0..SCENARIOS {
        let scenario = Scenario::of(seed);
        let before = scenario.before();
        if !is_whole(&before) {
            continue;
        }
        compared += 1;
        let (code, ours) = asked(
            Command::new(archive_tests::archive::cpkgs()).arg("edsp"),
            &scenario.text,
        );
        let (_, theirs) = asked(&mut Command::new(APT), &scenario.text);
        let shown = format!(
            "scenario {seed}:\n{}\nours:\n{ours}\napt's:\n{theirs}",
            scenario.text
        );
        assert_eq!(code, Some(0), "{shown}");
        let apts = scenario.after(&theirs).filter(is_whole);
        let Some(after) = scenario.after(&ours) else {
            assert!(apts.is_none(), "apt has a plan: {shown}");
            continue;
        };
        assert!(is_whole(&after), "broken: {shown}");
        let removed = |after: &State| before.keys().filter(|name| !after.contains_key(name)).count();
        if let Some(apts) = apts {
            assert!(removed(&after) <= removed(&apts), "more is removed: {shown}");
        }
        if scenario.text.contains("Forbid-Remove: yes") {
            assert_eq!(removed(&after), 0, "{shown}");
        }
        if scenario.text.contains("Forbid-New-Install: yes") {
            assert!(after.keys().eq(before.keys()), "{shown}");
        }
    }
    assert!(compared > 50, "only {compared} scenarios began whole");
}
