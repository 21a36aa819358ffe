//! Which packages of a suite have known vulnerabilities, by what a distribution says of its source packages.
//!
//! Compares by source package and version, as the source of the data itself does: the Debian security tracker by the
//! version that fixed it in a release (`tracker`), OSV by ranges of versions (`osv`). Nothing is judged here: a package
//! that is not in the data has no line. Files and bytes come in; fetching is the caller's concern.

mod advisory;
mod database;
mod document;
mod gate;
mod osv;
mod report;
mod scan;
mod source_filter;
mod tracker;

pub use crate::severity::Severity;
pub use database::{DatabaseError, VulnerabilityDatabase};
pub use document::MAX_BYTES;
pub use gate::{Blocked, GateError};
pub use report::{Affected, AffectedPackage, SecurityReport, Standing};
pub use scan::{Finding, ScanError, wanted};
pub use source_filter::{SourceFilter, SourceNames};
