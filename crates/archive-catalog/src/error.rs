//! What the catalog refuses, and why.

use debian_control::name::SuiteName;

use crate::sql::SqlError;
use crate::transient::TransientFailure;

/// Why the catalog did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The database is not there, not readable, locked for too long, full or broken.
    #[error("cannot use the catalog `{location}`: {action}")]
    Database {
        /// Where the catalog is.
        location: String,
        /// What was being done.
        action: &'static str,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row holds what no version of this program wrote.
    #[error("the catalog `{location}` holds a row that cannot be read: {what}")]
    Corrupt {
        /// Where the catalog is.
        location: String,
        /// The row and what is wrong with it.
        what: String,
    },
    /// The tables are those of another version of this program.
    #[error(
        "the tables of the catalog `{location}` are at version {found}, and this program reads version {wanted}: {advice}"
    )]
    Tables {
        /// Where the catalog is.
        location: String,
        /// The version of the tables; 0 where there are none.
        found: i64,
        /// The version that this program reads.
        wanted: i64,
        /// What to do.
        advice: &'static str,
    },
    /// Another file has taken the place of the one that was opened.
    #[error(
        "the file of the catalog `{location}` was replaced or removed while it was in use: restart the program to use what is there now"
    )]
    Replaced {
        /// Where the catalog is.
        location: String,
    },
    /// It answered for other packages than it was asked for.
    #[error("the catalog was given sets of {asked:?} packages and answered for {answered:?}")]
    Incomplete {
        /// Packages in each set.
        asked: Vec<usize>,
        /// Answers for each set; `None` for a set that was refused.
        answered: Vec<Option<usize>>,
    },
    /// The suite is not in the catalog.
    #[error("suite `{0}` is not in the catalog")]
    NoSuchSuite(SuiteName),
    /// What was copied is not what was there.
    #[error("the copy differs in {0}")]
    CopyDiffers(String),
    /// Another publisher took the lease of the suite meanwhile.
    #[error("another publisher has taken over suite `{0}`")]
    LeaseLost(SuiteName),
    /// The state to go back to was pruned meanwhile.
    #[error("what suite `{0}` held was pruned meanwhile: choose a state that is still there")]
    StateForgotten(SuiteName),
    /// The authority of whoever asked ended, or changed, before the transaction.
    #[error("the account or its credential has changed since its rights were checked")]
    AuthorityEnded,
}

impl CatalogError {
    /// Says whether it is one that passes.
    pub fn transient_failure(&self) -> Option<TransientFailure> {
        let Self::Database { source, .. } = self else {
            return None;
        };
        if let Some(error) = source.downcast_ref::<std::io::Error>() {
            let is_full = matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            );
            return is_full.then_some(TransientFailure::Full);
        }
        if let Some(error) = source.downcast_ref::<rusqlite::Error>() {
            return crate::sql::sqlite_failure(error);
        }
        source.downcast_ref::<SqlError>()?.transient_failure()
    }
}
