//! What the address of a page asks for.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::ConsoleError;
use crate::app::App;
use crate::extract;
use crate::query::read_query;

/// The query of the address of a page.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Asked<T> {
    type Rejection = ConsoleError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ConsoleError> {
        Ok(Self(read_query(&parts.uri)?))
    }
}

/// The variable parts of the path of a page.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Path<T> {
    type Rejection = ConsoleError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ConsoleError> {
        let extract::Path(path) = extract::Path::from_request_parts(parts, app).await?;
        Ok(Self(path))
    }
}
