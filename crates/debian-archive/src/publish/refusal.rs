//! Reasons to refuse a publish: packages that cannot be installed, and suites that the configuration no longer lists.

use std::fmt;

use debian_control::name::SuiteName;

use crate::check::Uninstallable;

/// A suite that was published and that the configuration does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Codename.
    pub suite: SuiteName,
    /// How many packages its indexes show.
    pub packages: u64,
}

/// Packages that become uninstallable with a publish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gated(pub Vec<Uninstallable>);

/// How many packages an error names; the rest are counted.
const NAMED: usize = 5;

impl fmt::Display for Gated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, broken) in self.0.iter().take(NAMED).enumerate() {
            let before = if number == 0 { "" } else { "; " };
            let reasons = broken.reasons.join(", ");
            write!(
                formatter,
                "{before}`{}` {} for {}: {reasons}",
                broken.package, broken.version, broken.architecture
            )?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_named_in_part_and_counted() {
        let broken = |number: usize| Uninstallable {
            package: format!("p{number}"),
            version: "1".to_owned(),
            architecture: "all".to_owned(),
            reasons: vec!["it needs `x`".to_owned()],
        };
        let text = Gated((1..=7).map(broken).collect()).to_string();
        assert!(text.starts_with("`p1` 1 for all: it needs `x`; `p2`"), "{text}");
        assert!(text.ends_with("; and 2 more"), "{text}");
    }
}
