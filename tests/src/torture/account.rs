//! What a scenario did, and what went wrong.

use std::collections::BTreeMap;
use std::fmt;

/// How many faults are told in full; the rest are only counted.
const TOLD: usize = 20;

/// Counts of what was done, and the faults that were seen.
#[derive(Debug, Clone, Default)]
pub struct Account {
    counts: BTreeMap<String, usize>,
    faults: Vec<String>,
    untold: usize,
}

impl Account {
    /// Counts one more `what`.
    pub fn count(&mut self, what: &str) {
        self.add(what, 1);
    }

    /// Counts `number` more of `what`; none is a count, too.
    pub fn add(&mut self, what: &str, number: usize) {
        *self.counts.entry(what.to_owned()).or_default() += number;
    }

    /// Notes a fault.
    pub fn fault(&mut self, text: impl Into<String>) {
        if self.faults.len() < TOLD {
            self.faults.push(text.into());
        } else {
            self.untold += 1;
        }
    }

    /// Adds what another account says.
    pub fn merge(&mut self, other: Self) {
        for (what, number) in other.counts {
            self.add(&what, number);
        }
        self.untold += other.untold;
        for fault in other.faults {
            self.fault(fault);
        }
    }

    /// Returns how often `what` was counted.
    pub fn counted(&self, what: &str) -> usize {
        self.counts.get(what).copied().unwrap_or_default()
    }

    /// Returns how many faults there were.
    pub fn faults(&self) -> usize {
        self.faults.len() + self.untold
    }

    /// Returns itself when there was no fault, and fails the test otherwise.
    #[track_caller]
    pub fn clean(self) -> Self {
        assert_eq!(self.faults(), 0, "\n{self}");
        self
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, number) in &self.counts {
            writeln!(formatter, "  {number:7} {what}")?;
        }
        writeln!(formatter, "  {:7} faults", self.faults())?;
        for fault in &self.faults {
            writeln!(formatter, "FAULT: {fault}")?;
        }
        Ok(())
    }
}
