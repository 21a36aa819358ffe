//! Updates that reach one machine after another: `Phased-Update-Percentage`, as apt honours it.
//!
//! Each machine draws a number for each version of a source package, always the same one, and takes the update once the archive has
//! raised the percentage to it. Source: apt's `PhasedUpgrader` in `apt-pkg/upgrade.cc`. The number has to be apt's, so that a
//! machine that both change stays in one phase.

use debian_control::stanza::Stanza;

use crate::system::AptSettings;

/// Who draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phasing {
    /// `None` for who takes no update before it is for all.
    machine_id: Option<String>,
}

impl Phasing {
    /// Returns who draws on the machine of an id, as `/etc/machine-id` has it; `None` where there is none: then every update counts.
    pub fn new(machine_id: &str) -> Option<Self> {
        let machine_id = machine_id.trim();
        (!machine_id.is_empty()).then(|| Self {
            machine_id: Some(machine_id.to_owned()),
        })
    }

    /// Returns who draws where apt is configured so; `machine_id` is asked where that settles nothing. Of settings that contradict
    /// each other, the one that takes updates counts, and that of apt before that of update-manager, as apt has it.
    pub fn configured(settings: &AptSettings, machine_id: impl FnOnce() -> Option<String>) -> Option<Self> {
        let is_set = |what: &str| {
            let names =
                ["APT::Get", "Update-Manager"].map(|of| format!("{of}::{what}-Include-Phased-Updates"));
            names.iter().find_map(|name| settings.flag(name)).unwrap_or(false)
        };
        if is_set("Always") {
            return None;
        }
        if is_set("Never") {
            return Some(Self { machine_id: None });
        }
        Self::new(&machine_id()?)
    }

    /// Says whether an update is not for this machine yet.
    pub fn holds_back(&self, stanza: &Stanza<'_>) -> bool {
        let Some(percentage) = percentage(stanza) else {
            return false;
        };
        let Some(machine_id) = &self.machine_id else {
            return true;
        };
        let (source, version) = source(stanza);
        draw(&format!("{source}-{version}-{machine_id}")) > percentage
    }
}

/// Says whether the updates of a suite are for all machines at once, as apt has it.
pub fn is_security(suite: &str) -> bool {
    suite.ends_with("-security")
}

/// Returns how many machines of a hundred an update is for; `None` where it is for all. What is no number is for all.
fn percentage(stanza: &Stanza<'_>) -> Option<u32> {
    let percentage = stanza.line("Phased-Update-Percentage")?.parse().ok()?;
    (percentage < 100).then_some(percentage)
}

/// Returns name and version of a package's source. Source: Debian Policy 5.6.1, and apt's External Dependency Solver Protocol, which
/// has the version in a field of its own.
fn source<'s>(stanza: &Stanza<'s>) -> (&'s str, &'s str) {
    let field = |name| stanza.line(name).unwrap_or("");
    let (package, version) = (field("Package"), field("Version"));
    let version = stanza.line("Source-Version").unwrap_or(version);
    let Some(source) = stanza.line("Source") else {
        return (package, version);
    };
    match source.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(')').trim()),
        None => (source.trim(), version),
    }
}

/// Returns the number from 0 to 100 that stands for a text: what libstdc++ gives for `uniform_int_distribution(0, 100)` over a
/// `minstd_rand` that a `seed_seq` of the text's bytes has seeded.
fn draw(seed: &str) -> u32 {
    const NUMBERS: u64 = 101;
    // The generator's numbers go from 1 to its modulus less one.
    const RANGE: u64 = MODULUS - 2;
    const SCALE: u64 = RANGE / NUMBERS;
    let mut state = seeded(seed.as_bytes()) % MODULUS;
    if state == 0 {
        state = 1;
    }
    loop {
        state = state * MULTIPLIER % MODULUS;
        let drawn = state - 1;
        // What is left over at the end of the range would make the first numbers likelier.
        if drawn < SCALE * NUMBERS {
            return u32::try_from(drawn / SCALE).expect("it is below 101");
        }
    }
}

/// `std::minstd_rand`. Source: ISO C++, [rand.predef].
const MULTIPLIER: u64 = 48_271;
const MODULUS: u64 = 2_147_483_647;

