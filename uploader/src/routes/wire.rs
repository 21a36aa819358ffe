//! Shapes that several routes share.

use archive_catalog::accounts::{Account, Email, Role, Suites};
use archive_catalog::listing::ListedPackage;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use debian_archive::package_view::PackageView;
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use debian_control::release::format_iso;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::{Code, Problem};

/// An account.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) email: Option<String>,
    /// `admin`, `maintainer` or `user`.
    pub(crate) role: &'static str,
    /// Codenames; null means all suites.
    pub(crate) suites: Option<Vec<String>>,
    pub(crate) created_at: String,
    /// Whether the account is disabled: sign-ins and tokens are rejected.
    pub(crate) disabled: bool,
}

/// Returns what names a plan by its lines: another plan has another name.
pub(crate) fn plan_name(lines: impl Iterator<Item = String>) -> String {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    Sha256::of(lines.join("\n").as_bytes()).to_string()
}

/// Refuses to carry out another plan than the one that a preview showed, where that was named.
pub(crate) fn check_plan(expected: Option<&str>, plan: &str) -> Result<(), Problem> {
    if expected.is_none_or(|expected| expected == plan) {
        return Ok(());
    }
    Err(Problem::new(
        Code::PreconditionFailed,
        "since the preview, other packages are meant: nothing was changed; look at a new preview",
    ))
}

/// Returns suites as the audit log names them: `all`, which is not the same as no change, or their codenames.
pub(crate) fn recorded_suites(suites: &Suites) -> serde_json::Value {
    match suites {
        Suites::All => "all".into(),
        Suites::Only(suites) => suites.iter().map(SuiteName::as_str).collect(),
    }
}

impl UserView {
    pub(crate) fn new(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            username: account.username.to_string(),
            email: account.email.as_ref().map(Email::to_string),
            role: account.role.as_str(),
            suites: match &account.suites {
                Suites::All => None,
                Suites::Only(suites) => Some(suites.iter().map(SuiteName::to_string).collect()),
            },
            created_at: format_iso(account.created_at),
            disabled: account.disabled,
        }
    }
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Binary(#[expect(dead_code, reason = "stands for its schema only")] Vec<u8>);

/// A page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Page)]
pub(crate) struct ListPage<T> {
    pub(crate) items: Vec<T>,
    /// The `cursor` of the next page; null on the last page.
    pub(crate) next: Option<String>,
}

/// An answer that is a page of a list.
pub(crate) trait Page: Serialize {
    /// Returns the `cursor` of the next page.
    fn next(&self) -> Option<&str>;
}

impl<T: Serialize> Page for ListPage<T> {
    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// Answers with a page, and a link to the next one.
pub(crate) fn page(page: &impl Page, uri: &axum::http::Uri) -> Response {
    with_link(axum::Json(page).into_response(), uri, page.next())
}

/// Which part of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Items on the page, from 1 to 500. Default: 50.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<usize>,
    /// The `next` of the previous page.
    pub(crate) cursor: Option<String>,
}

/// Returns how many items a page has.
pub(crate) fn page_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit.unwrap_or(50) {
        limit @ 1..=500 => Ok(limit),
        other => Err(Problem::new(
            Code::InvalidQuery,
            format!("expected a `limit` from 1 to 500, found {other}"),
        )),
    }
}

/// Reads a value of a request.
pub(crate) fn value<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|error: T::Err| Problem::new(Code::InvalidRequest, error.to_string()))
}

/// Reads a value of a query, where there is one.
pub(crate) fn asked<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: Option<&String>,
) -> Result<Option<T>, Problem> {
    text.map(|text| {
        text.parse()
            .map_err(|error: T::Err| Problem::new(Code::InvalidQuery, error.to_string()))
    })
    .transpose()
}

pub(crate) fn role(text: &str) -> Result<Role, Problem> {
    value(text)
}

/// Reads the suites of an account: null is all of them, which a user's never are.
pub(crate) fn suites(app: &App, role: Role, names: Option<&[String]>) -> Result<Suites, Problem> {
    match (role, names) {
        (Role::Admin, _) | (Role::Maintainer, None) => Ok(Suites::All),
        (Role::User, None) => Ok(Suites::Only(Vec::new())),
        (_, Some(names)) => codenames(app, names).map(Suites::Only),
    }
}

/// Returns the codenames of suites, each once: a suite may be called by its codename and by other names.
pub(crate) fn codenames(app: &App, names: &[String]) -> Result<Vec<SuiteName>, Problem> {
    let mut codenames = Vec::new();
    for name in names {
        let suite = app.archive.config().suite(name).ok_or_else(|| {
            Problem::new(
                Code::InvalidRequest,
                format!("no suite `{}`", name.escape_debug()),
            )
        })?;
        if !codenames.contains(&suite.codename) {
            codenames.push(suite.codename.clone());
        }
    }
    Ok(codenames)
}

