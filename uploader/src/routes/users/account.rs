//! The account that an address means.

use archive_catalog::accounts::{Account, Id};

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Code, Problem};

/// Returns the account that an address means: for an administrator, or oneself.
pub(crate) fn addressed_account(app: &App, caller: &Caller, id: &str) -> Result<Account, Problem> {
    let account = caller.account()?;
    if account.id.as_str() == id {
        return caller.in_full().cloned();
    }
    caller.admin()?;
    let missing = || Problem::new(Code::UserNotFound, "no account has this ID");
    let id: Id = id.parse().map_err(|_| missing())?;
    app.archive.accounts().account(&id)?.ok_or_else(missing)
}
