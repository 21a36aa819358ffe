//! What each operation takes, from the API document: without a credential, where it needs one, a request is refused before it is read, and
//! a query parameter or body field that the operation does not know is refused, too.
//!
//! A name that is passed over reads as success: `DELETE …?suites=a` would delete from all suites. So does a condition: `If-Match` of what
//! has no entity tag is refused as well.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::de::IgnoredAny;
use serde_json::Value;
use utoipa::openapi::path::{self, ParameterIn};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::ArrayItems;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, RefOr, Schema};

use crate::app::App;
use crate::no_body;
use crate::problem::{Code, Problem};
use crate::query::read_query;
use crate::receive::drain_stranger;

/// How many letters a name may be off for it to be suggested.
const NEAR: usize = 3;
/// How deep schemas are read: none of them goes as deep, unless it names itself.
const DEPTH: usize = 16;

/// What the operations of the API document take.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    known: HashMap<(Method, String), Arc<Operation>>,
}

/// The names that one operation knows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Operation {
    query: Vec<String>,
    /// The fields of its body; `None`: it takes no body.
    body: Option<Fields>,
    /// Whether it changes something that has no entity tag.
    changes_untagged: bool,
    sign_in: SignIn,
}

/// Whether an operation is for whoever signs in, and how they may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum SignIn {
    #[default]
    NotNeeded,
    Bearer,
    BearerOrBasic,
}

/// The fields of an object, each with those of the objects in it. Without any, it is no object, or one with names of any kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fields(Vec<(String, Fields)>);

impl Operations {
    /// Reads them from the document.
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut known = HashMap::new();
        for (path, item) in &document.paths.paths {
            let methods = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            let is_tagged = item.get.as_ref().is_some_and(has_tag);
            for (method, operation) in methods {
                if let Some(operation) = operation {
                    let looks_at_tag = is_tagged && matches!(method, Method::PUT | Method::DELETE);
                    let operation = Operation {
                        changes_untagged: method != Method::GET && !looks_at_tag,
                        ..Operation::of(document, operation)
                    };
                    known.insert((method, path.clone()), Arc::new(operation));
                }
            }
        }
        Self { known }
    }

    fn matching(&self, request: &Request) -> Option<&Arc<Operation>> {
        let path = request.extensions().get::<MatchedPath>()?;
        let method = match request.method() {
            &Method::HEAD => &Method::GET,
            method => method,
        };
        self.known.get(&(method.clone(), path.as_str().to_owned()))
    }
}

impl Operation {
    fn of(document: &OpenApi, operation: &path::Operation) -> Self {
        let parameters = operation.parameters.iter().flatten();
        let query = parameters.filter_map(|parameter| match parameter {
            RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => {
                Some(parameter.name.clone())
            }
            _ => None,
        });
        Self {
            query: query.collect(),
            body: operation
                .request_body
                .as_ref()
                .map(|body| Fields::of_body(document, body)),
            changes_untagged: false,
            sign_in: SignIn::of(operation.security.as_deref().unwrap_or_default()),
        }
    }

    /// Refuses a request without a credential where one is needed: what it sends is neither waited for nor judged.
    fn check_credential(&self, headers: &HeaderMap) -> Result<(), Problem> {
        match self.sign_in {
            _ if headers.contains_key(header::AUTHORIZATION) => Ok(()),
            SignIn::NotNeeded => Ok(()),
            SignIn::Bearer => Err(Problem::unauthenticated()),
            SignIn::BearerOrBasic => Err(Problem::unauthenticated().with_basic_challenge()),
        }
    }

    /// Refuses a change for a certain state of something that has no entity tag: no tag is its.
    ///
    /// Source: RFC 9110, section 13.1.1. `*` asks for any state.
    fn check_if_match(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
        if !self.changes_untagged || values.peek().is_none() || values.any(|value| value == "*") {
            return Ok(());
        }
        Err(Problem::new(
            Code::PreconditionFailed,
            "the resource has no `ETag` that `If-Match` could name: repeat the request without that header",
        ))
    }

    /// Returns the parameters that it takes in the query, where it takes no body.
    fn only_in_query(&self) -> Option<&[String]> {
        self.body.is_none().then_some(&self.query)
    }

    /// Checks the names in a query.
    fn check_query(&self, uri: &Uri) -> Result<(), Problem> {
        let pairs: Vec<(String, String)> = read_query(uri)?;
        let known: Vec<&str> = self.query.iter().map(String::as_str).collect();
        for (name, _) in &pairs {
            check(("query parameter", None), name, &known)
                .map_err(|detail| Problem::new(Code::InvalidQuery, detail))?;
        }
        Ok(())
    }

    /// Checks the names in a body that is a JSON object; what is no object is left to its reader.
    pub(crate) fn check_body(&self, text: &[u8]) -> Result<(), Problem> {
        let Ok(fields) = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(text) else {
            return Ok(());
        };
        let none = Fields::default();
        let known = self.body.as_ref().unwrap_or(&none);
        for name in fields.keys() {
            known.find(None, name)?;
        }
        // A number may be too large for a value, and is the reader's to refuse.
        let Ok(Value::Object(values)) = serde_json::from_slice(text) else {
            return Ok(());
        };
        for (name, value) in &values {
            known.find(None, name)?.check(name, value)?;
        }
        Ok(())
    }
}

impl SignIn {
    fn of(security: &[SecurityRequirement]) -> Self {
        let basic = SecurityRequirement::new("basic", [] as [&str; 0]);
        // An empty requirement is met by everybody.
        if security.is_empty() || security.contains(&SecurityRequirement::default()) {
            Self::NotNeeded
        } else if security.contains(&basic) {
            Self::BearerOrBasic
        } else {
            Self::Bearer
        }
    }
}

