//! How somebody proves again who they are, before what cannot be undone: by their password, or at the sign-in provider.

use std::sync::Arc;

use super::fields::Fields;
use super::visitor::Visitor;
use crate::app::App;
use crate::caller::AuthMethod;
use crate::clock::now;
use crate::problem::{Code, Problem};
use crate::routes::auth::sign_in::confirm as confirm_password;
use crate::single_sign_on::is_confirmed;

/// How it is proven; `templates/console/confirmation.html` asks for it.
pub(super) enum Confirmation {
    /// By the password, in the form.
    Password,
    /// It was, some minutes ago.
    Done,
    /// At the provider of this name, and then the page is shown again.
    Provider { name: String, next: String },
    /// Not at all: the account has no password, and there is no provider.
    Impossible,
}

impl Confirmation {
    /// Says how somebody proves it, to be shown `next` then. Blocking.
    pub(super) fn of(app: &App, visitor: &Visitor, next: &str) -> Result<Self, Problem> {
        let account = visitor.caller.account()?;
        let settings = app.single_sign_on.settings();
        let found = app.archive.accounts().account_named(&account.username)?;
        if settings.passwords && found.is_some_and(|(_, password)| password.is_some()) {
            return Ok(Self::Password);
        }
        if let (AuthMethod::Session(verified), Some(text)) = (&visitor.caller.auth_method, &visitor.confirmed)
            && is_confirmed(&app.sessions, &verified.session.id, text, now())
        {
            return Ok(Self::Done);
        }
        Ok(match &settings.provider {
            Some(provider) => Self::Provider {
                name: provider.name.clone(),
                next: super::address("/console/confirm", &[("next", next)]),
            },
            None => Self::Impossible,
        })
    }
}

/// Checks the proof that a form has to bring, or that was brought some minutes ago.
pub(super) async fn confirm(app: &Arc<App>, visitor: &Visitor, fields: &Fields) -> Result<(), Problem> {
    let asked = visitor.clone();
    let how = app.blocking(move |app| Confirmation::of(app, &asked, "")).await?;
    match how {
        Confirmation::Done => Ok(()),
        Confirmation::Password => {
            let account = visitor.caller.account()?;
            confirm_password(
                app,
                &visitor.presented.origin,
                account,
                fields.password("password"),
            )
            .await
        }
        Confirmation::Provider { name, .. } => Err(Problem::new(
            Code::ConfirmationRequired,
            format!("go back, and confirm at `{name}` who you are"),
        )),
        Confirmation::Impossible => Err(Problem::new(
            Code::ConfirmationRequired,
            "the account has no password, and no sign-in provider is configured",
        )),
    }
}
