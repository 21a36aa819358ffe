//! The API document: what holds for every operation, added to what each route says of itself.

use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Schema};

use super::{audit, auth, keys, packages, stats, suites, tokens, webhooks, wire};
use crate::problem::{Code, ProblemBody};
use debian_archive::package_view::PackageView;
use debian_archive::snapshots::StateView;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Debian archive",
        description = "Uploads packages into a Debian archive, manages accounts and tokens, and reads what the archive holds.\n\nEvery failure is a \
            problem document (RFC 9457) whose `code` is stable. A query parameter or body field that an operation does not know is refused with 400."
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "auth", description = "Signing in and out, and trusted publishing from CI jobs."),
        (name = "tokens", description = "API tokens for programs, limited to scopes."),
        (name = "packages", description = "Uploading, finding, changing, removing and downloading packages."),
        (name = "users", description = "Accounts and their roles."),
        (name = "suites", description = "Suites, statistics and the audit log."),
        (name = "webhooks", description = "Receivers of events, and what was sent to them."),
        (name = "operating", description = "Health, metrics and explanations of problems.")
    ),
    components(schemas(
        Code, PackageView, ProblemBody, audit::AuditView, stats::daily::DayView, auth::sessions::SessionView, keys::KeyView, packages::provenance::ProvenanceView, packages::publishing::PackagePublishing, StateView,
        suites::list::SuiteSummary, suites::publications::PublicationView, suites::yanked::YankedView, super::upload::params::Wait, tokens::view::TokenView, webhooks::view::DeliveryView, webhooks::view::WebhookView, wire::UserView
    ))
)]
pub(super) struct ApiDocument;

/// Adds what holds for every operation: how to sign in, and how it can fail.
pub(super) fn complete(document: &mut OpenApi) {
    if let Some(components) = &mut document.components {
        for (name, scheme) in [
            ("bearer", HttpAuthScheme::Bearer),
            ("basic", HttpAuthScheme::Basic),
        ] {
            let scheme = SecurityScheme::Http(Http::new(scheme));
            components
                .security_schemes
                .insert(name.to_owned(), RefOr::T(scheme));
        }
        components.schemas.values_mut().for_each(mark_times);
        let names: Vec<String> = components.schemas.keys().cloned().collect();
        for (name, schema) in &mut components.schemas {
            let item = name.strip_prefix("Page_").map(str::to_owned);
            if let (Some(item), RefOr::T(Schema::Object(page))) =
                (item.filter(|item| names.contains(item)), schema)
            {
                refer_to_items(page, &item);
            }
        }
    }
    for (path, item) in &mut document.paths.paths {
        let operations = [
            (HttpMethod::Get, &mut item.get),
            (HttpMethod::Put, &mut item.put),
            (HttpMethod::Post, &mut item.post),
            (HttpMethod::Patch, &mut item.patch),
            (HttpMethod::Delete, &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                // Without it, a generated client cannot tell an open operation from one that says nothing.
                operation.security.get_or_insert_default();
                add_failures(path, &method, operation);
            }
        }
    }
}

/// Says of the members that are times by their names that they are.
fn mark_times(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else {
        return;
    };
    let is_time = |name: &str| name == "at" || name.ends_with("_at") || name.ends_with("_until");
    let times = object.properties.iter_mut().filter(|(name, _)| is_time(name));
    for (_, member) in times {
        if let RefOr::T(Schema::Object(member)) = member {
            member.format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
        }
    }
}

/// Has a page name the schema of its items instead of repeating it.
fn refer_to_items(page: &mut utoipa::openapi::Object, item: &str) {
    if let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items") {
        items.items =
            utoipa::openapi::schema::ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
    }
}

/// Adds the statuses that an operation can fail with, each with the problems that have it.
fn add_failures(path: &str, method: &HttpMethod, operation: &mut Operation) {
    for status in statuses(path, method, operation) {
        let codes: Vec<&str> = Code::ALL
            .iter()
            .filter(|code| code.status().as_u16() == status)
            .map(|code| code.text())
            .collect();
        let described = problem(path, &codes);
        // A route that describes a status by itself, as /readyz does with 503, means its own body.
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_string())
            .or_insert_with(|| described.into());
    }
}

fn statuses(path: &str, method: &HttpMethod, operation: &Operation) -> Vec<u16> {
    // Any operation can be refused as malformed, as too much, or because the server is stopping.
    let mut statuses = vec![400, 408, 414, 429, 500, 503];
    let is_api = path.starts_with("/api/");
    let is_open = operation.security.as_ref().is_some_and(Vec::is_empty);
    if is_api && (!is_open || path.starts_with("/api/auth/")) {
        statuses.extend([401, 403]);
    }
    if path.contains('{') || operation.parameters.is_some() || operation.request_body.is_some() {
        statuses.push(404);
    }
    if *method != HttpMethod::Get {
        statuses.extend([409, 412, 422, 507]);
    }
    if operation.request_body.is_some() {
        statuses.extend([413, 415]);
    }
    if path.ends_with("/download") {
        statuses.extend([412, 416]);
    }
    if path.starts_with("/api/uploads") {
        // `Tus-Resumable` names another version; the announced length is too large, or a part has not the digest that it should have.
        statuses.push(412);
        if matches!(method, HttpMethod::Post | HttpMethod::Patch) {
            statuses.extend([413, 460]);
        }
    }
    statuses
}

/// Describes a failure; where programs put files, it is text unless JSON is asked for.
fn problem(path: &str, codes: &[&str]) -> Response {
    let description = match codes {
        [] => String::from("A problem"),
        codes => format!("A problem: `{}`", codes.join("`, `")),
    };
    let described = ResponseBuilder::new().description(description).content(
        "application/problem+json",
        ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build(),
    );
    if !path.starts_with("/api/upload/") {
        return described.build();
    }
    let text = ObjectBuilder::new().schema_type(Type::String);
    let text = ContentBuilder::new().schema(Some(text)).build();
    described.content("text/plain", text).build()
}
