//! A failure: its code, what was found, and how the client may go on.

use debian_archive::config::Suite;
use debian_archive::error_text::with_causes;
use debian_control::name::Component;

use super::code::Code;
use super::shortage::Shortage;

/// How a client may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Challenge {
    Bearer,
    Basic,
}

/// A failure.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    /// What was found and what would be right.
    pub(crate) detail: String,
    pub(crate) challenge: Challenge,
    /// Seconds after which it may be tried again.
    pub(crate) retry_after: Option<u64>,
}

/// Seconds after which what is over by itself is tried again.
const SOON: u64 = 5;
/// Seconds after which what somebody has to mend is tried again.
const LATER: u64 = 30;

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            challenge: Challenge::Bearer,
            retry_after: match code {
                Code::Unavailable | Code::IssuerUnavailable => Some(SOON),
                Code::SigningUnavailable | Code::StorageFull => Some(LATER),
                _ => None,
            },
        }
    }

    /// What the client is not told is logged. What passes is not the server's failure, and the client is told to come again.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        if let Some(shortage) = Shortage::behind(error) {
            tracing::error!(error = %with_causes(error), "a request was refused: {}", shortage.text());
            let (code, detail) = shortage.problem();
            return Self::new(code, detail);
        }
        tracing::error!(error = %with_causes(error), "a request failed");
        Self::failed()
    }

    /// Says that the server failed, for a reason that was logged.
    pub(crate) fn failed() -> Self {
        Self::new(
            Code::Internal,
            "the server's log has the reason, under the ID of this request",
        )
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            Code::Unauthenticated,
            "expected an `Authorization` header with a token from `POST /api/auth/login` or `POST /api/tokens`",
        )
    }

    pub(crate) fn no_such_suite(name: &str) -> Self {
        Self::new(Code::SuiteNotFound, format!("no suite `{}`", name.escape_debug()))
    }

    /// Says that a suite does not have a component.
    pub(crate) fn no_such_component(suite: &Suite, name: &str) -> Self {
        let listed: Vec<&str> = suite.components.iter().map(Component::as_str).collect();
        Self::new(
            Code::ComponentNotInSuite,
            format!(
                "no component `{}` in suite `{}`, which has {}",
                name.escape_debug(),
                suite.codename,
                listed.join(", ")
            ),
        )
    }

    /// Says that the rights of who asks changed between their check and the change that rests on them.
    pub(super) fn rights_changed() -> Self {
        Self::new(
            Code::Forbidden,
            "the account or its token was changed during the request, and nothing was done: repeat the request with valid credentials",
        )
    }

    /// Has the refusal ask for Basic, for programs that know nothing else.
    pub(crate) fn with_basic_challenge(mut self) -> Self {
        self.challenge = Challenge::Basic;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_apart_from_what_fails() {
        let of = |error: std::io::Error| {
            let problem = Problem::internal(&archive_catalog::CatalogError::Database {
                location: "catalog.db".into(),
                action: "open it",
                source: Box::new(error),
            });
            (problem.code, problem.retry_after.is_some())
        };
        let system = std::io::Error::from_raw_os_error;
        assert_eq!(of(system(libc::ENOSPC)), (Code::StorageFull, true));
        assert_eq!(of(system(libc::EDQUOT)), (Code::StorageFull, true));
        assert_eq!(of(system(libc::EMFILE)), (Code::Unavailable, true));
        assert_eq!(of(system(libc::EIO)), (Code::Internal, false));
    }
}
