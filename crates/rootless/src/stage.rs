//! How far a change is: what is told to whoever shows it.

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

type Told = dyn Fn(Stage<'_>) + Send + Sync;

/// Who is told; nobody by default. Several threads tell.
#[derive(Clone, Default)]
pub struct Listener(Option<Arc<Told>>);

impl Listener {
    /// Returns one that calls a function.
    pub fn new(told: impl Fn(Stage<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    pub(crate) fn tell(&self, stage: Stage<'_>) {
        if let Some(told) = &self.0 {
            told(stage);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listener")
    }
}
