//! The names that each operation knows, taken from the API document: a query parameter or body field that is not among them is refused.
//!
//! A name that is passed over reads as success: `DELETE …?suites=a` would delete from all suites.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::{MatchedPath, Query, Request, State};
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::Response;
use serde::de::IgnoredAny;
use utoipa::openapi::path::{self, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr, Schema};

use crate::problem::{Code, Problem};

/// How many letters a name may be off for it to be suggested.
const NEAR: usize = 3;

/// What the operations of the API document take.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    known: HashMap<(Method, String), Arc<Operation>>,
}

/// The names that one operation knows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Operation {
    query: Vec<String>,
    body: Vec<String>,
}

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
            for (method, operation) in methods {
                if let Some(operation) = operation {
                    let operation = Arc::new(Operation::of(document, operation));
                    known.insert((method, path.clone()), operation);
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
        let body = match &operation.request_body {
            Some(RefOr::T(body)) => body
                .content
                .iter()
                .filter(|(kind, _)| kind.as_str() == "application/json")
                .filter_map(|(_, content)| match content {
                    RefOr::T(content) => content.schema.as_ref(),
                    RefOr::Ref(_) => None,
                })
                .flat_map(|schema| fields(document, schema))
                .collect(),
            _ => Vec::new(),
        };
        Self {
            query: query.collect(),
            body,
        }
    }

    /// Checks the names in a query.
    fn check_query(&self, uri: &Uri) -> Result<(), Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|rejection| Problem::new(Code::InvalidQuery, rejection.body_text()))?;
        for (name, _) in &pairs {
            check("query parameter", name, &self.query)
                .map_err(|detail| Problem::new(Code::InvalidQuery, detail))?;
        }
        Ok(())
    }

    /// Checks the names in a body that is a JSON object; what is no object is left to its reader.
    pub(crate) fn check_body(&self, text: &[u8]) -> Result<(), Problem> {
        let Ok(fields) = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(text) else {
            return Ok(());
        };
        for name in fields.keys() {
            check("field", name, &self.body).map_err(|detail| Problem::new(Code::UnknownField, detail))?;
        }
        Ok(())
    }
}

/// Returns the names of an object's fields.
fn fields(document: &OpenApi, schema: &RefOr<Schema>) -> Vec<String> {
    let schema = match schema {
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
    };
    match schema {
        Some(Schema::Object(object)) => object.properties.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

fn check(what: &str, name: &str, known: &[String]) -> Result<(), String> {
    if known.iter().any(|known| known == name) {
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
    Err(format!(
        "unknown {what} `{shown}`{hint} This operation accepts `{}`",
        known.join("`, `")
    ))
}

/// Refuses a request whose query has a name that its operation does not know.
pub(crate) async fn refuse_unknown_names(
    State(operations): State<Arc<Operations>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(operation) = operations.matching(&request).cloned() else {
        return next.run(request).await;
    };
    // Probes and scrapers add what they like; nothing there depends on it.
    if request.uri().path().starts_with("/api/")
        && let Err(problem) = operation.check_query(request.uri())
    {
        return problem.into_response_to(&request);
    }
    request.extensions_mut().insert(operation);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_known_one_passes() {
        let known: Vec<String> = ["suite", "wait"].map(String::from).into();
        assert_eq!(check("query parameter", "suite", &known), Ok(()));
        for (name, hint) in [
            ("suites", "did you mean `suite`?"),
            ("Suite", "did you mean `suite`?"),
            ("wiat", "did you mean `wait`?"),
        ] {
            let refused = check("query parameter", name, &known).unwrap_err();
            assert!(refused.contains(hint), "{refused}");
        }
        let refused = check("query parameter", "password", &known).unwrap_err();
        assert_eq!(
            refused,
            "unknown query parameter `password`. This operation accepts `suite`, `wait`"
        );
    }
}
