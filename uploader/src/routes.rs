//! All routes, and the document that describes them: a handler that is not in the document is not reachable.

mod audit;
mod auth;
mod change;
mod console;
mod cursor;
mod document;
mod files;
mod health;
mod keys;
mod lookup;
mod metrics;
mod pages;
mod packages;
mod publishers;
mod quota;
mod retention;
mod stats;
mod suites;
mod tokens;
mod upload;
mod uploads;
mod users;
mod webhooks;
pub(crate) mod wire;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::app::App;
use crate::operations::{self, Operations};
use crate::problem::{Code, Problem};
use crate::request;
use crate::sent_digest;
use crate::settings::Origins;

/// Returns the whole server.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (router, mut document) = documented().split_for_parts();
    document::complete(&mut document);
    let operations = Arc::new(Operations::of(&document));
    let document = Arc::new(document);
    let api = router
        .route("/", get(pages::root::root))
        .route("/openapi.json", get(move || pages::docs::openapi(document)))
        .route("/docs", get(pages::docs::to_docs))
        .route("/docs/", get(pages::docs::docs))
        .route("/docs/page.css", get(pages::docs::style))
        .route("/docs/{file}", get(pages::docs::asset))
        .fallback(files::serve)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::middleware::from_fn_with_state(
            (app.clone(), operations),
            operations::refuse_early,
        ))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors(&app.settings.origins));
    // Its pages are for its own origin alone.
    let console = console::router()
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked));
    api.merge(console)
        .layer(axum::middleware::from_fn(uploads::tus::describe))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            request::observe,
        ))
        .with_state(app)
}

async fn wrong_method() -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        "the route does not support this method: `/openapi.json` lists its methods",
    )
}

/// Returns the routes that the API document describes.
fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(document::ApiDocument::openapi())
        .routes(routes!(auth::register::register))
        .routes(routes!(auth::login::login))
        .routes(routes!(auth::logout::logout))
        .routes(routes!(auth::me::me))
        .routes(routes!(auth::password::change))
        .routes(routes!(auth::sessions::list, auth::sessions::end_all))
        .routes(routes!(auth::sessions::end))
        .routes(routes!(auth::check::check))
        .routes(routes!(auth::oidc::exchange))
        .routes(routes!(publishers::list::list, publishers::create::create))
        .routes(routes!(publishers::delete::delete))
        .routes(routes!(tokens::create::create, tokens::list::list))
        .routes(routes!(tokens::delete::delete))
        .routes(routes!(tokens::rotate::rotate))
        .routes(routes!(users::list::list, users::create::create))
        .routes(routes!(
            users::show::show,
            users::edit::change,
            users::delete::delete
        ))
        .routes(routes!(users::identities::list, users::identities::link))
        .routes(routes!(users::identities::unlink))
        .routes(routes!(users::packages::packages))
        .routes(routes!(users::quota::show, users::quota::set))
        .routes(routes!(users::tokens::tokens))
        .routes(routes!(users::delete_token::delete_token))
        .merge(of_packages())
        .merge(of_suites())
        .merge(of_webhooks())
        .routes(routes!(stats::stats))
        .routes(routes!(stats::downloads::downloads))
        .routes(routes!(stats::daily::daily))
        .routes(routes!(audit::audit))
        .routes(routes!(audit::export::export))
        .routes(routes!(audit::verification::verify))
        .routes(routes!(keys::list))
        .routes(routes!(retention::preview))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(pages::problem::problem))
}

/// Returns those of packages.
fn of_packages() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(packages::list::list, packages::upload::post).layer(DefaultBodyLimit::disable()))
        .routes(routes!(packages::search::search))
        .routes(routes!(packages::deletions::delete))
        .routes(routes!(
            packages::show::show,
            packages::edit::change,
            packages::delete::delete
        ))
        .routes(routes!(packages::download::download))
        .routes(routes!(packages::publishing::publishing))
        .routes(routes!(packages::provenance::provenance))
        .routes(routes!(packages::yank::yank))
        .routes(routes!(upload::put::put))
        .routes(routes!(uploads::list::list, uploads::begin::begin))
        .routes(
            routes!(
                uploads::show::show,
                uploads::append::append,
                uploads::cancel::cancel
            )
            .layer(DefaultBodyLimit::disable()),
        )
        .routes(routes!(upload::queue::put::put))
}

/// Returns those of suites.
fn of_suites() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(suites::list::list))
        .routes(routes!(suites::publishing::publishing))
        .routes(routes!(suites::publications::list))
        .routes(routes!(suites::quota::show, suites::quota::set))
        .routes(routes!(suites::vulnerabilities::list))
        .routes(routes!(
            suites::snapshots::list::list,
            suites::snapshots::create::create
        ))
        .routes(routes!(suites::snapshots::delete::delete))
        .routes(routes!(suites::differences::compare))
        .routes(routes!(suites::rollback::rollback))
        .routes(routes!(suites::promotions::promote))
        .routes(routes!(suites::yanked::list))
        .routes(routes!(suites::yanked::restore))
}

/// Returns those of webhooks.
fn of_webhooks() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::list::list, webhooks::create::create))
        .routes(routes!(
            webhooks::show::show,
            webhooks::edit::change,
            webhooks::delete::delete
        ))
        .routes(routes!(webhooks::rotation::rotate))
        .routes(routes!(webhooks::ping::ping))
        .routes(routes!(webhooks::deliveries::list))
        .routes(routes!(webhooks::deliveries::show))
        .routes(routes!(webhooks::redelivery::redeliver))
}

fn cors(origins: &Origins) -> CorsLayer {
    let allowed =
        match origins {
            // Without credentials: a page of anywhere sends a token only when it has one.
            Origins::Any => AllowOrigin::any(),
            Origins::These(origins) => AllowOrigin::list(origins.iter().map(|origin| {
                HeaderValue::from_str(origin).expect("the settings take printable ASCII only")
            })),
        };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers(
            [
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_MATCH,
                header::IF_NONE_MATCH,
                header::IF_RANGE,
                header::RANGE,
                HeaderName::from_static("prefer"),
                HeaderName::from_static("tus-resumable"),
                HeaderName::from_static("upload-length"),
                HeaderName::from_static("upload-metadata"),
                HeaderName::from_static("upload-offset"),
            ]
            .into_iter()
            .chain(sent_digest::header_names())
            .collect::<Vec<_>>(),
        )
        .expose_headers([
            header::LOCATION,
            header::LINK,
            header::ETAG,
            header::CONTENT_LOCATION,
            header::CONTENT_RANGE,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("repr-digest"),
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("x-error-code"),
            HeaderName::from_static("tus-resumable"),
            HeaderName::from_static("upload-expires"),
            HeaderName::from_static("upload-length"),
            HeaderName::from_static("upload-offset"),
        ])
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic itself was printed where it happened.
    tracing::error!("a request panicked");
    Problem::failed().into_response()
}
