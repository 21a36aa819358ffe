//! Why there is no page; `answer` says so.

use crate::problem::Problem;

/// Why there is no page.
pub(super) enum ConsoleError {
    /// Nobody is signed in; then the page that was asked for is shown.
    SignIn { next: String },
    /// Something is wrong.
    Problem(Box<Problem>),
}

impl From<Problem> for ConsoleError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}
