//! Everything that is no route: the static tree.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{IntoResponse as _, Response};

use super::auth::check;
use crate::app::App;
use crate::extract::PresentedBasic;
use crate::problem::Problem;
use crate::static_files::{self, StaticPath};

/// Serves a file of the tree; of a private suite to its readers only.
pub(super) async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    let Some(path) = StaticPath::parse(request.uri().path()) else {
        return static_files::missing();
    };
    let (mut parts, body) = request.into_parts();
    if let Some(suite) = path.private.clone() {
        let PresentedBasic(presented) = match PresentedBasic::from_request_parts(&mut parts, &app).await {
            Ok(presented) => presented,
            Err(problem) => return problem.into_response(),
        };
        let allowed: Result<(), Problem> = app
            .blocking(move |app| check::may_read(app, &presented, &suite))
            .await;
        match allowed {
            Ok(()) => {}
            // A private name answers like a missing one.
            Err(problem) if problem.code.status().as_u16() == 403 => return static_files::missing(),
            Err(problem) => return problem.into_response(),
        }
    }
    static_files::serve(&app, &path, Request::from_parts(parts, body)).await
}