/// Tells a null from a field that was left out.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Shapes a package.
pub(crate) fn package(listed: &ListedPackage) -> Result<PackageView, Problem> {
    PackageView::new(&listed.entry, &listed.extras).map_err(|error| Problem::internal(&error))
}

/// What a route answers with that has an entity tag.
pub(crate) trait Tagged: Serialize + Sized {
    /// Returns it without what changes in it although nobody edits it, such as what is counted; `None` where nothing does.
    fn edited_part(&self) -> Option<Self> {
        None
    }

    /// Returns what names its present state in a form, which gives it back as `If-Match`.
    fn state_name(&self) -> String {
        let tag = entity_tag(self, &json(self));
        edition(&tag).trim_start_matches('"').to_owned()
    }
}

impl Tagged for UserView {}

impl Tagged for PackageView {
    fn edited_part(&self) -> Option<Self> {
        Some(Self {
            downloads: 0,
            ..self.clone()
        })
    }
}

/// Says whether a change is only for a certain state of what it changes.
pub(crate) fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_MATCH) || headers.contains_key(header::IF_NONE_MATCH)
}

/// Checks `If-Match` and `If-None-Match`, where the client sent them: a change is only for what the client has seen, or for what is not
/// as the client has seen it.
///
/// Source: RFC 9110, sections 13.1.1 and 13.1.2. A weak tag never matches the former.
pub(crate) fn check_if_match(headers: &HeaderMap, body: &impl Tagged) -> Result<(), Problem> {
    if !is_conditional(headers) {
        return Ok(());
    }
    let tag = entity_tag(body, &json(body));
    let failed = |detail: String| Err(Problem::new(Code::PreconditionFailed, detail));
    if headers.contains_key(header::IF_MATCH)
        && !tags(headers, &header::IF_MATCH).any(|value| value == "*" || edition(value) == edition(&tag))
    {
        return failed(format!(
            "the current `ETag` is {tag}: read the resource again before changing it"
        ));
    }
    if is_excluded(headers, &tag) {
        return failed(format!(
            "the current `ETag` is {tag}, and `If-None-Match` excludes it"
        ));
    }
    Ok(())
}

/// Says whether `If-None-Match` names a tag, or any.
fn is_excluded(headers: &HeaderMap, tag: &str) -> bool {
    tags(headers, &header::IF_NONE_MATCH).any(|value| value.trim_start_matches("W/") == tag || value == "*")
}

/// Returns the entity tag of a body, which is written as `text`: strong, and of its bytes alone.
///
/// Where something is counted in it, what stands before a dash is of the rest: an edit is for that.
fn entity_tag(body: &impl Tagged, text: &[u8]) -> String {
    let digest = |text: &[u8]| {
        let digest = debian_control::digest::sha256(text).to_string();
        let half = digest.get(..32).expect("a SHA-256 digest has 64 digits");
        half.to_owned()
    };
    match body.edited_part() {
        Some(rest) => format!("\"{}-{}\"", digest(&json(&rest)), digest(text)),
        None => format!("\"{}\"", digest(text)),
    }
}

/// Returns what of an entity tag changes by edits.
fn edition(tag: &str) -> &str {
    tag.split_once('-')
        .map_or(tag, |(edition, _)| edition)
        .trim_end_matches('"')
}

/// Returns the entity tags that a header lists.
fn tags<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// Answers with JSON that caches may keep when they ask each time.
pub(crate) fn revalidated(headers: &HeaderMap, body: &impl Tagged) -> Response {
    let text = json(body);
    let tag = entity_tag(body, &text);
    let mut response = if is_excluded(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], text).into_response()
    };
    let headers = response.headers_mut();
    let tag = HeaderValue::try_from(tag).expect("an entity tag is quotes and hex digits");
    headers.insert(header::ETAG, tag);
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Authorization"));
    response
}

/// Writes what a route answers with. All of it is structs of texts and numbers, which always are JSON.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and numbers are JSON")
}

/// Adds where the next page is (RFC 8288).
fn with_link(mut response: Response, uri: &axum::http::Uri, next: Option<&str>) -> Response {
    let Some(next) = next else { return response };
    let pairs = uri.query().into_iter().flat_map(|query| query.split('&'));
    let others: String = pairs
        .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="))
        .map(|pair| format!("{pair}&"))
        .collect();
    let link = format!("<{}?{others}cursor={next}>; rel=\"next\"", uri.path());
    // An address may hold bytes that a header may not. Such a page has no link; `next` is in its body all the same.
    if let Ok(link) = HeaderValue::try_from(link) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}
