//! `/console/users`: accounts.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;

use super::answer::{Answered, page, see};
use super::asked::{Asked, Path};
use super::confirmation::Confirmation;
use super::fields::Fields;
use super::frame::Frame;
use super::visitor::{Posted, Visitor};
use super::{Done, address, recent_sign_in};
use crate::app::App;
use crate::routes::quota::QuotaView;
use crate::routes::tokens::view::{self, TokenView};
use crate::routes::users::account::addressed_account;
use crate::routes::users::create::{UserRequest, created};
use crate::routes::users::edit::{self, ChangeUser};
use crate::routes::users::identities::{IdentityView, of_account};
use crate::routes::users::{delete, list, quota};
use crate::routes::wire::{PageParams, Tagged as _, UserView};

/// Which page of the accounts.
#[derive(Debug, Default, Deserialize)]
pub(super) struct UsersParams {
    cursor: Option<String>,
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/users.html")]
struct UsersPage {
    frame: Frame,
    items: Vec<UserView>,
    next: Option<String>,
}

pub(super) async fn all(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(params): Asked<UsersParams>,
) -> Answered {
    let frame = Frame::new(&visitor, "Users", params.done.as_deref());
    let page_params = PageParams {
        limit: None,
        cursor: params.cursor,
    };
    let found = app
        .blocking(move |app| list::listed(app, &visitor.caller, &page_params))
        .await?;
    page(&UsersPage {
        frame,
        next: found
            .next
            .as_deref()
            .map(|cursor| address("/console/users", &[("cursor", cursor)])),
        items: found.items,
    })
}

/// Creates an account.
pub(super) async fn create(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    if fields.given("role") == Some("admin")
        && let Some(question) = recent_sign_in::asked(&app, &visitor, &fields).await?
    {
        return Ok(question);
    }
    let body = UserRequest {
        username: fields.text("username"),
        email: fields.filled("email"),
        password: fields
            .filled("new_password")
            .map(|_| fields.password("new_password")),
        role: fields.filled("role"),
        suites: suites(&fields),
    };
    let user = created(&app, visitor.caller, body).await?;
    let shown = format!("/console/users/{}", user.id);
    Ok(see(&address(&shown, &[("done", "created")])))
}

#[derive(Template)]
#[template(path = "console/user.html")]
struct UserPage {
    frame: Frame,
    user: UserView,
    suites: String,
    tokens: Vec<TokenView>,
    quota: QuotaView,
    identities: Vec<IdentityView>,
    confirmation: Confirmation,
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Asked(done): Asked<Done>,
) -> Answered {
    let shown = app
        .blocking(move |app| {
            visitor.caller.admin()?;
            let account = addressed_account(app, &visitor.caller, &id)?;
            let user = UserView::new(&account);
            Ok(UserPage {
                frame: Frame::new(&visitor, user.username.clone(), done.done.as_deref()),
                suites: user.suites.as_deref().unwrap_or_default().join(" "),
                tokens: view::page_of(app, &account)?.items,
                quota: quota::of_account(app, &visitor.caller, &id)?,
                identities: of_account(app, &account)?,
                confirmation: Confirmation::of(app, &visitor, &visitor.address)?,
                user,
            })
        })
        .await?;
    page(&shown)
}

/// Changes an account, or deletes it.
pub(super) async fn change(State(app): State<Arc<App>>, Path(id): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let is_deletion = match fields.given("action") {
        Some("delete") => true,
        Some("change") => false,
        _ => return Err(super::unknown_action().into()),
    };
    if let Some(question) = recent_sign_in::confirmed(&app, &visitor, &fields).await? {
        return Ok(question);
    }
    if is_deletion {
        app.changing(move |app| delete::deleted(app, &visitor.caller, &id, &HeaderMap::new()))
            .await?;
        return Ok(see("/console/users?done=deleted"));
    }
    // What was left as it was shown is left as it is: another administrator may have changed it since.
    let is_new = |name: &str| fields.text(name) != fields.text(&format!("{name}_before"));
    let body = ChangeUser {
        email: None,
        password: None,
        role: fields.filled("role").filter(|_| is_new("role")),
        suites: (is_new("role") || is_new("suites")).then(|| suites(&fields)),
        disabled: is_new("state").then(|| fields.text("state") == "disabled"),
    };
    let shown = format!("/console/users/{id}");
    edit::changed(&app, visitor.caller, id, HeaderMap::new(), body).await?;
    Ok(see(&address(&shown, &[("done", "saved")])))
}

/// Sets the quota of an account.
pub(super) async fn limit(State(app): State<Arc<App>>, Path(id): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let body = super::quota(&fields)?;
    let as_shown = fields.as_shown()?;
    let shown = format!("/console/users/{id}");
    app.changing(move |app| quota::set_of_account(app, &visitor.caller, &id, (&as_shown, &body)))
        .await
        .map_err(super::not_as_shown)?;
    Ok(see(&address(&shown, &[("done", "saved")])))
}

/// Returns the suites of a form; none where it names none, which for a maintainer means all.
fn suites(fields: &Fields) -> Option<Vec<String>> {
    Some(fields.words("suites")).filter(|suites| !suites.is_empty())
}
