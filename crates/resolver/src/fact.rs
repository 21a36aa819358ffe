//! What the clauses say, in Debian's terms.

use crate::index_vec::id;
use crate::universe::{Field, GroupId, NameId, PackageId};

id! {
    /// A fact of a solver.
    pub(crate) FactId
}

/// Why a clause holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Fact {
    /// A package needs one of others.
    Needs {
        package: PackageId,
        group: GroupId,
        field: Field,
    },
    /// Two packages are never installed together, since the first one says so.
    Conflicts {
        package: PackageId,
        group: GroupId,
        field: Field,
        other: PackageId,
    },
    /// Of the packages of a name one is installed at a time.
    OneVersion(NameId),
    /// One of some packages is wanted.
    Requirement(Requirement),
    /// A package is not to be installed.
    Excluded { package: PackageId, why: Exclusion },
}

/// What is wanted, and what does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Requirement {
    pub(crate) why: RequiredBy,
    pub(crate) one_of: Vec<PackageId>,
}

/// Why something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RequiredBy {
    /// It was asked for, as the target of this place in the request.
    Target(usize),
    /// Every system has it.
    Essential,
    /// It is installed.
    Installed(PackageId),
    /// It is installed, and a full upgrade brings it to its newest version.
    Upgrade(PackageId),
    /// It is what is looked at.
    Itself,
}

/// Why a package is not to be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Exclusion {
    /// It is to be removed.
    Removed,
    /// Another version of it is held.
    Held(PackageId),
    /// A later version of it is installed.
    Downgrade(PackageId),
    /// dpkg has no order in which it could come.
    NoOrder,
}
