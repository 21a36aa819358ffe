//! Identifies the caller of a request by the credential that it presents.

use crate::app::App;
use crate::caller::{AuthMethod, Caller};
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::origin::Requester;
use crate::problem::Problem;

/// Looks the credential up, and counts the request for its account.
///
/// An invalid credential is an error even where none is required: the client would take the answer for one with its rights.
pub(crate) fn identify(app: &App, presented: &PresentedCredential) -> Result<Caller, Problem> {
    let caller = Caller::anonymous(presented).again(&app.archive)?;
    if let AuthMethod::Token(token) = &caller.auth_method {
        app.usage.token(token, now());
    }
    if let Some(account) = caller.known_account() {
        presented.origin.set_requester(Requester::Account {
            name: account.username.to_string(),
            token: caller.token().cloned(),
        });
        let allowance = app.limits.account(presented.origin.traffic, &account.id)?;
        presented.origin.note_allowance(allowance);
    }
    Ok(caller)
}

/// The same where programs know Basic only: a refusal asks for it.
pub(crate) fn identify_basic(app: &App, presented: &PresentedCredential) -> Result<Caller, Problem> {
    identify(app, presented).map_err(Problem::with_basic_challenge)
}
