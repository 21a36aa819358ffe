//! What a selection ends with.

use crate::fact::Fact;
use crate::universe::PackageId;

/// What is to be installed in the end.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Everything, in the order in which it was decided on.
    pub(crate) packages: Vec<PackageId>,
    /// What goes, and why it cannot stay.
    pub(crate) removed: Vec<(PackageId, Vec<Fact>)>,
}

/// Why there is no selection.
#[derive(Debug)]
pub(crate) enum SolveError {
    /// A target, by its index in the request, matches no package.
    Unknown(usize),
    /// A target, by its index in the request, is a name that several packages provide and none has.
    Virtual(usize),
    /// These facts contradict each other.
    Contradiction(Vec<Fact>),
    /// The search was given up: there may be a solution.
    GivenUp,
}
