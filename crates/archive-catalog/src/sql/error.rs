//! What goes wrong with a statement.

use crate::transient::TransientFailure;

/// Why a statement has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqlError {
    /// SQLite refused it.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused it, or cannot be reached.
    ///
    /// Its text has the causes, so that they are no sources of their own.
    #[error("{}", postgres_text(.0))]
    Postgres(postgres::Error),
    /// The statement should have one row, such as that of a suite which is configured.
    #[error("no row answers a query that always has one")]
    NoRow,
    /// A column holds what no version of this program wrote.
    #[error("column {column} cannot be read: {what}")]
    Column {
        /// Its number, from 0.
        column: usize,
        /// What was found, or what is wrong with it.
        what: String,
    },
    /// All connections to PostgreSQL that this process may have are in use.
    #[error("all {0} connections are in use")]
    NoConnection(usize),
    /// The address of the server, or a variable beside it, says what cannot be done.
    #[error("{0}")]
    Setting(String),
    /// The other catalog of a copy cannot be read.
    #[error("the other catalog cannot be used")]
    Other {
        /// The error of that catalog.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// Whether it passes.
        transient: Option<TransientFailure>,
    },
    /// PostgreSQL stores no text with a NUL in it.
    #[error("a text has a NUL byte in it")]
    Nul,
}

impl From<postgres::Error> for SqlError {
    fn from(error: postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl SqlError {
    /// Says whether trying again later may help.
    pub(crate) fn transient_failure(&self) -> Option<TransientFailure> {
        match self {
            Self::Sqlite(error) => sqlite_failure(error),
            Self::Postgres(error) => postgres_failure(error),
            Self::NoConnection(_) => Some(TransientFailure::Busy),
            Self::Other { transient, .. } => *transient,
            _ => None,
        }
    }

    /// Says whether the connection to PostgreSQL is of no further use.
    pub(crate) fn is_disconnected(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.is_closed() || postgres_failure(error) == Some(TransientFailure::Away))
    }
}

/// Sorts an error of SQLite by its result code.
pub(crate) fn sqlite_failure(error: &rusqlite::Error) -> Option<TransientFailure> {
    match error.sqlite_error_code()? {
        rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked => {
            Some(TransientFailure::Busy)
        }
        rusqlite::ErrorCode::DiskFull => Some(TransientFailure::Full),
        _ => None,
    }
}

/// Sorts an error of PostgreSQL by the class of its SQLSTATE (PostgreSQL manual, appendix A).
fn postgres_failure(error: &postgres::Error) -> Option<TransientFailure> {
    let Some(code) = error.code() else {
        // No answer of the server: the connection could not be made, or broke.
        let is_ours = [
            "invalid configuration",
            "error serializing",
            "error deserializing",
            "invalid column",
        ]
        .iter()
        .any(|kind| error.to_string().starts_with(kind));
        return (!is_ours).then_some(TransientFailure::Away);
    };
    match code.code() {
        // lock_not_available, query_canceled (statement_timeout), serialization_failure, deadlock_detected.
        "55P03" | "57014" | "40001" | "40P01" => Some(TransientFailure::Busy),
        "53100" => Some(TransientFailure::Full),
        // too_many_connections; the server shuts down, starts up or crashed; read_only_sql_transaction: a standby.
        "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25006" => Some(TransientFailure::Away),
        code if code.starts_with("08") => Some(TransientFailure::Away),
        _ => None,
    }
}

/// Returns what the server said, which the driver's own text leaves out.
fn postgres_text(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} (SQLSTATE {})", said.message(), said.code().code()),
        None => {
            let cause = std::error::Error::source(error);
            cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
        }
    }
}
