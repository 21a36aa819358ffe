//! `POST /api/publishers`.

use std::sync::Arc;

use archive_catalog::accounts::Account;
use archive_catalog::publishers::CatalogPublisher;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use crate::account_rights;
use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Json;
use crate::given_name::is_plain_line;
use crate::identify::identify;
use crate::oidc::{TrustedPublisher, owner_id};
use crate::problem::{Code, Problem};
use crate::routes::publishers::list::PublisherView;
use crate::routes::wire;
use crate::secrets;

/// How many publishers there may be beside those of the file.
const MOST: usize = 1000;
/// The longest value, in bytes, and the most patterns.
const LONGEST: usize = 256;
const MOST_PATTERNS: usize = 64;

/// A CI job that is to be trusted.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewPublisher, example = json!({"issuer": "github", "repository": "team/hello", "owner_id": "65", "workflow": "release.yml",
    "environment": "release", "account": "bot", "suite": "stable", "packages": ["hello", "hello-*"]}))]
pub(crate) struct PublisherRequest {
    /// Name of an issuer in `publishers.toml`.
    pub(crate) issuer: String,
    pub(crate) repository: String,
    /// ID of the repository's owner, which is never given to another one.
    #[serde(deserialize_with = "owner_id")]
    #[schema(schema_with = owner_id_schema)]
    pub(crate) owner_id: String,
    /// File of the workflow.
    pub(crate) workflow: String,
    /// Null or left out: whether the job has one or not.
    pub(crate) environment: Option<String>,
    /// Branch or tag, as `refs/heads/main` or `refs/tags/*`. Null or left out: any.
    #[serde(rename = "ref")]
    pub(crate) reference: Option<String>,
    /// What sets the job off. Null or left out: anything but what somebody without rights in the repository can.
    pub(crate) event: Option<String>,
    /// User name of the account that it uploads in the name of, and above whose rights it has none.
    pub(crate) account: String,
    /// Codename or alias.
    pub(crate) suite: String,
    /// Patterns of package names; `["*"]` means all.
    #[schema(min_items = 1, max_items = 64)]
    pub(crate) packages: Vec<String>,
}

fn owner_id_schema() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
        .description(Some(
            "ID of the repository's owner, which is never given to another one",
        ))
        .build()
}

/// Trusts a CI job with uploads. Its issuer has to be in `publishers.toml`: the server asks no other one for keys.
#[utoipa::path(post, path = "/api/publishers", operation_id = "create_publisher", tag = "auth", request_body = PublisherRequest, security(("bearer" = [])),
    responses((status = 201, description = "Created", body = PublisherView), (status = 200, description = "Was there already", body = PublisherView)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<PublisherRequest>,
) -> Result<(StatusCode, Answer<PublisherView>), Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        let (is_new, view) = created(app, &caller, body)?;
        let status = if is_new {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok((status, Answer(view)))
    })
    .await
}

/// Trusts a CI job; says whether it was not trusted so before. One that is kept twice would go on when one of them is ended.
pub(crate) fn created(
    app: &App,
    caller: &Caller,
    body: PublisherRequest,
) -> Result<(bool, PublisherView), Problem> {
    let admin = caller.admin()?;
    let kept = checked(app, caller, (admin, body))?;
    let _turn = app.turn_to_edit()?;
    let before = app.archive.publishers().publishers()?;
    if let Some(same) = before.into_iter().find(|other| trusts_alike(other, &kept)) {
        let uses = app.archive.publishers().publisher_uses()?;
        let last_used_at = uses.get(same.id.as_str()).copied();
        return Ok((false, PublisherView::new(app, &same.into(), last_used_at)));
    }
    let trusted = TrustedPublisher::from(kept.clone());
    let detail = json!({
        "issuer": kept.issuer, "repository": kept.repository, "owner_id": kept.owner_id, "workflow": kept.workflow,
        "environment": kept.environment, "ref": kept.reference, "event": kept.event, "account": kept.account.as_str(),
        "suite": kept.suite, "packages": kept.packages,
    });
    let event = caller.event("publisher.create", kept.id.to_string(), detail);
    if !app.archive.publishers().add_publisher(&kept, MOST, &event)? {
        return Err(wrong(format!(
            "there are {MOST} publishers already: end some first"
        )));
    }
    Ok((true, PublisherView::new(app, &trusted, None)))
}

/// Says whether two publishers trust the same job with the same.
fn trusts_alike(one: &CatalogPublisher, other: &CatalogPublisher) -> bool {
    let same = CatalogPublisher {
        id: one.id.clone(),
        created_at: one.created_at,
        created_by: one.created_by.clone(),
        ..other.clone()
    };
    *one == same
}

/// Reads a publisher that an administrator makes, with the codename for an alias.
fn checked(
    app: &App,
    caller: &Caller,
    (admin, body): (&Account, PublisherRequest),
) -> Result<CatalogPublisher, Problem> {
    check_texts(&body)?;
    let account = wire::value(&body.account)?;
    let suite = caller.suite(app.archive.config(), &body.suite)?;
    let Some((named, _)) = app.archive.accounts().account_named(&account)? else {
        return Err(wrong(format!("no account has the name `{account}`")));
    };
    if !account_rights::maintains(&named, suite) {
        return Err(wrong(format!(
            "the account `{account}` may upload nothing to suite `{0}`: first make it a maintainer of `{0}`",
            suite.codename
        )));
    }
    let suite = suite.codename.to_string();
    let publisher = CatalogPublisher {
        id: secrets::new_id(),
        issuer: body.issuer,
        repository: body.repository,
        owner_id: body.owner_id,
        workflow: body.workflow,
        environment: body.environment,
        reference: body.reference,
        event: body.event,
        account,
        suite,
        packages: body.packages,
        created_at: now(),
        created_by: Some(admin.username.to_string()),
    };
    app.oidc.reload();
    app.oidc
        .check(&TrustedPublisher::from(publisher.clone()))
        .map_err(wrong)?;
    Ok(publisher)
}

fn check_texts(body: &PublisherRequest) -> Result<(), Problem> {
    let texts = [
        &body.issuer,
        &body.repository,
        &body.owner_id,
        &body.workflow,
        &body.suite,
    ];
    let optional = [&body.environment, &body.reference, &body.event]
        .into_iter()
        .flatten();
    let mut all = texts.into_iter().chain(optional).chain(&body.packages);
    if body.packages.len() > MOST_PATTERNS
        || all.any(|text| text.is_empty() || text.len() > LONGEST || !is_plain_line(text))
    {
        return Err(wrong(format!(
            "expected values of 1 to {LONGEST} bytes on one line, and at most {MOST_PATTERNS} patterns"
        )));
    }
    Ok(())
}

fn wrong(detail: String) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
