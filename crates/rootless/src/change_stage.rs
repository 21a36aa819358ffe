//! How far a change of an installation is, for whoever shows it.

use std::fmt;
use std::sync::Arc;

/// What happened, or begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage<'s> {
    /// Another package that comes is in the store.
    Unpacked,
    /// A program that makes files, such as an index, begins; its path.
    Runs(&'s str),
}

type Report = dyn Fn(Stage<'_>) + Send + Sync;

/// Who gets reports; nobody by default. Several threads report.
#[derive(Clone, Default)]
pub struct Listener(Option<Arc<Report>>);

impl Listener {
    /// Returns one that calls a function.
    pub fn new(report: impl Fn(Stage<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(report)))
    }

    pub(crate) fn report(&self, stage: Stage<'_>) {
        if let Some(report) = &self.0 {
            report(stage);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listener")
    }
}
