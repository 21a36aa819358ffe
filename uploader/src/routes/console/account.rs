//! `/console/account`: one's own account.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::Done;
use super::answer::{Answered, page, refused};
use super::asked::Asked;
use super::confirmation::Confirmation;
use super::frame::Frame;
use super::sign_in::signed_out;
use super::visitor::{Posted, Visitor};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::routes::auth::password::{PasswordRequest, replace};
use crate::routes::auth::sessions::{SessionView, of_caller, sign_out_everywhere};
use crate::routes::users::identities::{IdentityView, of_account};
use crate::routes::wire::UserView;

#[derive(Template)]
#[template(path = "console/account.html")]
struct AccountPage {
    frame: Frame,
    user: UserView,
    sessions: Vec<SessionView>,
    identities: Vec<IdentityView>,
    /// What the sign-in provider is called.
    provider: Option<String>,
    confirmation: Confirmation,
    /// Why the password was not changed.
    problem: Option<&'static str>,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(done): Asked<Done>,
) -> Answered {
    page(&AccountPage::new(&app, visitor, done.done).await?)
}

impl AccountPage {
    async fn new(app: &Arc<App>, visitor: Visitor, done: Option<String>) -> Result<Self, Problem> {
        app.blocking(move |app| {
            let settings = app.single_sign_on.settings();
            Ok(Self {
                frame: Frame::new(&visitor, "Your account", done.as_deref()),
                user: UserView::new(visitor.caller.account()?),
                sessions: of_caller(app, &visitor.caller)?.items,
                identities: of_account(app, visitor.caller.account()?)?,
                provider: settings.provider.as_ref().map(|provider| provider.name.clone()),
                confirmation: Confirmation::of(app, &visitor, "/console/account")?,
                problem: None,
            })
        })
        .await
    }
}

/// Changes one's own password, which ends all sessions.
pub(super) async fn password(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let body = PasswordRequest {
        current_password: fields.password("password"),
        new_password: fields.password("new_password"),
    };
    let caller = visitor.caller.clone();
    match replace(&app, &visitor.presented.origin, caller, body).await {
        Ok(()) => Ok(signed_out("password")),
        Err(problem) if problem.code == Code::InvalidCredentials => {
            let mut shown = AccountPage::new(&app, visitor, None).await?;
            shown.problem = Some("The present password is wrong. Nothing was changed.");
            Ok(refused(&shown, problem))
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Signs out everywhere.
pub(super) async fn sessions(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let caller = posted.visitor.caller;
    app.changing(move |app| sign_out_everywhere(app, &caller)).await?;
    Ok(signed_out("everywhere"))
}
