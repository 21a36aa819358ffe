//! The credential that a request presents.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;
use crate::credential::{PresentedCredential, Schemes};
use crate::origin::RequestOrigin;
use crate::problem::Problem;

impl FromRequestParts<Arc<App>> for PresentedCredential {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(presented(parts, app, Schemes::Bearer))
    }
}

/// The same on routes for programs that know passwords only: Basic with an API token as the password is taken too.
#[derive(Debug, Clone)]
pub(crate) struct PresentedBasic(pub(crate) PresentedCredential);

impl FromRequestParts<Arc<App>> for PresentedBasic {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self(presented(parts, app, Schemes::BearerAndBasic)))
    }
}

fn presented(parts: &Parts, app: &App, schemes: Schemes) -> PresentedCredential {
    let origin = parts.extensions.get::<RequestOrigin>();
    let origin = origin.expect("every route is behind `request::observe`");
    PresentedCredential::read(&parts.headers, &app.sessions, schemes, origin.clone())
}
