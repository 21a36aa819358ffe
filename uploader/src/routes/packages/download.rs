//! `GET /api/packages/{id}/download`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use debian_control::digest::Sha256;

use crate::app::App;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::{lookup, wire};
use crate::static_files::{self, StaticPath, tree_of};

/// Downloads the .deb, or redirects to where it is served.
#[utoipa::path(get, path = "/api/packages/{id}/download", operation_id = "download_package", tag = "packages", params(("id" = String, Path)),
    security((), ("bearer" = [])),
    responses((status = 200, description = "The .deb", body = wire::Binary, content_type = "application/vnd.debian.binary-package"),
        (status = 206, description = "The requested range", body = wire::Binary, content_type = "application/vnd.debian.binary-package"), (status = 302, description = "Redirect to the static file"),
        (status = 304, description = "Not modified")))]
pub(crate) async fn download(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let listed = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            lookup::readable(app, &caller, &id)
        })
        .await?;
    let sha256 = listed.entry.content.sha256;
    let is_get = request.method() == axum::http::Method::GET;
    let filename = &listed.entry.filename;
    // What of a bucket is public has no private suites: those the server streams itself.
    let is_public = app.archive.files().folder().is_some() || !filename.starts_with("private/");
    if let Some(url) = app.settings.public_url.as_ref().filter(|_| is_public) {
        let location = format!("{url}/{}", filename.replace('%', "%25").replace('+', "%2B"));
        // Who is sent on fetches the file elsewhere, in one piece or in many: that it was asked for is all that can be known here.
        let whole = is_get && !request.headers().contains_key(header::RANGE);
        if whole {
            app.usage.download(&sha256, tree_of(filename), now());
        }
        return Ok((axum::http::StatusCode::FOUND, [(header::LOCATION, location)]).into_response());
    }
    match StaticPath::of_catalog(filename) {
        Some(path) => {
            let mut response = static_files::serve(&app, &path, request).await;
            if response.status().is_success() {
                response.headers_mut().insert("repr-digest", digest(&sha256));
            }
            // A part, a file that is known already and the head alone are no downloads.
            if is_get && response.status() == axum::http::StatusCode::OK {
                app.usage.download(&sha256, tree_of(filename), now());
            }
            Ok(response)
        }
        None => Ok(static_files::missing()),
    }
}

/// Returns the digest of the whole file, which that of a part has too.
///
/// Source: RFC 9530, section 3.
fn digest(sha256: &Sha256) -> HeaderValue {
    let value = format!("sha-256=:{}:", STANDARD.encode(sha256.as_bytes()));
    HeaderValue::try_from(value).expect("base64 between colons is a value")
}
