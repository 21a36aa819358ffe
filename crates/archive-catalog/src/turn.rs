//! Turns to write.

/// How long others are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Half a minute.
    Usual,
    /// A second: for work that others do later otherwise.
    Brief,
}

/// How a writing transaction ends when its work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Commit,
    /// It was done to see what it comes to.
    RollBack,
}

/// A turn to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) patience: Patience,
    pub(crate) ending: Ending,
}
