//! `POST /api/tokens`.

use std::sync::Arc;

use archive_catalog::accounts::ApiToken;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use debian_control::digest;
use debian_control::release::format_iso;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Json;
use crate::given_name::{MAX_TOKEN_NAME, given_name};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::tokens::view::TokenView;
use crate::routes::wire;
use crate::scope::Scope;
use crate::secrets;

/// How many scopes one token may have.
const MAX_SCOPES: usize = 64;

/// How many tokens one account may have.
const MAX_TOKENS: usize = 1000;

/// A token to create.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"name": "ci", "scopes": ["upload:bookworm/hello*"], "expires_at": "2030-01-01T00:00:00Z"}))]
#[schema(as = NewToken)]
pub(crate) struct TokenRequest {
    /// A name that helps its owner recognize the token.
    pub(crate) name: String,
    /// `upload:SUITE/GLOB`, `delete:SUITE/GLOB`, `read:SUITE` or `admin`.
    pub(crate) scopes: Vec<String>,
    /// When the token expires, such as `2030-01-01T00:00:00Z`. Omitted or null: never, or together with the token that creates it.
    pub(crate) expires_at: Option<String>,
}

/// Creates a token. The secret is returned only once, in this answer.
#[utoipa::path(post, path = "/api/tokens", operation_id = "create_token", tag = "tokens", request_body = TokenRequest, security(("bearer" = [])),
    responses((status = 201, description = "Created", body = TokenView)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<TokenRequest>,
) -> Result<Response, Problem> {
    let view = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            created(app, &caller, &body)
        })
        .await?;
    Ok((StatusCode::CREATED, [("cache-control", "no-store")], Answer(view)).into_response())
}

/// Creates a token of the caller.
pub(crate) fn created(app: &App, caller: &Caller, body: &TokenRequest) -> Result<TokenView, Problem> {
    let account = caller.in_full()?;
    let scopes = scopes(app, caller, &body.scopes)?;
    let expires_at = body.expires_at.as_deref().map(expiry).transpose()?;
    let expires_at = within_life(expires_at, caller.ends_at())?;
    let expires_at = within_longest(expires_at, app.settings.token_max_life)?;
    if app.archive.accounts().tokens(&account.id)?.len() >= MAX_TOKENS {
        return Err(wrong(format!(
            "the account already has {MAX_TOKENS} tokens: delete some first"
        )));
    }
    let token = ApiToken {
        id: secrets::new_id(),
        account: account.id.clone(),
        name: given_name(&body.name, MAX_TOKEN_NAME).map_err(wrong)?,
        scopes,
        created_at: now(),
        expires_at,
        last_used_at: None,
    };
    let secret = secrets::new_token();
    let detail = json!({ "name": token.name, "scopes": token.scopes });
    let event = caller.event("token.create", token.id.to_string(), detail);
    app.archive
        .accounts()
        .create_token(&token, &digest::sha256(secret.as_bytes()), &event)?;
    Ok(TokenView::new(&token, Some(secret)))
}

/// Reads scopes, with codenames for aliases, all within the rights of who asks.
fn scopes(app: &App, caller: &Caller, texts: &[String]) -> Result<Vec<String>, Problem> {
    if texts.len() > MAX_SCOPES {
        return Err(wrong(format!("expected at most {MAX_SCOPES} scopes")));
    }
    texts
        .iter()
        .map(|text| {
            let scope = wire::value::<Scope>(text)?.with_codename(app.archive.config());
            caller.check_scope(app.archive.config(), &scope, text)?;
            Ok(scope.to_string())
        })
        .collect()
}

/// Returns when a token ends that is made by one that ends itself: not later.
fn within_life(wanted: Option<i64>, maker: Option<i64>) -> Result<Option<i64>, Problem> {
    match (wanted, maker) {
        (Some(wanted), Some(maker)) if wanted > maker => Err(wrong(format!(
            "`expires_at` is after {}, when the token used for this request expires",
            format_iso(maker)
        ))),
        (None, maker) => Ok(maker),
        (wanted, _) => Ok(wanted),
    }
}

/// Returns when a token ends where the server has a longest life for tokens: not later.
fn within_longest(wanted: Option<i64>, longest: Option<i64>) -> Result<Option<i64>, Problem> {
    let Some(longest) = longest else {
        return Ok(wanted);
    };
    let last = now() + longest;
    match wanted {
        Some(wanted) if wanted > last => Err(wrong(format!(
            "`expires_at` is after {}, the latest end that this server gives to tokens",
            format_iso(last)
        ))),
        wanted => Ok(wanted.or(Some(last))),
    }
}

fn expiry(text: &str) -> Result<i64, Problem> {
    // The last day of the year 9999 is more than the library takes, and what people write for never.
    let is_far = |text: &str| {
        text.starts_with("9999-12-3")
            && text
                .strip_suffix('Z')
                .is_some_and(|text| text.parse::<jiff::civil::DateTime>().is_ok())
    };
    let time = match text.parse::<jiff::Timestamp>() {
        Ok(time) => time,
        Err(_) if is_far(text) => jiff::Timestamp::MAX,
        Err(_) => {
            return Err(wrong(
                "expected an `expires_at` such as `2030-01-01T00:00:00Z`".into(),
            ));
        }
    };
    if time.as_second() <= now() {
        return Err(wrong("`expires_at` is in the past".into()));
    }
    Ok(time.as_second())
}

fn wrong(detail: String) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
