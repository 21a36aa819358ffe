//! Packages that were never built: control files and content, the same from the same number.

use std::fmt::Write as _;

/// A control file such as a real archive's: eight relations, and a description of a few lines.
pub fn control(number: usize) -> String {
    const WORDS: [&str; 16] = [
        "archive", "binary", "cache", "daemon", "editor", "font", "graph", "http", "index", "kernel",
        "library", "mail", "network", "parser", "query", "runtime",
    ];
    let mut random = Random::new(number as u64 ^ 0x5eed);
    let word = |random: &mut Random| WORDS[random.below(WORDS.len())];
    let name = |number: usize| format!("{}-{}{number}", WORDS[number % 16], WORDS[number / 16 % 16]);
    let depends: Vec<String> = (0..8)
        .map(|_| name(random.below(number + 1)))
        .map(|name| format!("{name} (>= 1.0)"))
        .collect();
    let mut control = format!(
        "Package: {}\nVersion: {}.{}-{}\nArchitecture: {}\nMaintainer: {} team <team@example.org>\nInstalled-Size: {}\n\
         Depends: {}\nSection: misc\nPriority: optional\nHomepage: https://www.example.org/{number}\n\
         Description: {} {} {}\n",
        name(number),
        1 + random.below(9),
        random.below(30),
        1 + random.below(5),
        if number.is_multiple_of(3) { "all" } else { "amd64" },
        word(&mut random),
        random.below(9000),
        depends.join(", "),
        word(&mut random),
        word(&mut random),
        word(&mut random),
    );
    for _ in 0..4 {
        let line: Vec<&str> = (0..9).map(|_| word(&mut random)).collect();
        writeln!(control, " {}", line.join(" ")).unwrap();
    }
    control
}

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): small, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts it at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A number in (0, 1].
    pub fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Log-normal with a sigma of 1: most packages are small, a few are large.
    pub fn log_normal(&mut self, mean: f64) -> f64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        (mean.ln() - 0.5 + normal).exp()
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8))
            .flat_map(|_| self.next().to_le_bytes())
            .take(count)
            .collect()
    }
}
