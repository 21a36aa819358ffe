//! Turns to write.

/// How long others are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Half a minute.
    Usual,
    /// A second: for work that others do later otherwise.
    Brief,
}
