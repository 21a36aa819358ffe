//! `POST /api/auth/oidc`: from a CI job's token to one that uploads.

use std::sync::Arc;

use archive_catalog::accounts::{Account, ApiToken};
use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use debian_control::digest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Json;
use crate::oidc::{TrustedPublisher, VerifiedJob};
use crate::problem::{Code, Problem};
use crate::scope::Scope;
use crate::{account_rights, secrets};

/// How long the token of a job lives, in seconds.
const LIFE: i64 = 15 * 60;

/// The identity of a CI job.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"token": "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"}))]
#[schema(as = Proof)]
pub(crate) struct JobTokenRequest {
    /// The OpenID Connect token that the CI issued to the job for the audience of this archive.
    token: String,
}

/// A short-lived upload token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Exchanged {
    token: String,
    /// Seconds until the token expires.
    expires_in: i64,
    scopes: Vec<String>,
}

/// Exchanges the OpenID Connect token of a CI job for an upload token that is valid for 15 minutes.
#[utoipa::path(post, path = "/api/auth/oidc", operation_id = "exchange_ci_token", tag = "auth", request_body = JobTokenRequest,
    responses((status = 200, description = "A token", body = Exchanged)))]
pub(crate) async fn exchange(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<JobTokenRequest>,
) -> Result<Response, Problem> {
    app.limits.nameless_sign_in(presented.origin.address)?;
    let of_catalog: Vec<TrustedPublisher> = app
        .blocking(|app| {
            app.oidc.reload();
            let kept = app.archive.publishers().publishers()?;
            Ok(kept.into_iter().map(Into::into).collect())
        })
        .await?;
    let job = app.oidc.verify_job(&body.token, &of_catalog, now()).await?;
    app.changing(move |app| give(app, &presented, job)).await
}

/// Gives a token for what was proven, once.
fn give(app: &App, presented: &PresentedCredential, job: VerifiedJob) -> Result<Response, Problem> {
    let VerifiedJob { assertion, grant } = job;
    let found = app.archive.accounts().account_named(&grant.account)?;
    let Some((account, _)) = found else {
        return Err(Problem::new(
            Code::UntrustedPublisher,
            format!("the publisher's account `{}` does not exist", grant.account),
        ));
    };
    if account.disabled {
        return Err(Problem::new(
            Code::UntrustedPublisher,
            format!("the publisher's account `{}` is disabled", grant.account),
        ));
    }
    let scopes = scopes(app, &account, grant.scopes)?;
    let time = now();
    let token = ApiToken {
        id: secrets::new_id(),
        account: account.id,
        name: grant
            .whose
            .chars()
            .filter(|letter| !letter.is_control())
            .take(100)
            .collect(),
        scopes: scopes.clone(),
        created_at: time,
        expires_at: Some(time + LIFE),
        last_used_at: None,
    };
    let secret = secrets::new_token();
    let detail = json!({ "name": token.name, "scopes": token.scopes, "issuer": assertion.issuer, "jti": assertion.id });
    let event = Caller::anonymous(presented).event("token.exchange", token.id.to_string(), detail);
    let hash = digest::sha256(secret.as_bytes());
    if !app
        .archive
        .accounts()
        .exchange(&assertion, &token, &hash, &event)?
    {
        return Err(Problem::new(
            Code::InvalidAssertion,
            "the token was used before: request a new one from the CI",
        ));
    }
    let answer = Exchanged {
        token: secret,
        expires_in: LIFE,
        scopes,
    };
    Ok(([("cache-control", "no-store")], Answer(answer)).into_response())
}

/// Returns the scopes with codenames for aliases that are within the rights of the account; an error where none is.
///
/// One publisher that asks for too much takes nothing from the others of the same job.
fn scopes(app: &App, account: &Account, scopes: Vec<Scope>) -> Result<Vec<String>, Problem> {
    let config = app.archive.config();
    let written: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    let scopes = scopes.into_iter().map(|scope| scope.with_codename(config));
    let within: Vec<String> = scopes
        .filter(|scope| account_rights::include(config, account, scope))
        .map(|scope| scope.to_string())
        .collect();
    if within.is_empty() {
        return Err(Problem::new(
            Code::ScopeAboveRights,
            format!(
                "the publisher's account `{}` has no right to `{}`",
                account.username,
                written.join("`, `")
            ),
        ));
    }
    Ok(within)
}
