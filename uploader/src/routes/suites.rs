//! Suites: what they hold, held and show.

pub(crate) mod differences;
pub(crate) mod list;
pub(crate) mod promotions;
pub(crate) mod publications;
pub(crate) mod publishing;
pub(crate) mod quota;
pub(crate) mod rollback;
pub(crate) mod snapshots;
pub(crate) mod vulnerabilities;
pub(crate) mod yanked;
