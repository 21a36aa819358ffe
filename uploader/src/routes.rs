//! All routes, and the document that describes them: a handler that is not in the document is not reachable.

mod auth;
mod describe;
mod files;
mod oidc;
mod operate;
mod packages;
mod queue;
mod suites;
mod tokens;
mod upload;
mod users;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi as _;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::{Code, Problem, ProblemBody};
use crate::request;
use crate::settings::Origins;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Archive",
        description = "Uploads, accounts and reading of a Debian archive."
    ),
    components(schemas(ProblemBody, upload::Wait))
)]
struct Document;

/// Returns the whole server.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (router, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::me))
        .routes(routes!(auth::check))
        .routes(routes!(oidc::exchange))
        .routes(routes!(tokens::create, tokens::list))
        .routes(routes!(tokens::delete))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::show, users::change, users::delete))
        .routes(routes!(users::packages))
        .routes(routes!(packages::list, upload::post).layer(DefaultBodyLimit::disable()))
        .routes(routes!(packages::search))
        .routes(routes!(packages::show, describe::change, describe::delete))
        .routes(routes!(packages::download))
        .routes(routes!(upload::put))
        .routes(routes!(queue::put))
        .routes(routes!(suites::list))
        .routes(routes!(suites::stats))
        .routes(routes!(suites::audit))
        .routes(routes!(operate::alive))
        .routes(routes!(operate::ready))
        .routes(routes!(operate::metrics))
        .routes(routes!(operate::problem))
        .split_for_parts();
    complete(&mut document);
    let ui = utoipa_swagger_ui::SwaggerUi::new("/docs")
        .url("/openapi.json", document)
        .config(utoipa_swagger_ui::Config::from("/openapi.json").validator_url("none"));
    router
        .merge(ui)
        .fallback(files::serve)
        .method_not_allowed_fallback(async || {
            Problem::new(Code::MethodNotAllowed, "see /openapi.json for what it takes")
        })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors(&app.settings.origins))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            request::observe,
        ))
        .with_state(app)
}

/// Adds what holds for every route: how to sign in, and what failures look like.
fn complete(document: &mut utoipa::openapi::OpenApi) {
    if let Some(components) = &mut document.components {
        for (name, scheme) in [
            ("bearer", HttpAuthScheme::Bearer),
            ("basic", HttpAuthScheme::Basic),
        ] {
            components
                .security_schemes
                .insert(name.to_owned(), SecurityScheme::Http(Http::new(scheme)).into());
        }
    }
    for (path, item) in &mut document.paths.paths {
        let problem = problem(path);
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            for status in ["4XX", "5XX"] {
                let responses = &mut operation.responses.responses;
                // Where a route has an answer of its own, as /readyz has, that is what is meant.
                responses.insert(status.to_owned(), problem.clone().into());
            }
        }
    }
}

/// Describes a failure; where programs put files, it is text unless JSON is asked for.
fn problem(path: &str) -> utoipa::openapi::Response {
    let described = utoipa::openapi::ResponseBuilder::new()
        .description("A problem; its `code` says which.")
        .content(
            "application/problem+json",
            utoipa::openapi::ContentBuilder::new()
                .schema(Some(utoipa::openapi::Ref::from_schema_name("Problem")))
                .build(),
        );
    if !path.starts_with("/api/upload/") {
        return described.build();
    }
    let text = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
    let text = utoipa::openapi::ContentBuilder::new().schema(Some(text)).build();
    described.content("text/plain", text).build()
}

fn cors(origins: &Origins) -> CorsLayer {
    let allowed = match origins {
        // Without credentials: a page of anywhere sends a token only when it has one.
        Origins::Any => AllowOrigin::any(),
        Origins::These(origins) => AllowOrigin::list(
            origins
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok()),
        ),
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            header::RANGE,
        ])
        .expose_headers([
            header::LOCATION,
            header::LINK,
            header::ETAG,
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("x-error-code"),
        ])
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic itself was printed where it happened.
    tracing::error!("a request panicked");
    Problem::new(
        Code::Internal,
        "the reason is in the server's log, under the id of this request",
    )
    .into_response()
}
