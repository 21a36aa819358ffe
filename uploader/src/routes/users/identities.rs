//! `/api/users/{id}/identities`: who an account is at the sign-in provider.

use std::sync::Arc;

use archive_catalog::accounts::Account;
use archive_catalog::external_identities::{ExternalIdentity, LinkedIdentity};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use debian_control::release::format_iso;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Path};
use crate::id_tokens::check_url;
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::users::account::addressed_account;
use crate::routes::wire::ListPage;
use crate::secrets;

/// The longest issuer and the longest subject, in bytes.
const MAX_TEXT: usize = 255;

/// An identity at a sign-in provider that signs in to an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExternalIdentity)]
pub(crate) struct IdentityView {
    pub(crate) id: String,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) linked_at: String,
}

/// An identity to link.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewIdentity, example = json!({"issuer": "https://id.example.org", "subject": "f3c1d5a0"}))]
pub(crate) struct IdentityRequest {
    /// The `iss` of the provider, to the letter.
    issuer: String,
    /// Its `sub` of the person.
    subject: String,
}

/// Lists the identities of an account, oldest first.
#[utoipa::path(get, path = "/api/users/{id}/identities", operation_id = "list_identities", tag = "users", params(("id" = String, Path)),
    security(("bearer" = [])), responses((status = 200, description = "The identities", body = ListPage<IdentityView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<Answer<ListPage<IdentityView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        let account = addressed_account(app, &caller, &id)?;
        Ok(Answer(ListPage {
            items: of_account(app, &account)?,
            next: None,
        }))
    })
    .await
}

/// Links an identity to an account, by an administrator. Whoever has the identity at the provider then signs in to the account.
#[utoipa::path(post, path = "/api/users/{id}/identities", operation_id = "link_identity", tag = "users", params(("id" = String, Path)),
    request_body = IdentityRequest, security(("bearer" = [])), responses((status = 201, description = "Linked", body = IdentityView)))]
pub(crate) async fn link(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    Json(body): Json<IdentityRequest>,
) -> Result<Response, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        caller.admin()?;
        let account = addressed_account(app, &caller, &id)?;
        let linked = linked(app, &caller, &account, identity(body)?)?;
        Ok((StatusCode::CREATED, Answer(linked)).into_response())
    })
    .await
}

/// Removes an identity of an account, and ends the account's sessions.
#[utoipa::path(delete, path = "/api/users/{id}/identities/{identity}", operation_id = "unlink_identity", tag = "users",
    params(("id" = String, Path), ("identity" = String, Path)), security(("bearer" = [])),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn unlink(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path((id, identity)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        let account = addressed_account(app, &caller, &id)?;
        unlinked(app, &caller, &account, &identity)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Returns the identities of an account.
pub(crate) fn of_account(app: &App, account: &Account) -> Result<Vec<IdentityView>, Problem> {
    let found = app.archive.external_identities().linked_identities(&account.id)?;
    Ok(found.into_iter().map(IdentityView::new).collect())
}

/// Links an identity to an account.
pub(crate) fn linked(
    app: &App,
    caller: &Caller,
    account: &Account,
    identity: ExternalIdentity,
) -> Result<IdentityView, Problem> {
    let link = LinkedIdentity {
        id: secrets::new_id(),
        account: account.id.clone(),
        identity,
        linked_at: now(),
    };
    let detail = json!({ "issuer": link.identity.issuer, "subject": link.identity.subject });
    let event = caller.event("user.identity.link", account.username.to_string(), detail);
    app.archive.external_identities().link_identity(&link, &event)?;
    Ok(IdentityView::new(link))
}

/// Removes an identity of an account.
pub(crate) fn unlinked(app: &App, caller: &Caller, account: &Account, id: &str) -> Result<(), Problem> {
    let identities = app.archive.external_identities();
    let missing = || {
        Problem::new(
            Code::ExternalIdentityNotFound,
            "the account has no identity with this ID",
        )
    };
    let found = identities.linked_identities(&account.id)?;
    let found = found
        .into_iter()
        .find(|one| one.id.as_str() == id)
        .ok_or_else(missing)?;
    let detail = json!({ "issuer": found.identity.issuer, "subject": found.identity.subject });
    let event = caller.event("user.identity.unlink", account.username.to_string(), detail);
    let unlinked = identities.unlink_identity(&account.id, &found.id, &event)?;
    unlinked.then_some(()).ok_or_else(missing)
}

/// Checks an identity that somebody wrote.
fn identity(body: IdentityRequest) -> Result<ExternalIdentity, Problem> {
    let IdentityRequest { issuer, subject } = body;
    let is_text = |text: &str| {
        (1..=MAX_TEXT).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    };
    if !is_text(&issuer) || !is_text(&subject) {
        let wrong =
            format!("expected an `issuer` and a `subject` of 1 to {MAX_TEXT} bytes of printable ASCII");
        return Err(Problem::new(Code::InvalidRequest, wrong));
    }
    check_url(&issuer).map_err(|why| Problem::new(Code::InvalidRequest, why))?;
    Ok(ExternalIdentity { issuer, subject })
}

impl IdentityView {
    fn new(linked: LinkedIdentity) -> Self {
        Self {
            id: linked.id.to_string(),
            issuer: linked.identity.issuer,
            subject: linked.identity.subject,
            linked_at: format_iso(linked.linked_at),
        }
    }
}
