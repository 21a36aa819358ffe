//! Making an account, for oneself or by an administrator.

use std::sync::Arc;

use archive_catalog::accounts::{Account, NewAccount};
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::routes::wire::{self, UserView};

/// Makes an account, for itself or by an administrator.
pub(crate) async fn create_account(
    app: &Arc<App>,
    account: Account,
    password: Option<String>,
    caller: Caller,
) -> Result<UserView, Problem> {
    let password = match password {
        Some(password) => Some(app.passwords.hash(password).await?),
        None => None,
    };
    app.changing(move |app| {
        // The password took its time: rights count now.
        let caller = caller.again(&app.archive)?;
        if caller.known_account().is_some() {
            caller.admin()?;
        }
        let detail =
            json!({ "role": account.role.as_str(), "suites": wire::recorded_suites(&account.suites) });
        let event = caller.event("user.create", account.username.to_string(), detail);
        let view = UserView::new(&account);
        app.archive
            .accounts()
            .create_account(&NewAccount { account, password }, &event)?;
        Ok(view)
    })
    .await
}
