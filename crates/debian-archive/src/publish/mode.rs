//! What a publish was asked for.

/// Whether a suite is published only when something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishMode {
    /// Only when something changed.
    Due,
    /// Always, with every index reassembled.
    Forced,
    /// Likewise, and dated by the clock although the last Release was dated ahead of it.
    Redating,
    /// Only when something changed; then also where packages vanish because the settings have no place for them any more.
    Dropping,
}

impl PublishMode {
    /// Says whether every index is reassembled, whatever changed.
    pub fn is_forced(self) -> bool {
        matches!(self, Self::Forced | Self::Redating)
    }
}
