//! What a publish was asked for.

/// Whether a suite is published only when something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishMode {
    /// Only when something changed.
    Due,
    /// Always, with every index reassembled.
    Forced,
    /// Only when something changed; then also where packages vanish because the settings have no place for them any more.
    Dropping,
}