/// Returns the last of four words that a `std::seed_seq` makes of bytes: the one that seeds `minstd_rand`.
/// Source: ISO C++, [rand.util.seedseq], with n = 4, t = 1, p = 1 and q = 2.
fn seeded(bytes: &[u8]) -> u64 {
    const WORDS: usize = 4;
    let mixed = |word: u32| word ^ (word >> 27);
    let low = |number: usize| (number & 3) as u32;
    let mut words = [0x8b8b_8b8b_u32; WORDS];
    let at =
        |words: &[u32; WORDS], place: usize| words.get(place % WORDS).copied().expect("a place below four");
    let set = |words: &mut [u32; WORDS], place: usize, word: u32| {
        *words.get_mut(place % WORDS).expect("a place below four") = word;
    };
    let rounds = (bytes.len() + 1).max(WORDS);
    for round in 0..rounds {
        let sum = at(&words, round) ^ at(&words, round + 1) ^ at(&words, round + WORDS - 1);
        let first = mixed(sum).wrapping_mul(1_664_525);
        let added = match round.checked_sub(1) {
            // Only its lowest 32 bits are of importance to whoever reads the standard.
            None => u32::try_from(bytes.len() & 0xffff_ffff).expect("the upper bits were masked"),
            Some(place) => low(round).wrapping_add(bytes.get(place).map_or(0, |byte| u32::from(*byte))),
        };
        let second = first.wrapping_add(added);
        let next = at(&words, round + 1).wrapping_add(first);
        set(&mut words, round + 1, next);
        let next = at(&words, round + 2).wrapping_add(second);
        set(&mut words, round + 2, next);
        set(&mut words, round, second);
    }
    for round in rounds..rounds + WORDS {
        let sum = at(&words, round)
            .wrapping_add(at(&words, round + 1))
            .wrapping_add(at(&words, round + WORDS - 1));
        let third = mixed(sum).wrapping_mul(1_566_083_941);
        let fourth = third.wrapping_sub(low(round));
        let next = at(&words, round + 1) ^ third;
        set(&mut words, round + 1, next);
        let next = at(&words, round + 2) ^ fourth;
        set(&mut words, round + 2, next);
        set(&mut words, round, fourth);
    }
    u64::from(at(&words, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gives_the_number_that_libstdcxx_gives() {
        // From a program of the five lines that apt has, built by g++ 12.
        for (seed, number) in [
            ("hello-2.10-3-0123456789abcdef0123456789abcdef", 71),
            ("nginx-1.22.1-9-0123456789abcdef0123456789abcdef", 67),
            ("a-1-b", 69),
        ] {
            assert_eq!(draw(seed), number, "{seed}");
        }
    }

    #[test]
    fn an_update_is_for_the_machines_below_its_percentage() {
        let phasing = Phasing::new("0123456789abcdef0123456789abcdef\n").unwrap();
        let held = |fields: &str| {
            let text = format!("Package: hello\nVersion: 2.10-3\n{fields}");
            phasing.holds_back(&Stanza::of_index(&text).unwrap())
        };
        assert!(held("Phased-Update-Percentage: 70\n"));
        assert!(!held("Phased-Update-Percentage: 71\n"));
        assert!(held("Phased-Update-Percentage: 0\n"));
        assert!(!held("Phased-Update-Percentage: 100\n"));
        assert!(!held(""));
        assert!(!held("Phased-Update-Percentage: many\n"));
        // All packages of one source draw one number.
        assert!(held("Source: nginx (1.22.1-9)\nPhased-Update-Percentage: 66\n"));
        assert!(!held("Source: nginx (1.22.1-9)\nPhased-Update-Percentage: 67\n"));
    }

    #[test]
    fn a_machine_without_an_id_takes_all() {
        assert_eq!(Phasing::new(" \n"), None);
    }

    #[test]
    fn a_solver_is_told_the_version_of_the_source_in_a_field_of_its_own() {
        let stanza = |fields: &str| format!("Package: libnginx\nVersion: 1+b1\n{fields}");
        let texts = [
            "Source: nginx (1.22.1-9)\n",
            "Source: nginx\nSource-Version: 1.22.1-9\n",
        ]
        .map(stanza);
        for text in texts {
            let stanza = Stanza::of_index(&text).unwrap();
            assert_eq!(source(&stanza), ("nginx", "1.22.1-9"));
        }
    }

    #[test]
    fn what_apt_is_configured_to_comes_before_what_the_machine_draws() {
        let stanza = "Package: hello\nVersion: 2.10-3\nPhased-Update-Percentage: 70\n";
        let holds_back = |settings: &str, id: Option<&str>| {
            let settings = AptSettings::told(settings);
            let phasing = Phasing::configured(&settings, || id.map(str::to_owned));
            phasing.is_some_and(|phasing| phasing.holds_back(&Stanza::of_index(stanza).unwrap()))
        };
        let id = Some("0123456789abcdef0123456789abcdef");
        let of_apt = |what: &str, flag: &str| format!("APT::Get::{what}-Include-Phased-Updates={flag}\n");
        let of_manager = |what: &str| format!("Update-Manager::{what}-Include-Phased-Updates=true\n");
        assert!(holds_back("", id));
        assert!(!holds_back("", None));
        assert!(!holds_back(&of_apt("Always", "1"), id));
        assert!(holds_back(&of_apt("Always", "0"), id));
        assert!(holds_back(&of_apt("Never", "yes"), None));
        assert!(!holds_back(&of_manager("Always"), id));
        assert!(holds_back(&of_manager("Never"), None));
        assert!(!holds_back(
            &(of_apt("Always", "true") + &of_apt("Never", "true")),
            id
        ));
        assert!(holds_back(
            &(of_apt("Always", "false") + &of_manager("Always")),
            id
        ));
    }
}
