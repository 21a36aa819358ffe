//! The token that an address means.

use archive_catalog::accounts::{ApiToken, Id, Role};

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Code, Problem};

/// Returns a token of the caller, or for an administrator of anybody.
pub(crate) fn owned(app: &App, caller: &Caller, id: &str) -> Result<ApiToken, Problem> {
    let account = caller.in_full()?;
    let missing = || Problem::new(Code::TokenNotFound, "the account has no token with this ID");
    let id: Id = id.parse().map_err(|_| missing())?;
    let found = app.archive.accounts().token(&id)?;
    found
        .filter(|token| token.account == account.id || account.role == Role::Admin)
        .ok_or_else(missing)
}
