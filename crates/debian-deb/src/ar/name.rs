//! The name of a member.

use std::fmt;

/// The name of one member, as dpkg compares it: without padding blanks and without the final `/` of the GNU spelling.
///
/// Only printable ASCII without blanks and slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberName(pub(super) String);

impl MemberName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
