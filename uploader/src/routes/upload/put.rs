//! `PUT /api/upload/{suite}/{filename}`: for `curl -T`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use debian_archive::package_view::PackageView;

use crate::app::App;
use crate::extract::{Params, Path, PresentedBasic};
use crate::problem::{self, Problem};
use crate::routes::upload::file_name::check_name;
use crate::routes::upload::params::{PlaceParams, Wait};
use crate::routes::upload::take::take;
use crate::routes::wire;

/// Uploads a .deb by PUT, for `curl -T`.
#[utoipa::path(put, path = "/api/upload/{suite}/{filename}", operation_id = "put_package", tag = "packages", security(("basic" = []), ("bearer" = [])),
    params(("suite" = String, Path), ("filename" = String, Path), ("component" = Option<String>, Query), ("wait" = Option<Wait>, Query), ("allow_vulnerable" = Option<bool>, Query)),
    request_body(content = wire::Binary, content_type = "application/octet-stream"),
    responses((status = 201, description = "Created", content((String = "text/plain"), (PackageView = "application/json"))),
        (status = 200, description = "Already present with identical content", content((String = "text/plain"), (PackageView = "application/json"))),
        (status = 202, description = "Accepted, but not yet in a live InRelease", content((String = "text/plain"), (PackageView = "application/json")))))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
    path: Result<Path<(String, String)>, Problem>,
    params: Result<Params<PlaceParams>, Problem>,
    request: Request,
) -> Response {
    let json = problem::wants_json(request.headers());
    let taken = async {
        let Path((suite, filename)) = path?;
        let params = PlaceParams {
            suite: Some(suite),
            ..params?.0
        };
        check_name(&filename)?;
        take(&app, presented, &params, request).await
    };
    match (taken.await.map_err(Problem::with_basic_challenge), json) {
        (Ok(taken), true) => taken.into_json(),
        (Ok(taken), false) => taken.into_text(),
        (Err(problem), true) => problem.into_response(),
        (Err(problem), false) => problem.into_text(),
    }
}