impl Fields {
    fn of_body(document: &OpenApi, body: &RefOr<RequestBody>) -> Self {
        let mut found = Self::default();
        let RefOr::T(body) = body else { return found };
        for (kind, content) in &body.content {
            if let RefOr::T(content) = content
                && kind.as_str() == "application/json"
                && let Some(schema) = &content.schema
            {
                found.gather(document, schema, DEPTH);
            }
        }
        found
    }

    /// Adds the fields of what a schema stands for: of several things that may be in one place, those of each.
    fn gather(&mut self, document: &OpenApi, schema: &RefOr<Schema>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let others = match resolved(document, schema) {
            Some(Schema::Object(object)) => {
                for (name, schema) in &object.properties {
                    let mut inner = Self::default();
                    inner.gather(document, schema, depth);
                    self.0.push((name.clone(), inner));
                }
                return;
            }
            Some(Schema::Array(array)) => match &array.items {
                ArrayItems::RefOrSchema(items) => std::slice::from_ref(&**items),
                ArrayItems::False => return,
            },
            Some(Schema::OneOf(one)) => &one.items,
            Some(Schema::AllOf(all)) => &all.items,
            Some(Schema::AnyOf(any)) => &any.items,
            _ => return,
        };
        for schema in others {
            self.gather(document, schema, depth);
        }
    }

    /// Returns what is known of a field; `of` is the one that the object is in.
    fn find(&self, of: Option<&str>, name: &str) -> Result<&Self, Problem> {
        let found = self.0.iter().find(|(known, _)| known == name);
        if let Some((_, inner)) = found {
            return Ok(inner);
        }
        let known: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        let refused = check(("field", of), name, &known);
        Err(Problem::new(
            Code::UnknownField,
            refused.expect_err("the name was looked for above"),
        ))
    }

    /// Checks the names in the value of the field `of`.
    fn check(&self, of: &str, value: &Value) -> Result<(), Problem> {
        match value {
            Value::Array(values) => values.iter().try_for_each(|value| self.check(of, value)),
            Value::Object(fields) if !self.0.is_empty() => fields
                .iter()
                .try_for_each(|(name, value)| self.find(Some(of), name)?.check(name, value)),
            _ => Ok(()),
        }
    }
}

/// Says whether what an operation reads has an entity tag: then it is not sent again to who has it.
fn has_tag(read: &path::Operation) -> bool {
    read.responses.responses.contains_key("304")
}

/// Returns the schema itself where another names it.
fn resolved<'a>(document: &'a OpenApi, schema: &'a RefOr<Schema>) -> Option<&'a Schema> {
    match schema {
        RefOr::T(schema) => Some(schema),
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next();
            let schemas = document.components.as_ref().map(|components| &components.schemas);
            name.zip(schemas)
                .and_then(|(name, schemas)| match schemas.get(name) {
                    Some(RefOr::T(schema)) => Some(schema),
                    _ => None,
                })
        }
    }
}

/// Checks a name of the operation, or of the object in the field `of`.
fn check((what, of): (&str, Option<&str>), name: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&name) {
        return Ok(());
    }
    let shown: String = name.chars().take(64).collect();
    let shown = shown.escape_debug();
    if known.is_empty() {
        return Err(format!("unknown {what} `{shown}`: this operation accepts none"));
    }
    let lower = name.to_lowercase();
    let near = known
        .iter()
        .map(|known| (strsim::osa_distance(&lower, known), known))
        .filter(|(distance, known)| *distance <= NEAR && *distance < known.len())
        .min();
    let hint = match near {
        Some((_, near)) => format!(": did you mean `{near}`?"),
        None => String::from("."),
    };
    let (place, taker) = match of {
        Some(of) => (format!(" of `{of}`"), format!("`{of}`")),
        None => (String::new(), "This operation".to_owned()),
    };
    Err(format!(
        "unknown {what} `{shown}`{place}{hint} {taker} accepts `{}`",
        known.join("`, `")
    ))
}

/// Refuses a request without the credential that its operation needs, one whose query has a name that its operation does not know, one
/// with a body for an operation that takes none, and one with a condition that its operation cannot check.
pub(crate) async fn refuse_early(
    State((app, operations)): State<(Arc<App>, Arc<Operations>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(operation) = operations.matching(&request).cloned() else {
        return next.run(request).await;
    };
    // Probes and scrapers add what they like; nothing there depends on it.
    if request.uri().path().starts_with("/api/") {
        if let Err(problem) = operation.check_credential(request.headers()) {
            let answer = problem.into_response_to(&request);
            drain_stranger(&app, request).await;
            return answer;
        }
        let checked = operation.check_query(request.uri());
        if let Err(problem) = checked.and_then(|()| operation.check_if_match(request.headers())) {
            return problem.into_response_to(&request);
        }
        if let Some(query) = operation.only_in_query() {
            request = match no_body::without_content(&app, request, query).await {
                Ok(request) => request,
                Err(problem) => return problem.into_response(),
            };
        }
    }
    request.extensions_mut().insert(operation);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_known_one_passes() {
        let (what, known) = (("query parameter", None), ["suite", "wait"]);
        assert_eq!(check(what, "suite", &known), Ok(()));
        for (name, hint) in [
            ("suites", "did you mean `suite`?"),
            ("Suite", "did you mean `suite`?"),
            ("wiat", "did you mean `wait`?"),
        ] {
            let refused = check(what, name, &known).unwrap_err();
            assert!(refused.contains(hint), "{refused}");
        }
        let refused = check(what, "password", &known).unwrap_err();
        assert_eq!(
            refused,
            "unknown query parameter `password`. This operation accepts `suite`, `wait`"
        );
    }
}
